"""The local lane."""

from __future__ import annotations

from pathlib import Path

from cryoloom.lanes.local._pool import LocalPool
from cryoloom.lanes.machine import available_cpus, available_memory, list_gpus
from cryoloom.lanes.slots import MIB, LockFile, Share
from cryoloom.workflow.lane import Capacity, Priority


class LocalLane:
    """The machine that cryoloom runs on, shared by all drivers that use the same lock folder.

    Parameters
    ----------
    name : what people call it
    lock_folder : where the machine's slots are locked; by default ``/run/lock/cryoloom``, and where that cannot be
        used a folder of the user's, of which `notice` tells

    Raises
    ------
    LaneError
        If the lock folder cannot be used.
    """

    def __init__(self, name: str = "local", lock_folder: Path | None = None) -> None:
        self._name = name
        self._file = LockFile(lock_folder)

    @property
    def name(self) -> str:
        """What people call it."""
        return self._name

    @property
    def notice(self) -> str:
        """What a person should know of this lane; empty when all is well."""
        return self._file.notice

    def capacity(self) -> Capacity:
        """What this process may use of the machine: its affinity and control groups count, not what is built in.

        Raises
        ------
        LaneError
            If there is an `nvidia-smi` that does not answer.
        """
        share = _share()
        return Capacity(len(share.cpus), share.memory * MIB, list_gpus())

    def open_pool(self, *, scratch: Path, priority: Priority, workers: int | None = None) -> LocalPool:
        """Open a pool for one driver. Nothing is started before its first task.

        Parameters
        ----------
        scratch : a folder of the run's own; what a task writes to its standard output and error is in ``logs`` there
        priority : live sessions are served before batch work
        workers : run at most so many tasks at once; by default as many as find slots
        """
        return LocalPool(scratch=scratch, file=self._file, share=_share(), priority=priority, workers=workers)


def _share() -> Share:
    return Share(available_cpus(), available_memory() // MIB)
