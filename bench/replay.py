"""A long session replayed: how much memory its drivers occupy while thousands of items stream through.

    python bench/replay.py [--items 2000] [--seconds 0.02] [--full]

Items appear one by one in a folder and go through a source and two Map steps whose tasks only wait; another source
imports as many small real movies. Every driver is a process of its own, and its resident memory is read while it works.
``--full`` makes the tasks ten times as long.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from cryoloom.formats import write_stack
from cryoloom.runtime import Project
from cryoloom.testing.workflow import SmallProject
from cryoloom.workflow.project import Run

MIB = 2**20
WANTED = 300


@dataclass
class Memory:
    """Resident memory of a driver, by how many items it had done."""

    run: Run
    process: psutil.Process
    samples: list[tuple[int, int]] = field(default_factory=list)

    @classmethod
    def of(cls, run: Run) -> Memory:
        attempt = run.folder.newest_attempt()
        assert attempt is not None
        return cls(run, psutil.Process(attempt.request().process_id))

    def sample(self) -> bool:
        """Read it; false once the driver has gone."""
        try:
            resident = self.process.memory_info().rss
        except psutil.NoSuchProcess:
            return False
        if resident:
            self.samples.append((self.run.standing.progress.done, resident))
        return bool(resident)

    def at(self, done: float) -> float:
        """MiB when so many items were done."""
        return next((resident for count, resident in self.samples if count >= done), self.samples[-1][1]) / MIB

    @property
    def peak(self) -> float:
        """MiB."""
        return max(resident for _, resident in self.samples) / MIB


def watch(runs: Sequence[Run]) -> list[Memory]:
    memories = [Memory.of(run) for run in runs]
    working = list(memories)
    while working:
        working = [memory for memory in working if memory.sample()]
        time.sleep(0.2)
    for run in runs:
        run.wait(10)
        assert not run.failed_items()
    return memories


def replay(folder: Path, items: int, seconds: float) -> list[Memory]:
    raw = folder / "numbers"
    raw.mkdir()
    project = SmallProject.create(folder / "project")
    source = project.add("test-numbers", folder=str(raw), expected=items)
    first = project.add("test-square", numbers="1.numbers", seconds=seconds)
    second = project.add("test-square", numbers="2.squares", seconds=seconds)
    runs = [source.start(), first.start(), second.start()]

    def write() -> None:
        for number in range(items):
            (raw / f"number_{number:05d}.txt").write_text(str(number), encoding="utf-8")
            time.sleep(0.8 * seconds)

    writer = threading.Thread(target=write)
    writer.start()
    memories = watch(runs)
    writer.join()
    assert len(second.outputs["squares"]) == items
    return memories


def import_movies(folder: Path, items: int) -> list[Memory]:
    raw = folder / "movies"
    raw.mkdir()
    frames = np.ones((2, 16, 16), np.float32)
    project = Project.create(folder / "imported")
    run = project.add("import-movies", folder=raw, voltage=300, pixel_size=1.0, expect_more=True).start()

    def write() -> None:
        for number in range(items):
            write_stack(raw / f"movie_{number:05d}.mrcs", frames, pixel_size=1.0)
        while run.standing.progress.done < items:
            time.sleep(0.1)
        run.close()

    writer = threading.Thread(target=write)
    writer.start()
    memories = watch([run])
    writer.join()
    assert len(run.outputs["movies"]) == items
    return memories


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=0.02, help="that each task waits")
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    seconds = 10 * options.seconds if options.full else options.seconds
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cryoloom-replay-") as folder:
        memories = replay(Path(folder), options.items, seconds) + import_movies(Path(folder), options.items)
    quarters = [options.items * quarter // 4 for quarter in (1, 2, 3, 4)]
    print(f"{options.items} items, tasks of {seconds:g} s, {time.monotonic() - began:.0f} s in all.\n")
    print(
        f"| resident memory of the driver, MiB | {' | '.join(f'{done} items' for done in quarters)} | peak | wanted |"
    )
    print("|---|---|---|---|---|---|---|")
    names = ["source of numbers", "first Map", "second Map", "import of movies"]
    for name, memory in zip(names, memories, strict=True):
        values = " | ".join(f"{memory.at(done):.0f}" for done in quarters)
        print(f"| {name} | {values} | {memory.peak:.0f} | flat, {WANTED} |")


if __name__ == "__main__":
    main()
