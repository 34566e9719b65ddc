"""What sets cost: a million particles written, filtered, united and chosen from; ten thousand commits.

    python bench/sets.py [--rows 1000000] [--commits 10000] [--repeats 3] [--full] [--json]

Every operation runs in a process of its own, so that its peak memory is its own; times are medians of the repeats.
Processor time is of all threads together and depends less than wall time on what else the machine does.
Rows come from disk (the page cache) and results are whole frames in memory; writing includes having the files on the
disk.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import reporting

MEASUREMENTS_PER_PARTICLE = (
    *("x", "y", "defocus_u", "defocus_v", "defocus_angle", "phase_shift", "rot", "tilt", "psi", "shift_x", "shift_y"),
    *("score", "scale", "norm_correction", "rlnLogLikeliContribution", "rlnMaxValueProbDistribution"),
    *("rlnNrOfSignificantSamples", "rlnCtfBfactor", "rlnCtfScalefactor"),
)
PER_MICROGRAPH = 300


class Watch:
    """Wall and processor time of a block, in seconds; the processor time does not depend on what else runs."""

    def __enter__(self) -> Self:
        self.wall, self.processor = -time.perf_counter(), -time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall += time.perf_counter()
        self.processor += time.process_time()


def particles(rows: int, seed: int) -> Any:
    """A frame of particles with 31 columns, 300 a micrograph."""
    import numpy as np
    import polars as pl

    random = np.random.default_rng(seed)
    micrograph = np.arange(rows) // PER_MICROGRAPH
    micrographs = np.arange(rows // PER_MICROGRAPH + 1)
    micrograph_ids = random.integers(1, 2**63, micrographs.size).astype(np.uint64)[micrograph]
    columns: dict[str, Any] = {
        "id": random.integers(1, 2**63, rows).astype(np.uint64),
        "parent_id": micrograph_ids,
        "optics_group": np.full(rows, 7, dtype=np.uint64),
        "micrograph_id": micrograph_ids,
        "file": pl.Series([f"files/FoilHole_{k:06d}.mrcs" for k in micrographs]).gather(micrograph),
        "micrograph_file": pl.Series([f"runs/000003-motion/files/FoilHole_{k:06d}.mrc" for k in micrographs]).gather(
            micrograph
        ),
        "index": np.arange(rows) % PER_MICROGRAPH,
        "pixel_size": np.full(rows, 1.7),
        "box_size": np.full(rows, 128),
        "contrast_sign": np.ones(rows, dtype=np.int64),
        "half_set": random.integers(1, 3, rows),
        "class_number": random.integers(1, 50, rows),
    }
    return pl.DataFrame(columns | {name: random.normal(size=rows) for name in MEASUREMENTS_PER_PARTICLE})


def write(folder: Path, rows: int, seed: int = 0) -> Watch:
    """Write a set in one commit."""
    from cryoloom.data import SetWriter

    frame = particles(rows, seed)
    with Watch() as watch:
        SetWriter.open(folder, "particles").commit(frame)
    return watch


def write_overlapping(folder: Path, rows: int, other: Path) -> None:
    """Write a set half of whose items are in another set as well."""
    import polars as pl

    from cryoloom.data import SetWriter, StoredSet

    shared = StoredSet(other).latest().to_polars().head(rows // 2)
    frame = pl.concat([shared, particles(rows, 1).tail(rows - rows // 2)], how="diagonal")
    SetWriter.open(folder, "particles").commit(frame)


def read(folder: Path) -> Watch:
    """Read everything."""
    from cryoloom.data import StoredSet

    with Watch() as watch:
        StoredSet(folder).latest().to_polars()
    return watch


def filter_rows(folder: Path) -> Watch:
    """Keep a third of the rows, with all columns."""
    from cryoloom.data import StoredSet

    with Watch() as watch:
        kept = StoredSet(folder).latest().to_polars(filter="score > 0.43 and defocus_u < 10")
    assert kept.height > 0
    return watch


def choose_rows(folder: Path) -> Watch:
    """Choose half of the rows by id."""
    from cryoloom.data import StoredSet

    ids = StoredSet(folder).latest().to_polars(["id"])["id"].sample(fraction=0.5, seed=1)
    with Watch() as watch:
        chosen = StoredSet(folder).latest().rows(ids)
    assert chosen.height == ids.len()
    return watch


def unite(folder: Path, other: Path, target: Path | None = None) -> Watch:
    """Unite two sets, keeping the first's of equal ids, and write the result if there is a target."""
    from cryoloom.data import SetWriter, StoredSet, union

    with Watch() as watch:
        first, second = StoredSet(folder).latest(), StoredSet(other).latest()
        together = union(first.table(), second.table())
        if target is not None:
            SetWriter.open(target / str(time.time_ns()), "particles").commit(together)
    assert first.count < len(together) < first.count + second.count
    return watch


def commit_many_times(folder: Path, rows: int, commits: int) -> dict[str, float]:
    """Write a set in many commits while two readers follow it."""
    from cryoloom.data import SetWriter, StoredSet

    frame = particles(rows, 0)
    size = rows // commits
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    readers = [context.Process(target=follow, args=(folder, answers)) for _ in range(2)]
    for reader in readers:
        reader.start()
    writer = SetWriter.open(folder, "particles")
    times, most_parts, before = [], 0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for turn in range(commits):
        piece = frame[turn * size : (turn + 1) * size]
        began = time.perf_counter()
        writer.commit(piece)
        times.append(time.perf_counter() - began)
        if turn % 50 == 0 or turn > commits - 100:
            most_parts = max(most_parts, len(StoredSet(folder).latest().files))
    writer.commit(close=True)
    seen_once = [answers.get() for _ in readers]
    for reader in readers:
        reader.join()
    began = time.perf_counter()
    for _ in range(100):
        StoredSet(folder).newest_generation()
    polling = (time.perf_counter() - began) / 100
    return {
        "all commits": sum(times),
        "first 100 commits": sum(times[:100]),
        "last 100 commits": sum(times[-100:]),
        "median commit": statistics.median(times),
        "longest commit": max(times),
        "most live parts": most_parts,
        "readers (of 2) that saw each id exactly once": sum(seen_once),
        "newest generation among all those manifests": polling,
        "growth of the writer's peak memory": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e3,
    }


