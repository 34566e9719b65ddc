"""Maps that are given to a protocol: which of them, their halves and mask, and what work on them needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryoloom.data import Mask, Snapshot, Volume
from cryoloom.errors import InputError
from cryoloom.workflow.lane import Resources

_PROGRAM = 300 * 2**20
_FEW_CORES = 2

FILES = {"file": "", "half1_file": "_half1", "half2_file": "_half2", "mask_file": "_mask"}
"""Columns of a volume that name maps, and what the names of their files end in."""


def map_resources(box_size: int, *, arrays: int) -> Resources:
    """Two cores, and memory for so many arrays of single precision at once."""
    return Resources(cpu=_FEW_CORES, memory=map_memory(box_size, arrays=arrays))


def map_memory(box_size: int, *, arrays: int) -> int:
    """Bytes of the program, and of so many arrays of single precision."""
    return _PROGRAM + 4 * arrays * box_size**3


def files_of(volume: Volume) -> int:
    """How many maps there are of it: itself, halves and mask."""
    return sum(bool(getattr(volume, column)) for column in FILES)


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
