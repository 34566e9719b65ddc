"""How commands answer: one JSON document for machines, or text for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

_given: list[object] = []


def begin() -> None:
    """Begin a command, which has not answered yet."""
    _given.clear()


def emit(document: object, *, as_json: bool, text: str) -> None:
    """Print the answer of a command on standard output.

    Parameters
    ----------
    document : the whole answer, of dictionaries, lists, strings, numbers, paths and NumPy scalars and arrays
    as_json : print ``document`` as one JSON document, not ``text``
    text : the same for people
    """
    if as_json:
        _given.append(document)
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False, default=_plain) + "\n")
    elif text:
        sys.stdout.write(text.rstrip("\n") + "\n")


def emit_error(sentence: str, *, as_json: bool, listing: str = "", figures: Mapping[str, object] | None = None) -> None:
    """Say on standard error why a command failed, and as the one JSON document if it has not answered yet.

    Parameters
    ----------
    sentence : what went wrong, where, and how to mend it
    as_json : the command was asked for a JSON document
    listing : lines that go below the sentence
    figures : what goes beside it in the document
    """
    if as_json and not _given:
        emit({"error": sentence, **(figures or {})}, as_json=True, text="")
    sys.stderr.write(f"cryoloom: {sentence}\n" + (f"{listing}\n" if listing else ""))


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "tolist"):  # NumPy scalars and arrays
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form")
