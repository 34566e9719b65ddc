"""Files that appear whole or not at all, and survive a power cut once they have appeared."""

from __future__ import annotations

import errno
import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from cryoloom.errors import FormatError, ParameterError

SIGNATURE = "Written by cryoloom"
"""Stands at the beginning of files that may be replaced by a later run of the tool that made them."""


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refuse_inputs(targets: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Refuse to write over what is read, under whatever name: links are followed.

    Parameters
    ----------
    targets : what is to be written
    inputs : what is read

    Raises
    ------
    ParameterError
        If a target is one of the inputs.
    """
    read = list(inputs)
    for target in targets:
        for source in read:
            if _same_file(target, source):
                other = "" if target == source else f", which is the same file as {target},"
                raise ParameterError(
                    f"{source}{other} is read here and would be written over; give the result another name.",
                    path=target,
                )


def _same_file(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        return one.samefile(other)
    return one.resolve() == other.resolve()


class AtomicFile:
    """A file under construction, which takes its name only when it is complete and on the disk.

    The bytes go to a temporary file in the same folder; `commit` flushes it to the disk and renames it over `path`.
    Leaving the ``with`` block commits; an exception inside it removes the temporary file and leaves `path` as it was.

    Parameters
    ----------
    path : the name the file takes in the end
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.temporary = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}.tmp")
        descriptor = os.open(self.temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        self.file: BinaryIO = os.fdopen(descriptor, "w+b")

    def commit(self) -> None:
        """Flush to the disk and take the final name."""
        try:
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()
            self.temporary.replace(self.path)
        except BaseException:
            self.abort()
            raise
        sync_folder(self.path.parent)

    def abort(self) -> None:
        """Remove what has been written so far; doing so twice is harmless."""
        self.file.close()
        self.temporary.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.commit()
        else:
            self.abort()


def replace_json(path: Path, document: object, *, sync: bool = True) -> None:
    """Write a JSON document in place of what was there.

    Parameters
    ----------
    path : the file
    document : of dictionaries, lists, strings, numbers, booleans and None
    sync : wait until it is on the disk; a heartbeat need not
    """
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    if sync:
        with AtomicFile(path) as target:
            target.file.write(text.encode())
    else:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)


def create_json(path: Path, document: object) -> None:
    """Write a JSON document that must not exist yet; of several who try at once, one succeeds.

    Raises
    ------
    FileExistsError
        If the file is there already.
    """
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    create_exclusively(path, text.encode())


def create_exclusively(path: Path, content: bytes) -> None:
    """Write a file that must not exist yet, complete from its first appearance.

    A complete temporary file is linked to the name, which the file system refuses if the name is taken. Where it has no
    hard links, the right to the name is won by making a folder beside it, and the temporary file is renamed.

    Raises
    ------
    FileExistsError
        If the file is there already.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        try:
            os.link(temporary, path)
        except OSError as error:
            if error.errno not in {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}:
                raise
            path.with_name(f".{path.name}.claim").mkdir()
            temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FormatError
        If it is not a JSON object.
    """
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise FormatError(f"{path} is not valid JSON ({error}); restore it from a copy.", path=path) from error
    if not isinstance(document, dict):
        raise FormatError(f"{path} holds no JSON object; restore it from a copy.", path=path)
    return document
