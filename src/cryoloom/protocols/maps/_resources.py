"""What work on maps needs, and which mask belongs to which map."""

from __future__ import annotations

from collections.abc import Sequence

from cryoloom.data import Mask, Volume
from cryoloom.errors import InputError
from cryoloom.workflow.lane import Resources

_PROGRAM = 300 * 2**20
_FEW_CORES = 2


def map_resources(box_size: int, *, arrays: int) -> Resources:
    """Two cores, and memory for so many arrays of single precision at once."""
    return Resources(cpu=_FEW_CORES, memory=_PROGRAM + 4 * arrays * box_size**3)


def mask_file_of(volume: Volume, masks: Sequence[Mask] | None) -> str | None:
    """The mask with the map's id, else the only one, else that of the map itself.

    Raises
    ------
    InputError
        If there are several masks, and none of them belongs to the map.
    """
    if not masks:
        return volume.mask_file or None
    belonging = [mask for mask in masks if mask.id == volume.id] or list(masks)
    if len(belonging) > 1:
        raise InputError(f"None of the {len(masks)} masks was made for this map; connect the one to use.")
    return belonging[0].file


def half_files_of(volume: Volume) -> tuple[str, str]:
    """Both half maps.

    Raises
    ------
    InputError
        If the map has none.
    """
    if not volume.half1_file or not volume.half2_file:
        raise InputError("The map has no half maps; refine it, or import it with its halves.")
    return volume.half1_file, volume.half2_file
