"""What runs take on the disk."""

from __future__ import annotations

from cryoloom.workflow.cleaning._confined import look_below
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.run import RunFolder


def disk_use(project: ProjectFolder, folder: RunFolder) -> int:
    """Bytes that a run takes on the disk; a file with several names in it counts once. Links are not followed.

    Costs a few system calls a file.

    Parameters
    ----------
    project : its folder
    folder : of the run
    """
    found = look_below(project.path, f"runs/{folder.path.name}")
    return sum({(one.device, one.inode): one.occupied for one in found}.values())
