"""Maps that particles are compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoloom.errors import InputError
from cryoloom.protocols.imposed_symmetry import imposed_copies
from cryoloom.protocols.volumes import chosen_volume, mask_file_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.data import Mask, Snapshot, Volume
    from cryoloom.engine.ctf_refinement import Reference
    from cryoloom.protocols.particle_images import CommonGrid
    from cryoloom.workflow.workspace import RoundWorkspace

_OVERSHOOT = 0.2  # of the edge of a mask that was resampled elsewhere
_SAME_WIDTH = 1.0  # pixels by which the width of a mask may differ from that of the images


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
        If its pixel size is not known, it is no cube, or holds nothing.
    """
    from cryoloom.formats import read_header

    pixel_size = pixel_size or read_header(path).pixel_size
    if pixel_size is None:
        raise InputError(f"{path.name} does not say its pixel size; give --reference-pixel-size.", path=path)
    volume = _on_grid(_read_cube(path), pixel_size, grid)
    if volume.min() == volume.max():
        raise InputError(f"{path.name} is {volume.flat[0]:g} everywhere; give a map of the particle.", path=path)
    return volume


def _read_cube(path: Path) -> NDArray[np.float32]:
    from cryoloom.formats import read_volume

    volume = read_volume(path)
    if len(set(volume.shape)) != 1:
        raise InputError(f"{path.name} is {' × '.join(map(str, volume.shape))}; it must be a cube.", path=path)
    return volume


def _on_grid(volume: NDArray[np.float32], pixel_size: float, grid: CommonGrid) -> NDArray[np.float32]:
    from cryoloom.engine.maps import resample

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


def read_mask(path: Path, grid: CommonGrid, *, pixel_size: float | None = None) -> NDArray[np.float32]:
    """A mask on the grid of the images, cut to 0 to 1.

    A mask that is as wide as the images is sampled as they are. One of another width was made for other images, or its
    file tells a wrong pixel size.

    Parameters
    ----------
    path : of the mask
    grid : box and pixel size of the images
    pixel_size : of the mask in Å, if its file does not tell; None: that of the images

    Raises
    ------
    InputError
        If it is not as wide as the images, no cube, does not lie between 0 and 1, holds nothing, does not come near 1,
        or surrounds hardly a voxel.
    """
    from cryoloom.engine.maps import fault_of_mask
    from cryoloom.formats import read_header

    header = read_header(path)
    pixel_size = pixel_size or header.pixel_size or grid.pixel_size
    edge = header.shape[-1]
    if abs(edge * pixel_size - grid.extent) > _SAME_WIDTH * max(pixel_size, grid.pixel_size):
        raise InputError(
            f"{path.name} has {edge} px of {pixel_size:.3f} Å, which is {edge * pixel_size:.0f} Å, and the images "
            f"{grid}, which is {grid.extent:.0f} Å; resample the mask to that, or correct its pixel size.",
            path=path,
        )
    mask = _read_cube(path)
    low, high = float(mask.min()), float(mask.max())
    if low < -_OVERSHOOT or high > 1.0 + _OVERSHOOT:
        raise InputError(f"{path.name} goes from {low:g} to {high:g}; a mask lies between 0 and 1.", path=path)
    mask = _on_grid(mask, pixel_size, grid).clip(0.0, 1.0)  # a sharp edge rings when it is resampled
    if not mask.any():
        raise InputError(f"{path.name} holds nothing; a mask is 1 where the particle is, and 0 elsewhere.", path=path)
    fault = fault_of_mask(mask)
    if fault:
        raise InputError(f"{path.name} {fault}.", path=path)
    return mask


def read_only_mask(masks: Snapshot[Any], grid: CommonGrid, workspace: RoundWorkspace) -> NDArray[np.float32]:
    """The only mask of a set, on the grid of the images.

    Raises
    ------
    InputError
        If there are several, or it is not as wide as the images.
    """
    listed: list[Mask] = list(masks.items())
    if len(listed) != 1:
        raise InputError(f"There are {len(listed)} masks; give one.")
    return read_mask(workspace.resolve(listed[0].file), grid, pixel_size=listed[0].pixel_size)


@dataclass(frozen=True)
class ReferenceFiles:
    """Maps in files.

    Parameters
    ----------
    full : of all particles; not read if there are half maps
    halves : both half maps, or none
    mask : from 0 to 1, or none
    pixel_size : of all of them in Å, if the files do not tell
    copies : order of the point group that was imposed on the halves
    """

    full: Path | None
    halves: tuple[Path, Path] | None = None
    mask: Path | None = None
    pixel_size: float | None = None
    copies: int = field(kw_only=True)

    def read(self, grid: CommonGrid, *, threads: int = 1) -> Reference:
        """The maps on the grid of the images."""
        from cryoloom.engine.ctf_refinement import Reference, reference_of_halves

        mask = None
        if self.mask is not None:
            mask = read_mask(self.mask, grid, pixel_size=self.pixel_size)
        if self.halves is not None:
            first, second = (read_reference(path, grid, pixel_size=self.pixel_size) for path in self.halves)
            return reference_of_halves(
                first, second, pixel_size=grid.pixel_size, copies=self.copies, mask=mask, threads=threads
            )
        if self.full is None:
            raise InputError("There is no map to compare the particles with; give a map, or both half maps.")
        full = read_reference(self.full, grid, pixel_size=self.pixel_size)
        return Reference((full if mask is None else full * mask,))


def reference_files(reference: Snapshot[Any], masks: Snapshot[Any] | None, workspace: RoundWorkspace) -> ReferenceFiles:
    """The only map of a set, with its halves, and the mask that belongs to it.

    Parameters
    ----------
    reference : volumes
    masks : None: the map's own, if it has one
    workspace : of the round
    """
    volumes = list(reference.items())
    if len(volumes) != 1:
        raise InputError(f"The reference must be one map, and there are {len(volumes)}; connect the one to use.")
    volume: Volume = volumes[0]
    halves = None
    if volume.half1_file and volume.half2_file:
        halves = workspace.resolve(volume.half1_file), workspace.resolve(volume.half2_file)
    mask = mask_file_of(volume, None if masks is None else list(masks.items()))
    return ReferenceFiles(
        workspace.resolve(volume.file),
        halves,
        None if mask is None else workspace.resolve(mask),
        volume.pixel_size,
        copies=1 if halves is None else imposed_copies(volume, workspace.warn),
    )
