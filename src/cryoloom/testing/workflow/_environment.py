"""An environment of the small protocols, whose drivers run where the test says."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from cryoloom.errors import NotFoundError
from cryoloom.testing.workflow import _protocols
from cryoloom.testing.workflow._lane import InlineLane
from cryoloom.workflow.detached import start_detached
from cryoloom.workflow.driver import drive_run
from cryoloom.workflow.environment import Environment
from cryoloom.workflow.lane import Lane
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.project import Project, Run
from cryoloom.workflow.protocol import Protocol
from cryoloom.workflow.run import End

_CLASSES: tuple[type[Protocol], ...] = (
    _protocols.NumbersInFolder,
    _protocols.Square,
    _protocols.Split,
    _protocols.Describe,
    _protocols.Offset,
    _protocols.SubtractZero,
    _protocols.Keep,
    _protocols.Choose,
    _protocols.ChooseMembers,
    _protocols.IteratedMean,
    _protocols.MeanOfTheFirst,
)


class SmallEnvironment(Environment):
    """The small protocols on some lane.

    Parameters
    ----------
    lane : where tasks run; by default in the driver's own process
    """

    def __init__(self, lane: Lane | None = None) -> None:
        self._lane = lane or InlineLane()

    def protocol(self, protocol_id: str) -> type[Protocol]:
        """The protocol of that id."""
        try:
            return self.protocols()[protocol_id]
        except KeyError:
            raise NotFoundError(f"There is no protocol {protocol_id!r}.") from None

    def protocols(self) -> Mapping[str, type[Protocol]]:
        """The small protocols."""
        return {protocol.id: protocol for protocol in _CLASSES}

    def lane(self, name: str) -> Lane:
        """The one lane, whatever its name."""
        return self._lane

    def versions(self, protocol: type[Protocol]) -> dict[str, str]:
        """Of nothing."""
        return {protocol.id: str(protocol.version)}

    def start_driver(self, project: Path, run: Path, *, actor: str) -> int:
        """Start a driver process on the machine's own lane; its process number."""
        return start_detached(
            [sys.executable, "-m", "cryoloom.testing.workflow", str(project), str(run), actor],
            run / "driver.txt",
            project,
        )


class SmallProject(Project):
    """A project of small protocols."""

    @classmethod
    def create(cls, path: Path, lane: Lane | None = None) -> Self:
        """Make a new one."""
        return cls(ProjectFolder.create(path), SmallEnvironment(lane))

    def drive(self, run: Run) -> End | None:
        """Drive a run in this process, to its end."""
        return drive_run(self.path, run.folder.path, self.environment)
