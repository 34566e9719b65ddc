"""What the local lane itself costs: tasks that do nothing, in cold, warm and competing pools.

    python bench/lane.py [--full] [--tasks 1000] [--pools 2] [--repeats 5] [--json]

Every wall time is the median of the repeats. Processor time is that of driver, supervisor and workers together, which
other load on the machine does not change much. ``--full`` has eight pools compete instead of two.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import wait
from pathlib import Path

import psutil
import reporting

from cryoloom.lanes.local import LocalLane
from cryoloom.workflow.lane import Priority, Resources, Task, TaskOutcome, TaskPool

MIB = 2**20
_NUMBERS = itertools.count()


def measure(tasks: int, repeats: int, competitors: int, folder: Path) -> dict[str, float]:
    """Name → seconds, unless the name says bytes."""
    lane = LocalLane(lock_folder=folder / "lock")

    def open_pool(name: str) -> TaskPool:
        return lane.open_pool(scratch=folder / name, priority=Priority.BATCH)

    def cold() -> None:
        pool = open_pool("cold")
        began = time.perf_counter()
        do_nothing(pool, count=1)
        times.append(time.perf_counter() - began)
        pool.close()

    times: list[float] = []
    for _ in range(repeats):
        cold()
    results = {"cold pool, submission to first result": statistics.median(times)}

    before = _processor_seconds()
    pool = open_pool("warm")
    do_nothing(pool, count=10)
    results[f"warm pool, {tasks} tasks"] = _median(lambda: do_nothing(pool, tasks), repeats)
    family = psutil.Process().children(recursive=True)
    results["supervisor, resident bytes"] = family[0].memory_info().rss
    results["idle worker, resident bytes"] = family[-1].memory_info().rss
    pool.close()
    results[f"warm pool, {tasks} tasks, processor"] = (_processor_seconds() - before) / repeats

    pools = [open_pool(f"competitor {number}") for number in range(competitors)]
    for pool in pools:
        do_nothing(pool, count=10)
    each = tasks // competitors
    results[f"{competitors} pools at once, {each} tasks each"] = _median(lambda: do_nothing_in(pools, each), repeats)
    for pool in pools:
        pool.close()
    return results


def do_nothing(pool: TaskPool, count: int) -> None:
    """Have so many tasks done that do nothing."""
    do_nothing_in([pool], count)


def do_nothing_in(pools: list[TaskPool], count: int) -> None:
    """Have so many tasks done in each of several pools."""
    resources = Resources(cpu=1, memory=64 * MIB)
    futures = [
        pool.submit(Task(str(next(_NUMBERS)), "builtins:dict", {}, resources)) for _ in range(count) for pool in pools
    ]
    wait(futures)
    assert all(future.result().outcome is TaskOutcome.RETURNED for future in futures)


def _processor_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _median(work: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--pools", type=int, help="that compete; by default 2, or 8 with --full")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    pools = options.pools or (8 if options.full else 2)
    with tempfile.TemporaryDirectory(prefix="cryoloom-bench-lane-") as folder:
        results = measure(options.tasks, options.repeats, pools, Path(folder))
    cpus = len(os.sched_getaffinity(0))
    if options.json:
        print(json.dumps({"cpus": cpus, **results}, indent=2))
        return
    print(f"On {cpus} cores.\n")
    rows = [(name.removesuffix(" bytes"), _shown(name, value)) for name, value in results.items()]
    print(reporting.table(("what", "measured"), rows))


def _shown(name: str, value: float) -> str:
    return f"{value / MIB:.0f} MiB" if name.endswith("bytes") else f"{value:.3f} s"


if __name__ == "__main__":
    main()
