"""Launch of a trivial run, and items through a Map that does nothing, in new processes as users start them.

    python bench/workflow.py [--repeats 5] [--items 1000] [--full]

The trivial run is a filter of 20 movies, by the installed runtime: started from Python, and by `cryoloom run`. The
items are movies with all their columns; the Map is a protocol like any other, driven by the real driver on the local
lane.
*Warm pool*: its driver runs and its workers have done 20 items when the others are committed to its input, at once.
Processor time is of the driver, its supervisor and its workers, for all items.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import reporting
from stand_ins import EnvironmentOfStandIns

from cryoloom.data import Movie, OpticsGroup, SetWriter, StoredSet
from cryoloom.runtime import Project
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.project import Output, Run

FEW = 20
PATIENCE = 120.0


def movies(first: int, count: int) -> list[Movie]:
    optics = OpticsGroup.describe(
        name="bench", voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1, detector_pixel_size=0.83
    )
    return [
        Movie(
            id=number,
            file=f"/raw/FoilHole_{number:06d}.tif",
            frame_count=50,
            width=5760,
            height=4092,
            pixel_size=0.83,
            dose_per_frame=1.0,
            gain_file="/raw/gain.mrc",
            gain_orientation="as-is",
            size_bytes=900_000_000,
            modified_ns=1_700_000_000_000_000_000 + number,
            acquired_at="2026-01-01T00:00:00",
        ).with_optics(optics)
        for number in range(first, first + count)
    ]


def imported(project: Project, items: list[Movie], *, close: bool) -> tuple[Run, SetWriter]:
    """A run whose output holds these movies, as an import leaves them; and the writer of the set."""
    run = project.add("import-movies", folder=project.path, voltage=300.0)
    writer = SetWriter.open(run.folder.outputs / "movies", "movies")
    writer.commit(items, close=close)
    return run, writer


def until(output: Output, count: int) -> None:
    """Wait until any reader sees so many items."""
    deadline = time.monotonic() + PATIENCE
    stored: StoredSet[Movie] = StoredSet(output.run.folder.outputs / output.name)
    while (snapshot := stored.latest()) is None or snapshot.count < count:
        assert time.monotonic() < deadline, f"{output} does not come to {count} items"
        time.sleep(0.01)


def processor_seconds(run: Run) -> float:
    """Of the driver of a run and of everything that it has started and that lives."""
    attempt = run.folder.newest_attempt()
    assert attempt is not None
    driver = psutil.Process(attempt.request().process_id)
    times = [process.cpu_times() for process in [driver, *driver.children(recursive=True)]]
    return sum(each.user + each.system for each in times)


def measure(items: int, folder: Path) -> dict[str, float]:
    project = Project(ProjectFolder.create(folder / "project"), EnvironmentOfStandIns())
    few, _ = imported(project, movies(1, FEW), close=True)
    found = {}

    trivial = [project.add("filter", items=few.outputs["movies"], condition="frame_count > 1") for _ in range(2)]
    began = time.monotonic()
    trivial[0].start().wait(PATIENCE)
    found["trivial"] = time.monotonic() - began
    command = [sys.executable, "-m", "cryoloom.cli.main", "run", str(project.path), str(trivial[1].number)]
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    found["shell"] = time.monotonic() - began
    assert [len(run.outputs["kept"]) for run in trivial] == [FEW, FEW]

    growing, writer = imported(project, movies(1, FEW), close=False)
    mapped = project.add("no-op", movies=growing.outputs["movies"]).start()
    output = mapped.outputs["movies"]
    until(output, FEW)
    before = processor_seconds(mapped)
    many = movies(FEW + 1, items)
    began = time.monotonic()
    writer.commit(many)
    until(output, FEW + items)
    found["warm"] = time.monotonic() - began
    found["processor"] = processor_seconds(mapped) - before
    writer.commit(close=True)
    mapped.wait(PATIENCE)

    source, _ = imported(project, movies(1, items), close=True)
    cold = project.add("no-op", movies=source.outputs["movies"])
    began = time.monotonic()
    cold.start().wait(PATIENCE)
    found["cold"] = time.monotonic() - began
    assert len(cold.outputs["movies"]) == items
    return found


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--repeats", type=int, help="by default 5, or 11 with --full")
    parser.add_argument("--items", type=int, default=1000)
    options = parser.parse_args()
    runs = []
    for _ in range(options.repeats or (11 if options.full else 5)):
        with tempfile.TemporaryDirectory(prefix="cryoloom-workflow-") as folder:
            runs.append(measure(options.items, Path(folder)))
    print(
        reporting.table(
            ("what", "median", "slowest"),
            [
                (label, *(f"{pick(run[name] for run in runs):.2f} s" for pick in (statistics.median, max)))
                for label, name in (
                    ("trivial run (a filter), new process, launch to finished (Scipion 3: 1.24 s)", "trivial"),
                    ("the same by `cryoloom run`, start of the shell command included", "shell"),
                    (f"{options.items} no-op items through a Map in a warm pool, all committed", "warm"),
                    ("… processor time", "processor"),
                    (f"{options.items} no-op items, new process and pool, launch to finished", "cold"),
                )
            ],
        )
    )
    print(
        reporting.promises(
            reporting.promise(f"{label}, {pick.__name__}", pick(run[name] for run in runs), ".2f s", most=most)
            for label, name, most in (("trivial run, new process", "trivial", 0.6), ("1000 no-op items", "warm", 2.0))
            for pick in (statistics.median, max)
        )
    )


if __name__ == "__main__":
    main()
