"""The machine that cryoloom runs on, as a lane."""

from cryoloom.lanes.local._lane import LocalLane
from cryoloom.lanes.local._pool import log_of

__all__ = ["LocalLane", "log_of"]
