"""A Map step that does nothing, and the driver process that runs it on this machine's own lane.

python bench/no_op.py PROJECT RUN [ACTOR]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from cryoloom.data import Movie
from cryoloom.runtime import InstalledEnvironment
from cryoloom.workflow.detached import start_detached
from cryoloom.workflow.driver import drive_run
from cryoloom.workflow.protocol import Input, MapProtocol, Output, Protocol, Stage, input_set, output_set
from cryoloom.workflow.workspace import Workspace


class NoOp(MapProtocol):
    """Pass each movie on as it is."""

    id = "no-op"
    stage = Stage.SETS

    class Inputs:
        """Movies."""

        movies: Input[Movie] = input_set("movies")

    class Outputs:
        """The same movies."""

        movies: Output[Movie] = output_set("the same movies")

    def process(self, movie: Movie, /, parameters: Any, workspace: Workspace) -> Movie:  # noqa: ARG002  # the shape's
        """Do nothing."""
        return movie


class EnvironmentWithNoOp(InstalledEnvironment):
    """What is installed, and the step that does nothing."""

    def protocol(self, protocol_id: str) -> type[Protocol]:
        """The protocol of that id."""
        return NoOp if protocol_id == NoOp.id else super().protocol(protocol_id)

    def start_driver(self, project: Path, run: Path, *, actor: str) -> None:
        """Start a driver as the installed one is started."""
        start_detached([sys.executable, __file__, str(project), str(run), actor], run / "driver.txt", project)


if __name__ == "__main__":
    from no_op import EnvironmentWithNoOp as Environment  # by the name under which workers import it

    drive_run(Path(sys.argv[1]), Path(sys.argv[2]), Environment(), actor=sys.argv[3])
