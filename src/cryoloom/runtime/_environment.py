"""The environment of every project on this machine."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from cryoloom.errors import NotFoundError
from cryoloom.runtime import _catalogue
from cryoloom.runtime._versions import versions
from cryoloom.workflow.detached import start_detached
from cryoloom.workflow.environment import Environment
from cryoloom.workflow.lane import Lane
from cryoloom.workflow.protocol import Protocol


class InstalledEnvironment(Environment):
    """The embedded protocols, those of installed plugins, and the lanes of this machine."""

    def protocol(self, protocol_id: str) -> type[Protocol]:
        """The protocol of that id."""
        return _catalogue.protocol(protocol_id)

    def protocols(self) -> Mapping[str, type[Protocol]]:
        """Every protocol, in the order of their stages."""
        return _catalogue.protocols()

    def lane(self, name: str) -> Lane:
        """The lane of that name."""
        if name != "local":
            raise NotFoundError(f"There is no lane {name!r}; this machine has the lane 'local'.")
        from cryoloom.lanes.local import LocalLane

        return LocalLane()

    def versions(self, protocol: type[Protocol]) -> dict[str, str]:
        """Versions of everything that a result depends on."""
        return versions(protocol)

    def start_driver(self, project: Path, run: Path, *, actor: str) -> int:
        """Start a driver in a session of its own, with its output in the run's folder; its process number."""
        return start_detached(
            [sys.executable, "-m", "cryoloom.runtime.driver", str(project), str(run), actor],
            run / "driver.txt",
            project,
        )
