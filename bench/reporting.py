"""What the benchmarks share: their options and seeds, their tables, and what was promised beside what was measured."""

from __future__ import annotations

import argparse
import os
import platform
import random
import re
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

DATA_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


def options(script_doc: str) -> argparse.ArgumentParser:
    """The parser of a benchmark: its docstring as help, and ``--full``, which every benchmark understands."""
    parser = argparse.ArgumentParser(description=script_doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="at the size that is promised; takes longer")
    return parser


def seed_option(parser: argparse.ArgumentParser, count: int = 3) -> None:
    """Add ``--seeds``: drawn anew in each run, so that nothing can have been tuned on them, and told in the results."""
    drawn = sorted(random.SystemRandom().sample(range(10_000, 1_000_000), count))
    parser.add_argument("--seeds", type=int, nargs="+", default=drawn, help="by default drawn anew in each run")


def seeds_line(seeds: Sequence[int]) -> str:
    """The sentence by which a run can be repeated."""
    return f"Seeds: {', '.join(map(str, seeds))}.\n"


MISSED = "**no**"


@dataclass(frozen=True)
class Promise:
    """What was promised, and whether the worst seed keeps it.

    Parameters
    ----------
    what : in the words of the table
    measured, wanted : as they are printed
    kept : whether what was measured is what was wanted
    """

    what: str
    measured: str
    wanted: str
    kept: bool


def promise(what: str, value: float, form: str, *, least: float | None = None, most: float | None = None) -> Promise:
    """A figure that shall lie within limits.

    Parameters
    ----------
    what : in the words of the table
    value : of the worst seed
    form : format specification of the figures, with their unit behind it: ``.2f px``
    least, most : the limits
    """
    number, _, unit = form.partition(" ")

    def printed(figure: float) -> str:
        return f"{figure:{number}} {unit}".rstrip()

    low = f"≥ {printed(least)}" if least is not None else ""
    high = f"≤ {printed(most)}" if most is not None else ""
    kept = (least is None or value >= least) and (most is None or value <= most)
    return Promise(what, printed(value), ", ".join(filter(None, (low, high))), bool(kept))


def promises(held: Iterable[Promise]) -> str:
    """The table of what was promised, which `run.py` reads for what was missed."""
    rows = [(one.what, one.measured, one.wanted, "yes" if one.kept else MISSED) for one in held]
    return table(("promised, of the worst seed", "measured", "wanted", "kept"), rows)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table, with an empty line after it."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines) + "\n"


def compiled() -> str:
    """Compile all kernels, and say in a sentence how long that took."""
    from cryoloom.runtime import warm_up

    began = time.perf_counter()
    for _ in warm_up():
        pass
    return f"Kernels were made ready before anything was timed, in {time.perf_counter() - began:.0f} s.\n"


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


def processor() -> str:
    """Name of the processor and number of cores that may be used."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    found = re.search(r"model name\s*:\s*(.+)", text)
    return f"{found[1] if found else platform.processor()}, {len(os.sched_getaffinity(0))} cores"
