"""Maps that particles are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryoloom.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.data import Snapshot, Volume
    from cryoloom.protocols.particle_images import CommonGrid
    from cryoloom.workflow.workspace import RoundWorkspace


def chosen_volume(volumes: Snapshot[Any], number: int, parameter: str) -> Volume:
    """One of several maps, counted from 1.

    Raises
    ------
    InputError
        If there are fewer.
    """
    listed = list(volumes.items())
    if number > len(listed):
        raise InputError(f"Map {number} was asked for, but there are {len(listed)} maps; set {parameter}.")
    chosen: Volume = listed[number - 1]
    return chosen


def read_reference(path: Path, grid: CommonGrid, *, pixel_size: float | None = None) -> NDArray[np.float32]:
    """A map on the grid of the images.

    Parameters
    ----------
    path : of the map
    grid : box and pixel size of the images
    pixel_size : of the map in Å, if its file does not tell

    Raises
    ------
    InputError
        If its pixel size is not known, or it is no cube.
    """
    from cryoloom.engine.maps import resample
    from cryoloom.formats import read_header, read_volume

    pixel_size = pixel_size or read_header(path).pixel_size
    if pixel_size is None:
        raise InputError(f"{path.name} does not say its pixel size; give it.", path=path)
    volume = read_volume(path)
    if len(set(volume.shape)) != 1:
        raise InputError(f"{path.name} is {' × '.join(map(str, volume.shape))}; a reference must be a cube.", path=path)
    if grid.is_that_of(len(volume), pixel_size):
        return volume
    return resample(volume, pixel_size=pixel_size, new_pixel_size=grid.pixel_size, box_size=grid.box_size)


def read_chosen_reference(
    volumes: Snapshot[Any], number: int, grid: CommonGrid, workspace: RoundWorkspace
) -> NDArray[np.float32]:
    """One of several maps, on the grid of the images.

    Parameters
    ----------
    volumes : the input
    number : of the map, from 1: the parameter ``reference_number``
    grid : box and pixel size of the images
    workspace : of the round

    Raises
    ------
    InputError
        If there are fewer maps, or it is no cube.
    """
    volume = chosen_volume(volumes, number, "reference_number")
    return read_reference(workspace.resolve(volume.file), grid, pixel_size=volume.pixel_size)


def read_mask(path: Path, grid: CommonGrid) -> NDArray[np.float32]:
    """A mask on the grid of the images.

    Raises
    ------
    InputError
        If it is of another size.
    """
    import numpy as np

    from cryoloom.formats import read_header, read_volume

    pixel_size, mask = read_header(path).pixel_size, read_volume(path)
    if pixel_size is None:
        pixel_size = grid.pixel_size
    if not grid.is_that_of(len(mask), pixel_size):
        raise InputError(
            f"{path.name} has {len(mask)} px of {pixel_size:.3f} Å and the images {grid}; resample the mask to that.",
            path=path,
        )
    return np.clip(mask, 0.0, 1.0)
