"""The machine that the server runs on."""

from __future__ import annotations

import shutil
import socket

from fastapi import APIRouter

from cryoloom import __version__
from cryoloom.runtime import InstalledEnvironment, programs_found
from cryoloom.server._context import ContextOfCall
from cryoloom.server.models import Disk, MachineDocument, Program
from cryoloom.workflow.person import this_account

router = APIRouter(prefix="/api/machine", tags=["machine"])


@router.get("")
def read_machine(context: ContextOfCall) -> MachineDocument:
    """What is found here: cores, memory, GPUs, disk and programs."""
    capacity = InstalledEnvironment().lane("local").capacity()
    disk = shutil.disk_usage(context.shelf.folder)
    return MachineDocument(
        version=__version__,
        host=socket.gethostname(),
        person=this_account(),
        projects_folder=str(context.shelf.folder),
        cores=capacity.cpu,
        memory_bytes=capacity.memory,
        gpus=list(capacity.gpus),
        disk=Disk(free_bytes=disk.free, total_bytes=disk.total),
        programs=[Program(name=name, path=path) for name, path in programs_found().items()],
    )
