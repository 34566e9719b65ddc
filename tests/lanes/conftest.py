import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cryoloom.lanes.local import LocalLane
from cryoloom.lanes.local._pool import LocalPool
from cryoloom.workflow.lane import Priority, Resources, Task, TaskReport

sys.path.insert(0, str(Path(__file__).parent))  # for `lane_witness` in tests, and `lane_tasks` in workers


@pytest.fixture
def lane(tmp_path: Path) -> LocalLane:
    return LocalLane(lock_folder=tmp_path / "lock")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path / "scratch"


@pytest.fixture
def pool(lane: LocalLane, scratch: Path) -> Iterator[LocalPool]:
    pool = lane.open_pool(scratch=scratch, priority=Priority.BATCH)
    yield pool
    pool.close(kill=True)


@pytest.fixture
def do(pool: LocalPool) -> Callable[..., TaskReport]:
    """Do one task and wait for its report."""

    def do(function: str, resources: Resources | None = None, **payload: object) -> TaskReport:
        task = Task(function, f"lane_tasks:{function}", payload, resources or Resources())
        return pool.submit(task).result(timeout=60)

    return do