def follow(folder: Path, answers: Any) -> None:
    """Read what changes until the set is closed; answer whether each id came exactly once."""
    from cryoloom.data import StoredSet

    seen: Counter[int] = Counter()
    generation = None
    while True:
        snapshot = StoredSet(folder).latest()
        if snapshot is not None and snapshot.generation != generation:
            changes = snapshot.changes_since(generation)
            seen.update(changes.upserted["id"].to_list())
            generation = snapshot.generation
            if snapshot.closed:
                answers.put(not changes.withdrawn and set(seen.values()) == {1} and len(seen) == snapshot.count)
                return
        time.sleep(1.0)


def commit_single_items(folder: Path, commits: int = 1000) -> Watch:
    """Commit items one by one, each visible to readers at once."""
    from cryoloom.data import CTF, SetWriter

    items = [
        CTF(id=k, defocus_u=1e4, defocus_v=1e4, defocus_angle=1.0, pixel_size=1.0, score=0.5)
        for k in range(1, commits + 2)
    ]
    writer = SetWriter.open(folder, "ctfs")
    writer.commit(items[:1])
    with Watch() as watch:
        for item in items[1:]:
            writer.commit([item])
    return watch


def _run(connection: Any, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder:  # what is imported on first use is not what is measured
        write(Path(folder) / "small", 1000)
        filter_rows(Path(folder) / "small")
    result = function(*arguments)
    connection.send((result, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3))


def alone(function: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    """Call a function in a new process; its result and the peak memory in MB."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(there, function, arguments))
    process.start()
    there.close()
    try:
        return here.recv()
    finally:
        process.join()


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    what: str
    value: float
    unit: str = "s"
    at_most: float | None = None
    processor: float | None = None
    memory: float | None = None


def measure(rows: int, commits: int, repeats: int, folder: Path) -> list[Figure]:
    """All figures; seconds are medians of the repeats, memory is the highest peak, in MB."""
    figures: list[Figure] = []

    def note(what: str, at_most: float | None, runs: list[tuple[Watch, float]]) -> None:
        wall = statistics.median(watch.wall for watch, _ in runs)
        processor = statistics.median(watch.processor for watch, _ in runs)
        figures.append(Figure(what, wall, "s", at_most, processor, max(memory for _, memory in runs)))

    one, many, other = folder / "one-0", folder / "many", folder / "other"
    note("write", 2.0, [alone(write, folder / f"one-{turn}", rows) for turn in range(repeats)])
    alone(write_overlapping, other, rows, one)
    of_commits, _ = alone(commit_many_times, many, rows, commits)
    for name, of in (("one commit", one), (f"{commits} commits", many)):
        note(f"{name}: read", None, [alone(read, of) for _ in range(repeats)])
        note(f"{name}: filter", 0.3, [alone(filter_rows, of) for _ in range(repeats)])
        note(f"{name}: subset by id", 1.0, [alone(choose_rows, of) for _ in range(repeats)])
        note(f"{name}: union of two", 3.0, [alone(unite, of, other) for _ in range(repeats)])
        written = [alone(unite, of, other, folder / "unions") for _ in range(repeats)]
        note(f"{name}: union of two, written", None, written)
    limits = {"last 100 commits": 2 * of_commits["first 100 commits"], "most live parts": 64}
    for what, value in of_commits.items():
        unit = "MB" if "memory" in what else "" if what.startswith(("most", "readers")) else "s"
        figures.append(Figure(f"{commits} commits of {rows // commits}: {what}", value, unit, limits.get(what)))
    note("1000 commits of one item each, one after the other", None, [alone(commit_single_items, folder / "single")])
    return figures


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--commits", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, help="by default 3, or 5 with --full")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cryoloom-bench-sets-") as folder:
        figures = measure(options.rows, options.commits, options.repeats or (5 if options.full else 3), Path(folder))
    if options.json:
        print(json.dumps([asdict(figure) for figure in figures], indent=2))
        return
    print(f"{options.rows:,} particles of 31 columns; two readers follow the many commits, polling once a second.\n")
    rows = [
        (
            figure.what,
            f"{figure.value:.3g} {figure.unit}",
            "" if figure.processor is None else f"{figure.processor:.3g} s",
            "" if figure.memory is None else f"{figure.memory:.0f} MB",
        )
        for figure in figures
    ]
    print(reporting.table(("what", "measured", "processor", "peak memory"), rows))
    print(
        reporting.promises(
            [
                *(
                    reporting.promise(one.what, one.value, f".3g {one.unit}", most=one.at_most)
                    for one in figures
                    if one.at_most is not None
                ),
                reporting.promise("peak memory", max(one.memory or 0.0 for one in figures), ".0f MB", most=2000),
                reporting.promise("readers of 2 that saw each id exactly once", faithful(figures), ".0f", least=2),
            ]
        )
    )


def faithful(figures: list[Figure]) -> float:
    (found,) = [one.value for one in figures if "exactly once" in one.what]
    return found


if __name__ == "__main__":
    main()
