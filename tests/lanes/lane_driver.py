"""A driver to be killed: ``python lane_driver.py LOCK_FOLDER SCRATCH WITNESS ITEMS SEED``.

It has tasks done until every item is in its own list of items done, resubmitting those that are lost. It confines
itself to two CPUs of the machine, so that several of them are short of room everywhere.
"""

import os
import random
import sys
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path

from cryoloom.lanes.local import LocalLane
from cryoloom.workflow.lane import Priority, Resources, Task, TaskOutcome, TaskReport

MIB = 2**20


def main(lock_folder: Path, scratch: Path, witness: Path, items: int, seed: int) -> None:
    cpus = sorted(os.sched_getaffinity(0))[:2]
    os.sched_setaffinity(0, cpus)
    chance = random.Random(seed)
    priority = chance.choice(list(Priority))
    pool = LocalLane(lock_folder=lock_folder).open_pool(scratch=scratch, priority=priority)
    done = scratch / "done"
    scratch.mkdir(exist_ok=True)
    done.touch()
    known = set(done.read_text().split())
    waiting: dict[Future[TaskReport], str] = {}

    def submit(item: str, attempt: int) -> None:
        cpu = len(cpus) if chance.random() < 0.2 else 1
        seconds = chance.uniform(0.0, 0.05)
        payload = {"witness": str(witness), "capacity": len(cpus), "cpu": cpu, "seconds": seconds}
        task = Task(f"{item}.{attempt}", "lane_tasks:be_seen", payload, Resources(cpu, 10 * MIB))
        waiting[pool.submit(task)] = item

    for item in {str(number) for number in range(items)} - known:
        submit(item, 0)
    attempt = 0
    while waiting:
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            item, report = waiting.pop(future), future.result()
            if report.outcome is TaskOutcome.RETURNED:
                with done.open("a") as file:
                    file.write(f"{item}\n")
            elif report.outcome is TaskOutcome.LOST:
                attempt += 1
                submit(item, attempt)
            else:
                sys.exit(f"{report}")
    pool.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
