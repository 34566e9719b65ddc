"""Poses that follow their map, in a STAR file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.errors import FormatError

if TYPE_CHECKING:
    from cryoloom.engine.alignment import RigidMotion

_NAMES = ("rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi")
_SHIFTS, _SHIFTS_IN_PIXELS = ("rlnOriginXAngst", "rlnOriginYAngst"), ("rlnOriginX", "rlnOriginY")


def write_other_poses(star: Path, output: Path) -> int:
    """Write a STAR file of particles anew, with the poses that they have in the inverted map.

    Parameters
    ----------
    star : file of RELION, of any version
    output : where it is written; all other columns and tables stay what they are, but for names
        of files that are found by another name from there

    Returns
    -------
    Number of particles

    Raises
    ------
    FormatError
        If it has no table with poses.
    """
    import polars as pl

    from cryoloom.engine.maps import poses_of_other_hand
    from cryoloom.formats import read_star
    from cryoloom.formats.star import write_star
    from cryoloom.protocols.particle_images import blocks_seen_from

    blocks = read_star(star)
    for name, block in blocks.items():
        if isinstance(block, pl.DataFrame) and set(_NAMES) <= set(block.columns):
            angles = poses_of_other_hand(block.select(_NAMES).to_numpy())
            turned = [pl.Series(label, angles[:, axis]) for axis, label in enumerate(_NAMES)]
            blocks[name] = block.with_columns(turned)
            write_star(output, blocks_seen_from(output.parent, blocks, star))
            return block.height
    raise FormatError(f"{star.name} holds no table with {', '.join(_NAMES)}.", path=star)


def write_moved_poses(star: Path, output: Path, motion: RigidMotion) -> int:
    """Write a STAR file of particles anew, with the poses that they have in a moved map.

    Parameters
    ----------
    star : file of RELION 3.1 or later, its shifts in Å
    output : where it is written; all other columns and tables stay what they are, but for names
        of files that are found by another name from there. It tells as before where the poses were found.
    motion : of the map

    Returns
    -------
    Number of particles

    Raises
    ------
    FormatError
        If it has no table with poses, or gives shifts in pixels of a size that it does not say.
    """
    import numpy as np
    import polars as pl

    from cryoloom.engine.alignment import move_poses
    from cryoloom.formats import read_star, relion
    from cryoloom.formats.star import write_star
    from cryoloom.protocols.particle_images import blocks_seen_from

    blocks = read_star(star)
    for name, block in blocks.items():
        if isinstance(block, pl.DataFrame) and set(_NAMES) <= set(block.columns):
            if set(_SHIFTS_IN_PIXELS) & set(block.columns) and not set(_SHIFTS) <= set(block.columns):
                raise FormatError(
                    f"{star.name} gives shifts in pixels; convert it to the layout of RELION 3.1 first.", path=star
                )
            here = block.select(label for label in _SHIFTS if label in block.columns)
            shifts = here.to_numpy() if here.width == len(_SHIFTS) else np.zeros((block.height, len(_SHIFTS)))
            angles, shifts = move_poses(block.select(_NAMES).to_numpy(), shifts, motion)
            blocks[name] = relion.with_moved_poses(block, angles, shifts)
            write_star(output, blocks_seen_from(output.parent, blocks, star))
            return block.height
    raise FormatError(f"{star.name} holds no table with {', '.join(_NAMES)}.", path=star)
