import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import wait
from pathlib import Path

import psutil
import pytest
from lane_witness import is_alive, until

from cryoloom.errors import LaneError
from cryoloom.lanes.local import LocalLane, log_of
from cryoloom.lanes.local._pool import LocalPool
from cryoloom.lanes.slots import LockFile, Share, Slots
from cryoloom.workflow.lane import Priority, Resources, Task, TaskOutcome, TaskReport

Do = Callable[..., TaskReport]
MIB = 2**20


def task(name: str, function: str, *, cpu: int = 1, memory: int = 64 * MIB, **payload: object) -> Task:
    return Task(name, f"lane_tasks:{function}", payload, Resources(cpu, memory))


# What comes back


def test_a_value_comes_back_with_where_and_how_long(do: Do) -> None:
    report = do("add", left=2, right=3)
    assert report.outcome is TaskOutcome.RETURNED
    assert report.value == 5
    assert report.failure is None
    assert report.lost_because == ""
    assert report.host == socket.gethostname()
    assert report.process_id not in (0, os.getpid())
    assert report.queued_seconds > 0
    assert report.seconds > 0
    assert 5 * MIB < report.peak_memory < 100 * MIB  # an interpreter


def test_seconds_are_those_of_the_task(do: Do) -> None:
    before = time.monotonic()
    report = do("rest", seconds=0.2)
    assert report.seconds >= 0.2
    assert report.queued_seconds + report.seconds <= time.monotonic() - before


def test_big_payloads_and_values_pass(do: Do) -> None:
    value = os.urandom(3_000_000)
    assert do("echo", value=value).value == value


def test_an_exception_is_a_failure_with_its_traceback(do: Do) -> None:
    report = do("divide_by_zero")
    assert report.outcome is TaskOutcome.RAISED
    assert report.failure is not None
    assert report.failure.kind == "ZeroDivisionError"
    assert report.failure.message == "division by zero"
    assert not report.failure.is_input_error
    assert "in divide_by_zero" in report.failure.traceback


def test_a_fault_of_the_input_is_marked_as_such(do: Do) -> None:
    report = do("refuse_input")
    assert report.failure is not None
    assert report.failure.kind == "FormatError"
    assert report.failure.message == "a.mrc: the header says pixel size 0 Å."
    assert report.failure.is_input_error


@pytest.mark.parametrize(
    ("function", "kind"),
    [("no_such_function", "AttributeError"), ("return_lambda", "AttributeError"), ("return_broken", "ValueError")],
)
def test_what_cannot_be_found_or_brought_back_is_a_failure(do: Do, function: str, kind: str) -> None:
    report = do(function)
    assert report.outcome is TaskOutcome.RAISED
    assert report.failure is not None
    assert report.failure.kind in (kind, "PicklingError")
    assert do("add", left=1, right=1).value == 2


def test_leaving_the_interpreter_is_a_failure_like_others(do: Do) -> None:
    report = do("leave_interpreter", status=3)
    assert report.failure is not None
    assert report.failure.kind == "SystemExit"


@pytest.mark.parametrize(
    ("function", "payload", "reason"),
    [
        ("leave_process", {"status": 3}, "exit status 3"),
        ("leave_process", {"status": 0}, "exit status 0"),
        ("die_by", {"number": signal.SIGKILL}, "killed by signal 9"),
        ("die_by", {"number": signal.SIGTERM}, "killed by signal 15"),
        ("read_null", {}, "killed by signal 11"),
    ],
)
def test_a_worker_that_dies_fails_its_own_task_only(
    pool: LocalPool, function: str, payload: dict[str, int], reason: str
) -> None:
    beside = pool.submit(task("beside", "rest", seconds=0.2))
    doomed = pool.submit(task("doomed", function, **payload))
    after = [pool.submit(task(f"after-{n}", "add", left=n, right=n)) for n in range(20)]
    report = doomed.result(timeout=30)
    assert report.outcome is TaskOutcome.LOST
    assert report.lost_because == reason
    assert report.process_id > 0
    assert report.peak_memory > 5 * MIB
    assert beside.result(timeout=30).outcome is TaskOutcome.RETURNED
    assert [future.result(timeout=30).value for future in after] == [2 * n for n in range(20)]


def test_a_crash_leaves_its_place_in_the_log(do: Do, scratch: Path) -> None:
    do("read_null")
    assert "Segmentation fault" in (text := log_of(scratch, "read_null").read_text())
    assert "in read_null" in text


def test_a_crash_is_reported_with_its_last_words(do: Do) -> None:
    report = do("read_null")
    assert report.outcome is TaskOutcome.LOST
    assert "Segmentation fault" in report.last_words


