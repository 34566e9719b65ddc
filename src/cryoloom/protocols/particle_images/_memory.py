"""Images that are more than memory should hold: they lie in a file, of which the system keeps what it has room for."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.errors import InputError, disk_faults_explained
from cryoloom.protocols.particle_images._grid import CommonGrid

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEMORY = 2 * 2**30  # bytes of images that are kept in memory


def held_memory(count: int, box_size: int) -> int:
    """Bytes of images that are held in memory: all of them, or as many as it should hold.

    Parameters
    ----------
    count : number of images
    box_size : edge in pixels
    """
    return min(4 * count * box_size**2, MEMORY)


def mapped_memory(count: int, box_size: int) -> int:
    """Bytes of images that need not stay in memory, since they lie in a file; as for `held_memory`."""
    return 4 * count * box_size**2 - held_memory(count, box_size)


def room_for_images(count: int, grid: CommonGrid, memory: int, scratch: Path | None) -> NDArray[np.float32]:
    """An array (count, box, box) for images, in memory or mapped from a file that is gone as soon as the array is.

    Parameters
    ----------
    count : number of images
    grid : sampling of each
    memory : that they may take, in bytes
    scratch : folder for the file, which has no name in it

    Raises
    ------
    InputError
        If they take more memory, and there is no folder.
    StorageError
        If the disk has no room for them.
    """
    shape = (count, grid.box_size, grid.box_size)
    size = 4 * count * grid.box_size**2
    if size <= memory:
        return np.empty(shape, np.float32)
    if scratch is None:
        raise InputError(
            f"{count} images of {grid} take {size / 2**30:.1f} GB, and {memory / 2**30:.1f} GB are allowed; compute "
            "with a smaller box."
        )
    with disk_faults_explained(scratch), TemporaryFile(dir=scratch) as file:
        os.posix_fallocate(file.fileno(), 0, size)
        return np.memmap(file, np.float32, "r+", shape=shape)
