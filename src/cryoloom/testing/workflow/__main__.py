"""``python -m cryoloom.testing.workflow PROJECT RUN [ACTOR]``: drives a run of small protocols on the local lane."""

from __future__ import annotations

import sys
from pathlib import Path

from cryoloom.lanes.local import LocalLane
from cryoloom.testing.workflow._environment import SmallEnvironment
from cryoloom.workflow.driver import drive_run

drive_run(Path(sys.argv[1]), Path(sys.argv[2]), SmallEnvironment(LocalLane()), take_over="--take-over" in sys.argv)
