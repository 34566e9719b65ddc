"""Reading workflow files, which may come from anywhere."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any, NoReturn

from cryoloom.errors import FormatError, InputError, NotFoundError
from cryoloom.workflow.templates._document import WorkflowDocument

MOST_BYTES = 4 * 2**20
_DEEPEST = 32


def read_workflow(path: Path) -> WorkflowDocument:
    """Read and check a workflow file of at most 4 MiB.

    Raises
    ------
    NotFoundError
        If there is no such file.
    FormatError
        If it is no workflow file.
    InputError
        If it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NotFoundError(f"There is no file {path}.", path=path) from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", path=path) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FormatError(f"{path} is no file.", path=path)
    with os.fdopen(descriptor, "rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    try:
        return parse_workflow(content)
    except FormatError as error:
        raise FormatError(f"{path.name}: {error}", path=path) from error


def parse_workflow(content: bytes | str) -> WorkflowDocument:
    """Check the text of a workflow file.

    Raises
    ------
    FormatError
        If it is too long, too deep, no JSON, names something twice, or is no workflow.
    """
    if len(content) > MOST_BYTES:
        raise FormatError(f"A workflow file has at most {MOST_BYTES} bytes; this one is longer.")
    try:
        document = json.loads(content, object_pairs_hook=_without_repetition, parse_constant=_refuse_constant)
    except FormatError:
        raise
    except (ValueError, RecursionError) as error:
        raise FormatError(f"This is not valid JSON: {error}.") from error
    _check_depth(document)
    return WorkflowDocument.of(document)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise FormatError(f"The name {twice!r} stands twice in the same place.")
    return found


def _refuse_constant(text: str) -> NoReturn:
    raise FormatError(f"{text} is no number that JSON knows.")


def _check_depth(document: Any) -> None:
    level = [document]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _parts(outer)]
        if not level:
            return
    raise FormatError(f"The workflow is nested more than {_DEEPEST} deep.")


def _parts(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
