"""What the benchmarks share: their options, their tables, and what they say of what could not be measured."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

DATA_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


def options(script_doc: str) -> argparse.ArgumentParser:
    """The parser of a benchmark: its docstring as help, and ``--full``, which every benchmark understands."""
    parser = argparse.ArgumentParser(description=script_doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="at the size that is promised; takes longer")
    return parser


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table, with an empty line after it."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines) + "\n"


def real_data(file: str) -> Path | None:
    """A file of the real data, or None where it is not.

    Looked for in the folder that CRYOLOOM_TEST_DATA names, else in ``../shared/data`` beside the checkout.
    """
    named = os.environ.get("CRYOLOOM_TEST_DATA")
    path = (Path(named) if named else DATA_BESIDE) / file
    if named and not path.exists():
        raise SystemExit(f"CRYOLOOM_TEST_DATA names {named}, but there is no {file} in it.")
    return path if path.exists() else None


def not_measured(what: str, why: str) -> str:
    """The line that stands where a figure is missing."""
    return f"**Not measured: {what}** ({why}).\n"


def has_program(name: str) -> bool:
    """Whether a peer's program is on the PATH."""
    return shutil.which(name) is not None
