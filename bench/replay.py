"""A long session replayed: how much memory its drivers occupy while thousands of movies stream through.

    python bench/replay.py [--full] [--movies 2000] [--seconds 0.05] [--picks 50]

Small real movies appear one by one in a folder and are imported; then motion, CTF, picking and extraction have the real
ports and rows, one to one, one to many and many to one, but their tasks wait instead of computing. Every driver is a
process of its own, and its resident memory is read while it works. ``--full`` takes eight times as long for each movie,
with 300 particles in each.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import reporting
from stand_ins import PICKS, SECONDS, EnvironmentOfStandIns

from cryoloom.formats import write_stack
from cryoloom.runtime import Project
from cryoloom.workflow.layout import ProjectFolder
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
    """Read the memory of every driver until all have ended."""
    memories = [Memory.of(run) for run in runs]
    working = list(memories)
    while working:
        working = [memory for memory in working if memory.sample()]
        time.sleep(0.5)
    for run in runs:
        run.wait(10)
        assert not run.failed_items()
    return memories


def replay(folder: Path, movies: int, seconds: float, picks: int) -> list[Memory]:
    """Import so many movies as they appear, and put them through every stage."""
    os.environ[SECONDS], os.environ[PICKS] = str(seconds), str(picks)
    raw = folder / "movies"
    raw.mkdir()
    project = Project(ProjectFolder.create(folder / "project"), EnvironmentOfStandIns())
    source = project.add(
        "import-movies", folder=raw, voltage=300, pixel_size=0.85, dose_per_frame=1.0, expect_more=True
    )
    motion = project.add("motion", movies=source.outputs["movies"])
    micrographs = motion.outputs["micrographs"]
    ctf = project.add("ctf", micrographs=micrographs)
    pick = project.add("pick", micrographs=micrographs, diameter=150.0)
    extract = project.add(
        "extract",
        micrographs=micrographs,
        coordinates=pick.outputs["coordinates"],
        ctfs=ctf.outputs["ctfs"],
        diameter=150.0,
    )
    runs = [source, motion, ctf, pick, extract]
    for run in runs:
        run.start()

    def write() -> None:
        for number in range(movies):
            frames = np.full((2, 16, 16), number, np.float32)  # of copies only the first would be imported
            write_stack(raw / f"movie_{number:05d}.mrcs", frames, pixel_size=0.85)
            time.sleep(0.4 * seconds)
        while source.standing.progress.done < movies:
            time.sleep(0.1)
        source.close()

    writer = threading.Thread(target=write)
    writer.start()
    memories = watch(runs)
    writer.join()
    assert len(extract.outputs["particles"]) == movies * picks
    return memories


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--movies", type=int, default=2000)
    parser.add_argument("--seconds", type=float, help="that a movie takes in all stages; by default 0.05, or 0.4")
    parser.add_argument("--picks", type=int, help="particles in a movie; by default 50, or 300 with --full")
    options = parser.parse_args()
    seconds = options.seconds or (0.4 if options.full else 0.05)
    picks = options.picks or (300 if options.full else 50)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cryoloom-replay-") as folder:
        memories = replay(Path(folder), options.movies, seconds, picks)
    quarters = [options.movies * quarter // 4 for quarter in (1, 2, 3, 4)]
    print(
        f"{options.movies} movies of {picks} particles, {seconds:g} s of waiting tasks each, "
        f"{time.monotonic() - began:.0f} s in all.\n"
    )
    headings = ("resident memory of the driver, MiB", *(f"{done} movies" for done in quarters), "peak")
    rows = [
        (
            memory.run.record.protocol,
            *(f"{memory.at(done):.0f}" for done in quarters),
            f"{memory.peak:.0f}",
        )
        for memory in memories
    ]
    print(reporting.table(headings, rows))
    slopes = [2 * (memory.at(quarters[3]) - memory.at(quarters[1])) / options.movies for memory in memories]
    reach = min(
        options.movies + (WANTED - memory.at(quarters[3])) / slope
        for memory, slope in zip(memories, slopes, strict=True)
        if slope > 0
    )
    print(
        "Drivers keep the ids of what they have done: in the second half they grew by\n"
        f"{1000 * max(slopes):.0f} MiB per thousand movies at most, by which {WANTED} MiB would be reached after\n"
        f"{reach:.0f} movies.\n"
    )
    print(
        reporting.promises(
            [reporting.promise("peak of any driver", max(one.peak for one in memories), ".0f MiB", most=WANTED)]
        )
    )


if __name__ == "__main__":
    sys.exit(main())
