"""A driver that is slow to begin is waited for; one that has ended without beginning is told of at once."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cryoloom.errors import ProjectError
from cryoloom.testing.workflow import SmallEnvironment, SmallProject
from cryoloom.workflow.detached import start_detached
from cryoloom.workflow.project import Run, _run
from cryoloom.workflow.run import RunState

Begin = Callable[[str], Run]


@pytest.fixture
def with_driver(tmp_path: Path) -> Begin:
    """Gives a run whose driver is a shell script; ``$@`` in it is the true one."""

    def make(script: str) -> Run:
        class Environment(SmallEnvironment):
            def start_driver(self, project: Path, run: Path, *, actor: str) -> int:
                true_one = [sys.executable, "-m", "cryoloom.testing.workflow", str(project), str(run), actor]
                return start_detached(["sh", "-c", script, "sh", *true_one], run / "driver.txt", project)

        project = SmallProject.create(tmp_path / "project")
        (tmp_path / "raw").mkdir()
        (tmp_path / "raw" / "one.txt").write_text("1")
        run = project.add("test-numbers", folder=str(tmp_path / "raw"), expected=1)
        run.project.environment = Environment()
        return run

    return make


def test_a_slow_driver_is_waited_for(with_driver: Begin) -> None:
    run = with_driver('sleep 1; exec "$@"')
    assert run.start().wait(120).state is RunState.FINISHED


def test_a_driver_that_has_ended_is_told_of_with_its_words_at_once(with_driver: Begin) -> None:
    run = with_driver("echo Killed by the scheduler; exit 1")
    begin = time.monotonic()
    with pytest.raises(ProjectError, match="ended before it had begun. Killed by the scheduler"):
        run.start()
    assert time.monotonic() - begin < 30  # not after the patience that a living one is given


def test_a_living_driver_may_come_after_all(with_driver: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_run, "_PATIENCE_WITH_DRIVER", 0.2)
    run = with_driver('sleep 2; exec "$@"')
    with pytest.raises(ProjectError, match=r"process \d+\) has been loading for 0.2 s and may still begin"):
        run.start()
    deadline = time.monotonic() + 120
    while run.state is RunState.DRAFT and time.monotonic() < deadline:
        time.sleep(0.05)
    assert run.wait(120).state is RunState.FINISHED
