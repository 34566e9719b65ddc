"""The process that stands between a driver and its tasks, and the workers it forks.

It imports nothing heavy, so that a worker is forked in a millisecond and can still set the thread caps of the numerical
libraries that its tasks import. It takes a task's slots, holds them together with the worker for as long as anything of
the task lives, and ends everything when the driver goes. A driver starts it with `SCRIPT` and speaks with it in
messages; `cryoloom.lanes.local` is that driver's side.
"""

from pathlib import Path

from cryoloom.lanes.supervisor._messages import Close, Ended, Kill, Resize, Settings, Started, Submit
from cryoloom.lanes.supervisor._wire import Frames, frame

SCRIPT = Path(__file__).with_name("__main__.py")

__all__ = ["SCRIPT", "Close", "Ended", "Frames", "Kill", "Resize", "Settings", "Started", "Submit", "frame"]
