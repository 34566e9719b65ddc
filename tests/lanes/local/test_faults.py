"""Whatever is killed or stopped: slots are neither lost nor given twice, and nothing runs on unsupervised."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest
from lane_witness import children_of, count_locks, is_alive, name_of, supervisor_of, until

from cryoloom.lanes.local import LocalLane
from cryoloom.lanes.local._pool import LocalPool
from cryoloom.lanes.local._process import SupervisorProcess
from cryoloom.lanes.machine import POOL_MARK
from cryoloom.workflow.lane import Priority, Resources, Task, TaskOutcome

HERE = Path(__file__).parents[1]
MIB = 2**20


def program(path: Path) -> tuple[int, int]:
    until(path.exists)
    worker, child = path.read_text().split()
    return int(worker), int(child)


def start_program(pool: LocalPool, path: Path) -> tuple[int, int]:
    """Have a worker run a program; return the ids of both."""
    pool.submit(Task(path.name, "lane_tasks:start_program", {"path": str(path)}))
    return program(path)


class Drivers:
    """Driver processes, each in a session of its own."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.lock_folder = folder / "lock"
        self.witness = folder / "witness"
        self.witness.touch()
        Path(f"{self.witness}.seen").touch()
        self._folder = folder
        self._stack = stack

    def start(self, name: str, items: int, seed: int) -> subprocess.Popen[bytes]:
        arguments = [self.lock_folder, self._folder / name, self.witness, items, seed]
        environment = {**os.environ, "PYTHONPATH": str(HERE)}
        command = [sys.executable, str(HERE / "lane_driver.py"), *map(str, arguments)]
        return self._keep(subprocess.Popen(command, env=environment, start_new_session=True))

    def start_one_with_a_program(self, path: Path) -> tuple[subprocess.Popen[bytes], int, int, int]:
        """Start a driver with one task that runs one program; return its process, and the ids of all below it."""
        code = (
            "import sys, pathlib; from cryoloom.lanes.local import LocalLane; from cryoloom.workflow.lane import *\n"
            f"pool = LocalLane(lock_folder=pathlib.Path({str(self.lock_folder)!r})).open_pool(\n"
            f"    scratch=pathlib.Path({str(self._folder / 'one')!r}), priority=Priority.LIVE)\n"
            f"pool.submit(Task('x', 'lane_tasks:start_program', dict(path={str(path)!r}))).result()"
        )
        environment = {**os.environ, "PYTHONPATH": str(HERE)}
        driver = self._keep(subprocess.Popen([sys.executable, "-c", code], env=environment, start_new_session=True))
        worker, child = program(path)
        return driver, supervisor_of(driver.pid), worker, child

    def done(self, name: str) -> list[str]:
        return (self._folder / name / "done").read_text().split()

    @property
    def seen(self) -> list[int]:
        return [int(line) for line in Path(f"{self.witness}.seen").read_text().split()]

    def _keep(self, process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        self._stack.enter_context(process)
        self._stack.callback(process.kill)
        return process


@pytest.fixture
def drivers(tmp_path: Path) -> Iterator[Drivers]:
    with ExitStack() as stack:
        yield Drivers(tmp_path, stack)


def test_nothing_outlives_a_killed_driver(drivers: Drivers, tmp_path: Path) -> None:
    driver, supervisor, worker, child = drivers.start_one_with_a_program(tmp_path / "program")
    assert count_locks(tmp_path / "lock" / "slots") > 0
    driver.kill()
    until(lambda: not any(map(is_alive, (supervisor, worker, child))))
    assert count_locks(tmp_path / "lock" / "slots") == 0


def test_slots_are_not_free_before_what_used_them_is_dead(drivers: Drivers, tmp_path: Path) -> None:
    driver, _, worker, _ = drivers.start_one_with_a_program(tmp_path / "program")
    driver.kill()
    while is_alive(worker):
        held = count_locks(tmp_path / "lock" / "slots")
        assert held or not is_alive(worker)


def test_nothing_outlives_a_killed_supervisor(pool: LocalPool, tmp_path: Path) -> None:
    tasks = [Task(str(n), "lane_tasks:rest", {"seconds": 0.01}) for n in range(100)]
    worker, child = start_program(pool, tmp_path / "program")
    after = [pool.submit(task) for task in tasks]
    os.kill(supervisor_of(os.getpid()), signal.SIGKILL)
    reports = [future.result(timeout=30) for future in after]
    assert not is_alive(worker)
    assert not is_alive(child)
    lost = [report for report in reports if report.outcome is TaskOutcome.LOST]
    assert len(lost) <= len(os.sched_getaffinity(0))  # those that were running; all others went to another supervisor
    assert all(report.lost_because == "its supervisor was killed by signal 9" for report in lost)
    assert sum(report.outcome is TaskOutcome.RETURNED for report in reports) == 100 - len(lost)


def test_what_outlives_driver_and_supervisor_together_dies_with_the_next_pool(
    drivers: Drivers, pool: LocalPool, tmp_path: Path
) -> None:
    driver, supervisor, worker, child = drivers.start_one_with_a_program(tmp_path / "program")
    os.kill(supervisor, signal.SIGSTOP)  # or it could be quicker than the second of two kills
    driver.kill()
    os.kill(supervisor, signal.SIGKILL)
    until(lambda: not is_alive(worker))  # the kernel sees to that
    assert is_alive(child)
    pool.submit(Task("x", "lane_tasks:nothing", {})).result(timeout=30)
    assert not is_alive(child)


def test_a_terminated_supervisor_cleans_up_and_is_replaced(pool: LocalPool, tmp_path: Path) -> None:
    running = pool.submit(Task("a", "lane_tasks:start_program", {"path": str(tmp_path / "program")}))
    worker, child = program(tmp_path / "program")
    os.kill(supervisor_of(os.getpid()), signal.SIGTERM)
    assert running.result(timeout=30).outcome is TaskOutcome.LOST
    assert not is_alive(worker)
    assert not is_alive(child)
    assert pool.submit(Task("b", "lane_tasks:nothing", {})).result(timeout=30).outcome is TaskOutcome.RETURNED


def test_what_is_submitted_while_a_supervisor_is_buried_goes_to_the_next(
    pool: LocalPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bury, later = SupervisorProcess.bury, []

    def bury_slowly(supervisor: SupervisorProcess) -> None:
        bury(supervisor)
        later.append(pool.submit(Task("b", "lane_tasks:nothing", {})))

    running = pool.submit(Task("a", "lane_tasks:start_program", {"path": str(tmp_path / "program")}))
    program(tmp_path / "program")
    monkeypatch.setattr(SupervisorProcess, "bury", bury_slowly)
    os.kill(supervisor_of(os.getpid()), signal.SIGTERM)
    assert running.result(timeout=30).outcome is TaskOutcome.LOST
    until(lambda: later)
    assert later[0].result(timeout=30).outcome is TaskOutcome.RETURNED
    monkeypatch.undo()


def test_a_supervisor_that_cannot_work_says_why(lane: LocalLane, scratch: Path, tmp_path: Path) -> None:
    pool = lane.open_pool(scratch=scratch, priority=Priority.BATCH)
    (tmp_path / "lock" / "slots").unlink()
    (tmp_path / "lock").rmdir()
    (tmp_path / "lock").write_text("no folder")
    report = pool.submit(Task("a", "lane_tasks:nothing", {})).result(timeout=30)
    assert report.outcome is TaskOutcome.LOST
    assert "its supervisor was ended by exit status 1" in report.lost_because
    assert "lock/slots cannot be opened" in report.lost_because
    (tmp_path / "lock").unlink()
    assert pool.submit(Task("b", "lane_tasks:nothing", {})).result(timeout=30).outcome is TaskOutcome.RETURNED
    pool.close()


def test_a_driver_that_leaves_without_closing_leaves_nothing(drivers: Drivers, tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, time; from cryoloom.lanes.local import LocalLane; from cryoloom.workflow.lane import *\n"
        f"pool = LocalLane(lock_folder=pathlib.Path({str(tmp_path / 'lock')!r})).open_pool(\n"
        f"    scratch=pathlib.Path({str(tmp_path / 'scratch')!r}), priority=Priority.LIVE)\n"
        f"pool.submit(Task('x', 'lane_tasks:start_program', dict(path={str(tmp_path / 'program')!r})))\n"
        f"while not pathlib.Path({str(tmp_path / 'program')!r}).exists(): time.sleep(0.01)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], env={**os.environ, "PYTHONPATH": str(HERE)}, check=True)
    worker, child = program(tmp_path / "program")
    until(lambda: not is_alive(worker) and not is_alive(child))
    until(lambda: count_locks(tmp_path / "lock" / "slots") == 0)


def test_a_stopped_driver_gets_its_reports_when_it_goes_on(drivers: Drivers) -> None:
    driver = drivers.start("stopped", items=60, seed=1)
    until(lambda: len(drivers.seen) > 5)
    driver.send_signal(signal.SIGSTOP)
    until(lambda: len(drivers.seen) >= 60)
    time.sleep(0.2)
    assert len(drivers.done("stopped")) < 60
    driver.send_signal(signal.SIGCONT)
    assert driver.wait(timeout=30) == 0
    assert sorted(map(int, drivers.done("stopped"))) == list(range(60))


def test_a_stopped_supervisor_keeps_its_slots_but_blocks_nobody_else(
    lane: LocalLane, pool: LocalPool, scratch: Path, tmp_path: Path
) -> None:
    running = pool.submit(Task("a", "lane_tasks:rest", {"seconds": 0.2}, Resources(cpu=1, memory=MIB)))
    supervisor = supervisor_of(os.getpid())
    until(lambda: count_locks(tmp_path / "lock" / "slots") > 0)
    os.kill(supervisor, signal.SIGSTOP)
    other = lane.open_pool(scratch=scratch / "other", priority=Priority.BATCH)
    everything = lane.capacity().cpu
    if everything > 1:
        beside = other.submit(Task("b", "lane_tasks:nothing", {}, Resources(everything - 1, MIB)))
        assert beside.result(timeout=30).outcome is TaskOutcome.RETURNED
    whole = other.submit(Task("c", "lane_tasks:nothing", {}, Resources(everything, MIB)))
    assert wait([whole], timeout=1.0).not_done
    os.kill(supervisor, signal.SIGCONT)
    assert whole.result(timeout=30).outcome is TaskOutcome.RETURNED
    assert running.result(timeout=30).outcome is TaskOutcome.RETURNED
    other.close()


def processes_left(folder: Path) -> list[int]:
    """Living processes of a pool that work below a folder."""
    left = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if str(folder) in " ".join(process.cmdline()) and POOL_MARK in process.environ():
                left.append(process.pid)
    return left


@pytest.mark.parametrize(
    ("count", "items", "kills", "seed"),
    [
        pytest.param(3, 60, 8, 20240, id="short"),
        pytest.param(8, 200, 50, 20241, id="8-drivers-50-kills", marks=pytest.mark.full),
    ],
)
def test_random_kills_neither_lose_nor_double_a_slot(
    drivers: Drivers, tmp_path: Path, count: int, items: int, kills: int, seed: int
) -> None:
    chance = random.Random(seed)
    running = {f"driver-{n}": drivers.start(f"driver-{n}", items, seed + n) for n in range(count)}
    capacity = min(2, len(os.sched_getaffinity(0)))
    killed: Counter[str] = Counter()
    while killed.total() < kills:
        time.sleep(chance.uniform(0.05, 0.4))
        kind = ("driver", "supervisor", "worker", "program")[killed.total() % 4]
        below = [driver.pid for driver in running.values() if driver.poll() is None]
        alive = {"driver": below}
        for level in ("supervisor", "worker", "program"):
            below = [child for process in below for child in children_of(process)]
            alive[level] = below
        alive["worker"] = [worker for worker in alive["worker"] if name_of(worker) == "cryoloom-worker"]  # busy
        if not alive[kind]:
            continue
        victim = chance.choice(alive[kind])
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
            killed[kind] += 1
        for name, driver in running.items():
            if driver.pid == victim:
                driver.wait()
                running[name] = drivers.start(name, items, chance.randrange(10**6))
    assert min(killed.values()) >= kills // 4
    for name, driver in running.items():
        assert driver.wait(timeout=300) == 0
        assert sorted(map(int, set(drivers.done(name)))) == list(range(items))
    seen = drivers.seen
    assert max(seen) == capacity  # never more, and not for want of trying
    assert len(seen) >= count * items
    assert count_locks(tmp_path / "lock" / "slots") == 0
    assert processes_left(tmp_path) == []
