import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from cryoloom.lanes.machine import (
    POOL_MARK,
    children_by_parent,
    descendants,
    end_marked,
    kill,
    pool_mark,
    resident_memory,
    sweep_dead_pools,
)


class Sleepers:
    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def start(self, **environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(["sleep", "600"], env=environment, start_new_session=True)
        self._stack.enter_context(process)
        self._stack.callback(process.kill)
        return process


@pytest.fixture
def sleepers() -> Iterator[Sleepers]:
    with ExitStack() as stack:
        yield Sleepers(stack)


def test_a_family_is_found_by_walking(sleepers: Sleepers) -> None:
    program = "import subprocess, time; subprocess.Popen(['sleep', '600']); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-S", "-c", program], start_new_session=True) as child:
        own = psutil.Process(child.pid)
        while not (grandchildren := own.children()):
            time.sleep(0.005)
        children = children_by_parent()
        assert child.pid in children[os.getpid()]
        assert descendants(child.pid, children) == [grandchildren[0].pid]
        os.killpg(child.pid, 9)


def test_resident_memory_is_what_psutil_says(sleepers: Sleepers) -> None:
    assert resident_memory(os.getpid()) == pytest.approx(psutil.Process().memory_info().rss, rel=0.1)
    process = sleepers.start()
    process.kill()
    process.wait()
    assert resident_memory(process.pid) == 0
    kill(process.pid)  # which has gone


def test_only_what_carries_the_mark_is_ended(sleepers: Sleepers) -> None:
    mark, other_mark = pool_mark(), pool_mark()
    assert mark != other_mark
    doomed = [sleepers.start(**{POOL_MARK: mark}) for _ in range(2)]
    spared = [sleepers.start(**{POOL_MARK: other_mark}), sleepers.start()]
    end_marked(mark)
    assert [process.wait(timeout=5) for process in doomed] == [-9, -9]
    assert [process.poll() for process in spared] == [None, None]


def test_what_dead_drivers_left_is_swept_and_living_ones_are_left_alone(sleepers: Sleepers) -> None:
    program = "from cryoloom.lanes.machine import pool_mark; print(pool_mark())"
    dead = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    namespace, process, start_time, serial = pool_mark().split()
    left = sleepers.start(**{POOL_MARK: dead})
    reused_number = sleepers.start(**{POOL_MARK: f"{namespace} {process} {int(start_time) + 1} {serial}"})
    ours = sleepers.start(**{POOL_MARK: pool_mark()})
    elsewhere = sleepers.start(**{POOL_MARK: f"pid:[1] {dead.split(maxsplit=1)[1]}"})
    sweep_dead_pools()
    assert left.wait(timeout=5) == reused_number.wait(timeout=5) == -9
    assert ours.poll() is elsewhere.poll() is None
