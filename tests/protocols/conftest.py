"""Projects of the real protocols, driven in the test's own process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cryoloom.runtime import InstalledEnvironment
from cryoloom.testing.workflow import InlineLane
from cryoloom.workflow.driver import drive_run
from cryoloom.workflow.lane import Lane
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.project import Project, Run
from cryoloom.workflow.run import End

sys.path.insert(0, str(Path(__file__).parent))  # for `phantom_particles` in tests


class InlineEnvironment(InstalledEnvironment):
    """The real protocols; every task runs in the driver's own process."""

    def __init__(self) -> None:
        self.inline = InlineLane()

    def lane(self, name: str) -> Lane:
        return self.inline


class InlineProject(Project):
    """A project whose runs are driven here, to their ends."""

    def drive(self, *runs: Run) -> list[End]:
        ends = [drive_run(self.path, run.folder.path, self.environment) for run in runs]
        return [end for end in ends if end is not None]

    @property
    def tasks(self) -> list[str]:
        """What the lane was given, function by function."""
        assert isinstance(self.environment, InlineEnvironment)
        return [task.function.partition(":")[2] for task in self.environment.inline.tasks]


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[[], InlineProject]:
    """Makes a new project, as often as it is asked."""
    number = iter(range(1, 100))

    def make() -> InlineProject:
        return InlineProject(ProjectFolder.create(tmp_path / f"project-{next(number)}"), InlineEnvironment())

    return make
