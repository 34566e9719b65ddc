"""Poses of the other hand, in a STAR file."""

from __future__ import annotations

from pathlib import Path

from cryoloom.errors import FormatError

_NAMES = ("rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi")


def write_other_poses(star: Path, output: Path) -> int:
    """Write a STAR file of particles anew, with the poses that they have in the inverted map.

    Parameters
    ----------
    star : file of RELION, of any version
    output : where it is written; all other columns and tables stay what they are

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

    blocks = read_star(star)
    for name, block in blocks.items():
        if isinstance(block, pl.DataFrame) and set(_NAMES) <= set(block.columns):
            angles = poses_of_other_hand(block.select(_NAMES).to_numpy())
            turned = [pl.Series(label, angles[:, axis]) for axis, label in enumerate(_NAMES)]
            write_star(output, {**blocks, name: block.with_columns(turned)})
            return block.height
    raise FormatError(f"{star.name} holds no table with {', '.join(_NAMES)}.", path=star)
