"""Launch of a trivial run, and items through a Map that does nothing, in new processes as users start them.

python bench/workflow.py [--repeats 5] [--items 1000]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from cryoloom.testing.workflow import SmallProject
from cryoloom.workflow.project import Run


def timed(run: Run) -> float:
    """Seconds from asking for the run to seeing it finished, driver process included."""
    began = time.monotonic()
    run.start().wait(120)
    return time.monotonic() - began


def measure(items: int) -> tuple[float, float, float]:
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "raw")
        raw.mkdir()
        for number in range(items):
            (raw / f"number_{number:05d}.txt").write_text(str(number), encoding="utf-8")
        project = SmallProject.create(Path(folder, "project"))
        source = project.add("test-numbers", folder=str(raw), expected=items)
        source_seconds = timed(source)
        kept = project.add("test-keep", numbers="1.numbers")
        trivial = timed(kept)
        squares = project.add("test-square", numbers="1.numbers", write=False)
        mapped = timed(squares)
        assert len(squares.outputs["squares"]) == items
    return source_seconds, trivial, mapped


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    runs = [measure(options.items) for _ in range(options.repeats)]
    print("| what | median | slowest | wanted |")
    print("|---|---|---|---|")
    rows = [
        (f"source of {options.items} items, new process, launch to finished", 0, ""),
        ("trivial run (a filter), new process, launch to finished", 1, "0.6 s (Scipion 3: 1.24 s)"),
        (f"{options.items} no-op items through a Map, new process and pool, all committed", 2, "2 s in a warm pool"),
    ]
    for label, column, wanted in rows:
        values = [run[column] for run in runs]
        print(f"| {label} | {statistics.median(values):.2f} s | {max(values):.2f} s | {wanted} |")


if __name__ == "__main__":
    main()