def test_what_a_task_writes_is_in_its_log(do: Do, scratch: Path) -> None:
    raw = bytes(range(256))
    assert do("speak", python="from Python", program="from a program", raw=raw).outcome is TaskOutcome.RETURNED
    assert do("nothing").outcome is TaskOutcome.RETURNED
    assert log_of(scratch, "speak").read_bytes() == b"from Python\nfrom a program\n" + raw + b"from C\n"


def test_silent_tasks_leave_no_log(lane: LocalLane, scratch: Path) -> None:
    pool = lane.open_pool(scratch=scratch, priority=Priority.BATCH)
    wait([pool.submit(task(f"{n}", "nothing")) for n in range(50)])
    pool.submit(task("lost", "leave_process", status=1)).result(timeout=30)
    pool.close()
    assert list((scratch / "logs").iterdir()) == []


@pytest.mark.parametrize("how", ["removed", "moved"])
def test_logs_may_be_tidied_up_between_tasks(pool: LocalPool, scratch: Path, tmp_path: Path, how: str) -> None:
    pool.submit(task("silent", "nothing")).result(timeout=30)
    if how == "removed":
        log_of(scratch, "silent").unlink()
    else:
        log_of(scratch, "silent").rename(tmp_path / "elsewhere")
    report = pool.submit(task("loud", "speak", python="x", program="y", raw=b"")).result(timeout=30)
    assert report.outcome is TaskOutcome.RETURNED
    assert log_of(scratch, "loud").read_text().startswith("x\ny\n")


def test_any_id_will_do(pool: LocalPool, scratch: Path) -> None:
    name = "../a b/ü.1"
    assert pool.submit(task(name, "speak", python="x", program="", raw=b"")).result(timeout=30).task_id == name
    assert log_of(scratch, name).exists()
    assert log_of(scratch, name).parent == scratch / "logs"


# What is refused


@pytest.mark.parametrize(
    ("resources", "sentence"),
    [
        (Resources(cpu=10_000), "asks for 10000 CPUs, and this machine can give"),
        (Resources(memory=2**60), "MiB of memory"),
        (Resources(gpu=1000), "asks for 1000 GPUs"),
        (Resources(cpu=-1), "less than nothing"),
    ],
)
def test_impossible_demands_are_refused(pool: LocalPool, resources: Resources, sentence: str) -> None:
    with pytest.raises(LaneError, match=sentence):
        pool.submit(Task("big", "lane_tasks:nothing", {}, resources))


def test_a_payload_that_cannot_be_pickled_is_refused(pool: LocalPool) -> None:
    with pytest.raises(LaneError, match="cannot be pickled"):
        pool.submit(Task("x", "lane_tasks:echo", {"value": lambda: None}))


def test_an_id_in_use_and_a_closed_pool_are_refused(pool: LocalPool) -> None:
    first = pool.submit(task("same", "rest", seconds=0.1))
    with pytest.raises(LaneError, match="submitted already"):
        pool.submit(task("same", "nothing"))
    first.result(timeout=30)
    assert pool.submit(task("same", "nothing")).result(timeout=30).outcome is TaskOutcome.RETURNED
    pool.close()
    pool.close()
    with pytest.raises(LaneError, match="closed"):
        pool.submit(task("late", "nothing"))


# Ending


def family_of(path: Path) -> list[int]:
    until(path.exists)
    return [int(word) for word in path.read_text().split()]


def test_killing_a_task_ends_all_it_has_started(pool: LocalPool, tmp_path: Path) -> None:
    beside = pool.submit(task("beside", "rest", seconds=0.5))
    doomed = pool.submit(task("doomed", "start_family", path=str(tmp_path / "family"), stays=True))
    family = family_of(tmp_path / "family")
    assert len(family) == 4
    assert all(map(is_alive, family))
    pool.kill("doomed")
    assert doomed.result(timeout=30).outcome is TaskOutcome.KILLED
    assert not any(map(is_alive, family))  # when the report is here, already
    assert beside.result(timeout=30).outcome is TaskOutcome.RETURNED


def test_a_dying_worker_takes_all_it_has_started_along(pool: LocalPool, tmp_path: Path) -> None:
    doomed = pool.submit(task("doomed", "start_family", path=str(tmp_path / "family"), stays=True))
    family = family_of(tmp_path / "family")
    os.kill(family[0], signal.SIGKILL)
    assert doomed.result(timeout=30).lost_because == "killed by signal 9"
    assert not any(map(is_alive, family))


def test_a_task_that_returns_leaves_nothing_running(do: Do, tmp_path: Path) -> None:
    report = do("start_family", path=str(tmp_path / "family"), stays=False)
    worker, *others = family_of(tmp_path / "family")
    assert report.process_id == worker
    assert not any(map(is_alive, others))
    assert do("nothing").process_id == worker  # which lives on


