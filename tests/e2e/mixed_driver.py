"""``python mixed_driver.py PROJECT RUN``: drives runs of the embedded protocols and of the small ones together."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from cryoloom.runtime import InstalledEnvironment
from cryoloom.testing.workflow import SmallEnvironment
from cryoloom.workflow.detached import start_detached
from cryoloom.workflow.driver import drive_run
from cryoloom.workflow.protocol import Protocol


class MixedEnvironment(InstalledEnvironment):
    """Items that cost nothing to make, for the protocols that choose among them."""

    def protocol(self, protocol_id: str) -> type[Protocol]:
        small = SmallEnvironment().protocols()
        return small[protocol_id] if protocol_id in small else super().protocol(protocol_id)

    def protocols(self) -> Mapping[str, type[Protocol]]:
        return {**super().protocols(), **SmallEnvironment().protocols()}

    def versions(self, protocol: type[Protocol]) -> dict[str, str]:
        return {protocol.id: str(protocol.version)}

    def start_driver(self, project: Path, run: Path, *, actor: str) -> int:
        return start_detached([sys.executable, __file__, str(project), str(run)], run / "driver.txt", project)


if __name__ == "__main__":
    drive_run(Path(sys.argv[1]), Path(sys.argv[2]), MixedEnvironment())
