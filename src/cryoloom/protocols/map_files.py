"""Maps in files, and what is done to them there: the same for protocols and tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.errors import FormatError, InputError
from cryoloom.protocols.volumes import half_files_of, mask_file_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.data import Mask, Volume
    from cryoloom.formats import ImageHeader
    from cryoloom.workflow.workspace import Workspace

_SAME_PIXEL_SIZE = 1.001  # ratio up to which two pixel sizes are one


@dataclass(frozen=True)
class MapFile:
    """A map that was read.

    Parameters
    ----------
    path : of its file
    volume : (n, n, n)
    pixel_size : in Å
    origin : (x, y, z) of the centre of its first voxel, in Å
    remarks : what was ignored or assumed of its header
    """

    path: Path
    volume: NDArray[np.float32]
    pixel_size: float
    origin: tuple[float, float, float]
    remarks: tuple[str, ...]


def read_map(path: Path, *, pixel_size: float | None = None, option: str = "--pixel-size") -> MapFile:
    """Read a map.

    Parameters
    ----------
    path : MRC or CCP4 file
    pixel_size : in Å, which goes before what the file says
    option : by which a person states it

    Raises
    ------
    FormatError
        If it is no cube.
    InputError
        If neither the file nor the caller says the pixel size.
    """
    from cryoloom.formats import read_volume
    from cryoloom.formats.mrc import read_header as read_mrc_header

    header, size = check_map(path, pixel_size=pixel_size, option=option)
    return MapFile(path, read_volume(path), size, read_mrc_header(path).origin, tuple(header.remarks))


def check_map(
    path: Path, *, pixel_size: float | None = None, option: str = "--pixel-size"
) -> tuple[ImageHeader, float]:
    """What a file says of itself, and the pixel size in Å; refuse what is no map, as `read_map` does."""
    from cryoloom.formats import read_header

    header = read_header(path)
    size = header.pixel_size if pixel_size is None else pixel_size
    if not size:
        raise InputError(f"{path.name} does not say its pixel size; give {option}.", path=path)
    if len(set(header.shape)) != 1:
        raise FormatError(f"{path.name} is {' × '.join(map(str, header.shape))}; a map must be a cube.", path=path)
    return header, size


def read_maps(paths: Sequence[Path], *, pixel_size: float | None = None) -> list[MapFile]:
    """Read maps that belong together.

    Raises
    ------
    InputError
        If their boxes or pixel sizes differ.
    """
    maps = [read_map(path, pixel_size=pixel_size) for path in paths]
    check_alike(maps)
    return maps


def read_halves(volume: Volume, masks: Sequence[Mask] | None, workspace: Workspace) -> list[MapFile]:
    """Both halves of a map, and as the third its mask if there is one, each read once.

    Raises
    ------
    InputError
        If the map has no halves, or it is not known which of several masks is its own.
    """
    mask = mask_file_of(volume, masks)
    names = [*half_files_of(volume), *([] if mask is None else [mask])]
    return read_maps([workspace.resolve(name) for name in names], pixel_size=volume.pixel_size)


def check_alike(maps: Sequence[MapFile]) -> None:
    """Refuse maps that do not belong together.

    Raises
    ------
    InputError
        If their boxes or pixel sizes differ.
    """
    first = maps[0]
    for other in maps[1:]:
        if other.volume.shape != first.volume.shape:
            raise InputError(
                f"{other.path.name} has a box of {len(other.volume)} voxels and {first.path.name} one of "
                f"{len(first.volume)}; resample or crop one of them.",
                path=other.path,
            )
        if not _same_pixel_size(first, other):
            raise InputError(
                f"{other.path.name} says a pixel size of {other.pixel_size:g} Å and {first.path.name} of "
                f"{first.pixel_size:g} Å; resample one of them, or state the pixel size.",
                path=other.path,
            )


def _same_pixel_size(first: MapFile, second: MapFile) -> bool:
    finer, coarser = sorted((first.pixel_size, second.pixel_size))
    return coarser <= _SAME_PIXEL_SIZE * finer


def sampled_as(given: MapFile, other: MapFile) -> tuple[MapFile, str]:
    """A map in the box and at the pixel size of another one.

    Parameters
    ----------
    given : the map
    other : tells the sampling

    Returns
    -------
    The map, and one sentence that says what was done to it; it is empty if nothing was.
    """
    box = len(other.volume)
    if len(given.volume) == box and _same_pixel_size(given, other):
        return given, ""
    remark = (
        f"{given.path.name}, {len(given.volume)} px of {given.pixel_size:.3f} Å, was sampled as {other.path.name} is, "
        f"{box} px of {other.pixel_size:.3f} Å."
    )
    volume = resampled(given, pixel_size=other.pixel_size, box_size=box)
    origin = _origin_of(box, other.pixel_size, given)
    return replace(given, volume=volume, pixel_size=other.pixel_size, origin=origin), remark


def mask_among(maps: Sequence[MapFile], *, threads: int = 1) -> NDArray[np.float32]:
    """The mask that was read after both halves of a map; without one, the particle is found.

    Parameters
    ----------
    maps : both halves and, if there is one, the mask
    threads : threads to use; the result does not depend on it
    """
    from cryoloom.engine.validation import soft_auto_mask

    if len(maps) > 2:
        return maps[2].volume
    mean = 0.5 * (maps[0].volume + maps[1].volume)
    return soft_auto_mask(mean, pixel_size=maps[0].pixel_size, threads=threads).mask


def doubt_of_halves(maps: Sequence[MapFile], mask: NDArray[np.float32]) -> str:
    """What is to be said against half maps themselves, in one sentence; empty if nothing is.

    Parameters
    ----------
    maps : both halves of a map, before whatever else
    mask : within which they are compared
    """
    from cryoloom.engine.validation import MASKED_BEFORE, is_masked_before

    return f"{MASKED_BEFORE}." if is_masked_before(maps[0].volume, maps[1].volume, mask) else ""


def write_map(path: Path, volume: NDArray[np.float32], *, like: MapFile, pixel_size: float | None = None) -> None:
    """Write a map that lies where another one does.

    Parameters
    ----------
    path : MRC file
    volume : (m, m, m), its rotation centre where that of ``like`` is
    like : tells the place and, unless it is given, the pixel size
    pixel_size : in Å
    """
    from cryoloom.formats import write_volume

    size = like.pixel_size if pixel_size is None else pixel_size
    write_volume(path, volume, pixel_size=size, origin=_origin_of(len(volume), size, like))


def _origin_of(box_size: int, pixel_size: float, like: MapFile) -> tuple[float, float, float]:
    """Centre of the first voxel, in Å, of a map with its rotation centre where that of another one is."""
    moved = (len(like.volume) // 2) * like.pixel_size - (box_size // 2) * pixel_size
    x, y, z = like.origin
    return x + moved, y + moved, z + moved


def resampled(given: MapFile, *, pixel_size: float | None, box_size: int | None) -> NDArray[np.float32]:
    """The map at another pixel size, in another box, or both; what is None stays."""
    from cryoloom.engine.maps import crop_or_pad, resample

    if pixel_size is None:
        return crop_or_pad(given.volume, box_size or len(given.volume))
    return resample(given.volume, pixel_size=given.pixel_size, new_pixel_size=pixel_size, box_size=box_size)