def test_queued_tasks_can_be_killed_and_unknown_ones_are_ignored(lane: LocalLane, scratch: Path) -> None:
    pool = lane.open_pool(scratch=scratch, priority=Priority.BATCH, workers=1)
    pool.submit(task("first", "rest", seconds=0.3))
    queued = pool.submit(task("queued", "nothing"))
    after = pool.submit(task("after", "nothing"))
    pool.kill("queued")
    pool.kill("unknown")
    assert queued.result(timeout=30).outcome is TaskOutcome.KILLED
    assert after.result(timeout=30).outcome is TaskOutcome.RETURNED
    pool.kill("after")
    pool.close()


def test_a_task_can_be_killed_before_anything_has_started(lane: LocalLane, scratch: Path) -> None:
    pool = lane.open_pool(scratch=scratch, priority=Priority.BATCH)
    future = pool.submit(task("early", "rest", seconds=600))
    pool.kill("early")
    assert future.result(timeout=30).outcome is TaskOutcome.KILLED
    pool.close()


def test_closing_waits_for_running_tasks_and_drops_queued_ones(lane: LocalLane, scratch: Path, tmp_path: Path) -> None:
    pool = lane.open_pool(scratch=scratch, priority=Priority.BATCH, workers=1)
    started, end = tmp_path / "started", tmp_path / "end"
    running = pool.submit(task("running", "tell_and_wait", path=str(started), until=str(end)))
    queued = pool.submit(task("queued", "nothing"))
    until(started.exists)
    threading.Timer(0.3, end.touch).start()
    pool.close()
    assert end.exists()
    assert running.result(timeout=0).outcome is TaskOutcome.RETURNED
    assert queued.result(timeout=0).outcome is TaskOutcome.KILLED


def test_closing_can_kill(lane: LocalLane, scratch: Path, tmp_path: Path) -> None:
    pool = lane.open_pool(scratch=scratch, priority=Priority.BATCH)
    running = pool.submit(task("running", "start_family", path=str(tmp_path / "family"), stays=True))
    family = family_of(tmp_path / "family")
    pool.close(kill=True)
    assert running.result(timeout=0).outcome is TaskOutcome.KILLED
    assert not any(map(is_alive, family))


def test_an_unused_pool_starts_and_closes_nothing(lane: LocalLane, scratch: Path) -> None:
    before = psutil.Process().children(recursive=True)
    pool = lane.open_pool(scratch=scratch, priority=Priority.LIVE)
    assert psutil.Process().children(recursive=True) == before
    pool.close()
    assert not scratch.exists()


# Room


def test_a_pool_knows_that_it_waits_for_what_another_holds(lane: LocalLane, scratch: Path, tmp_path: Path) -> None:
    all_of_it = lane.capacity().cpu
    holder = lane.open_pool(scratch=scratch / "holder", priority=Priority.BATCH)
    waiter = lane.open_pool(scratch=scratch / "waiter", priority=Priority.LIVE)
    assert waiter.waiting_seconds() == 0.0
    started, end = tmp_path / "started", tmp_path / "end"
    holder.submit(task("holder", "tell_and_wait", cpu=all_of_it, path=str(started), until=str(end)))
    until(started.exists)
    waiting = waiter.submit(task("waiter", "rest", seconds=0.3))
    until(lambda: waiter.waiting_seconds() > 0.2)
    assert holder.waiting_seconds() == 0.0
    end.touch()
    until(lambda: waiter.waiting_seconds() == 0.0)
    assert waiting.result(timeout=30).outcome is TaskOutcome.RETURNED
    assert waiter.waiting_seconds() == 0.0
    for pool in (holder, waiter):
        pool.close()


def test_resizing_changes_how_many_run_at_once(lane: LocalLane, scratch: Path, tmp_path: Path) -> None:
    pool = lane.open_pool(scratch=scratch, priority=Priority.BATCH, workers=1)
    files = [tmp_path / str(n) for n in range(2)]
    futures = [
        pool.submit(task(str(n), "tell_and_wait", cpu=0, path=str(files[n]), until=str(tmp_path / "end")))
        for n in range(2)
    ]
    until(files[0].exists)
    time.sleep(0.3)
    assert not files[1].exists()
    pool.resize(2)
    until(files[1].exists)
    pool.resize(0)
    late = pool.submit(task("late", "nothing"))
    (tmp_path / "end").touch()
    assert all(future.result(timeout=30).outcome is TaskOutcome.RETURNED for future in futures)
    time.sleep(0.3)
    assert not late.done()
    pool.resize(1)
    assert late.result(timeout=30).outcome is TaskOutcome.RETURNED
    pool.close()


def test_pools_share_the_machine_and_live_work_goes_first(lane: LocalLane, scratch: Path, tmp_path: Path) -> None:
    everything = lane.capacity().cpu
    queue = Slots(LockFile(tmp_path / "lock"), Share(cpus=(), memory=0))
    batch = lane.open_pool(scratch=scratch / "batch", priority=Priority.BATCH)
    live = lane.open_pool(scratch=scratch / "live", priority=Priority.LIVE)
    started, end = tmp_path / "started", tmp_path / "end"
    running = batch.submit(task("0", "tell_and_wait", cpu=everything, path=str(started), until=str(end)))
    until(started.exists)
    order: list[str] = []
    futures = {"batch": batch.submit(task("1", "rest", cpu=everything, seconds=0.05))}
    until(queue.somebody_waits)
    futures["live"] = live.submit(task("2", "rest", cpu=everything, seconds=0.05))
    for name, future in futures.items():
        future.add_done_callback(lambda _, name=name: order.append(name))
    until(lambda: len(queue._queue()) == 2)
    assert order == []
    end.touch()
    wait([running, *futures.values()], timeout=30)
    batch.close()
    live.close()
    queue.close()
    assert order == ["live", "batch"]


def test_an_idle_pool_holds_no_slots(lane: LocalLane, scratch: Path) -> None:
    idle = lane.open_pool(scratch=scratch / "idle", priority=Priority.LIVE)
    idle.submit(task("0", "nothing")).result(timeout=30)
    other = lane.open_pool(scratch=scratch / "other", priority=Priority.BATCH)
    everything = lane.capacity()
    big = task("1", "nothing", cpu=everything.cpu, memory=everything.memory)
    assert other.submit(big).result(timeout=30).outcome is TaskOutcome.RETURNED
    idle.close()
    other.close()


# Workers


def test_a_worker_is_used_again_for_tasks_as_wide(pool: LocalPool) -> None:
    def worker(name: str, cpu: int) -> int:
        return pool.submit(task(name, "nothing", cpu=cpu)).result(timeout=30).process_id

    first = worker("a", 1)
    assert worker("b", 1) == first
    assert worker("c", 0) != first
    assert worker("d", 1) == first


def test_a_worker_has_imported_nothing_heavy(do: Do) -> None:
    found = {name.partition(".")[0] for name in do("modules").value}
    assert not found & {"numpy", "scipy", "numba", "polars", "pydantic", "psutil", "multiprocessing", "asyncio"}
    assert "cryoloom.workflow" not in do("modules").value


@pytest.mark.parametrize("cpu", [1, 2])
def test_thread_caps_hold_in_libraries_and_are_seen_by_programs(pool: LocalPool, cpu: int) -> None:
    if cpu > len(os.sched_getaffinity(0)):
        return  # one CPU cannot tell the two apart
    environment = pool.submit(task("environment", "environment", cpu=cpu)).result(timeout=30).value
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        assert environment[name] == str(cpu)
    assert environment["POLARS_MAX_THREADS"] == str(cpu)
    assert environment["CUDA_VISIBLE_DEVICES"] == ""
    threads = pool.submit(task("threads", "library_threads", cpu=cpu, memory=400 * MIB)).result(timeout=60)
    assert threads.value == {"numba": cpu, "polars": cpu}


def test_workers_import_from_where_the_driver_does(do: Do) -> None:
    assert do("import_path").value == sys.path


def test_slots_are_held_by_the_worker_but_not_by_programs_it_starts(do: Do, lane: LocalLane, tmp_path: Path) -> None:
    file = str(tmp_path / "lock" / "slots")
    assert do("own_open_files").value.count(file) == 1
    assert file not in do("open_files_of_program").value


def test_a_worker_has_nothing_of_other_tasks_open(pool: LocalPool, tmp_path: Path) -> None:
    end = tmp_path / "end"
    first = pool.submit(task("first", "tell_and_wait", path=str(tmp_path / "started"), until=str(end)))
    until((tmp_path / "started").exists)
    files = pool.submit(task("second", "own_open_files", cpu=0)).result(timeout=30).value
    end.touch()
    first.result(timeout=30)
    assert files.count(str(tmp_path / "lock" / "slots")) == 1
    assert sum("socket:" in file for file in files) == 1


def test_process_lists_show_the_label(pool: LocalPool, tmp_path: Path) -> None:
    started, end = tmp_path / "started", tmp_path / "end"
    payload = {"path": str(started), "until": str(end)}
    future = pool.submit(Task("x", "lane_tasks:tell_and_wait", payload, label="motion 00017"))
    until(lambda: started.exists() and started.read_text())
    assert psutil.Process(int(started.read_text())).name() == "motion 00017"
    end.touch()
    future.result(timeout=30)
