"""Where poses were found, and what half sets were shown then: told by a STAR file as long as it holds these poses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from cryoloom.formats.relion._labels import OUR_PREFIX

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FOUND_IN, _SHARED = "poses_from", "shared_resolution"
_TOLD = (_FOUND_IN, _SHARED)
_SHIFT, _STAMP = "shift_x", "poses_from_shift_x"  # the stamp is the shift of the poses of which it is told
_SAME = 1e-3  # Å
_ANGLES = ("rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi")
_SHIFTS = ("rlnOriginXAngst", "rlnOriginYAngst")
_OURS: Mapping[str, str] = {
    **{OUR_PREFIX + name: name for name in (*_TOLD, _STAMP)},
    _SHIFTS[0]: _SHIFT,
}


def stamped(frame: pl.DataFrame) -> pl.DataFrame:
    """The particles, with the shift that belongs to what is told of their poses."""
    told = [_is_told(name) for name in _TOLD if name in frame.columns]
    if _SHIFT not in frame.columns or not told or not frame.select(pl.any_horizontal(told).any()).item():
        return frame
    return frame.with_columns(pl.col(_SHIFT).alias(_STAMP))


def told_of_these_poses(frame: pl.DataFrame) -> pl.DataFrame:
    """The particles, knowing where their poses were found only if another program has not found others since."""
    if not {_STAMP, _SHIFT} <= set(frame.columns):
        return frame.drop(*_TOLD, _STAMP, strict=False)
    same = (_number(_SHIFT) - _number(_STAMP)).abs() < _SAME
    told = {
        _FOUND_IN: pl.when(same).then(pl.col(_FOUND_IN).cast(pl.String)).fill_null(""),
        _SHARED: pl.when(same & _number(_SHARED).is_finite()).then(_number(_SHARED)),
    }
    return frame.with_columns(told[name].alias(name) for name in _TOLD if name in frame.columns).drop(_STAMP)


def _is_told(name: str) -> pl.Expr:
    return pl.col(name).is_not_null() if name == _SHARED else pl.col(name).fill_null("") != ""


def _number(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64, strict=False)


def with_moved_poses(block: pl.DataFrame, angles: NDArray[np.floating], shifts: NDArray[np.floating]) -> pl.DataFrame:
    """A table of a STAR file with poses that moved with their map, which were still found where the former ones were.

    Parameters
    ----------
    block : n particles, with RELION's labels
    angles : (n, 3) rot, tilt and psi in degrees, RELION's ZYZ
    shifts : (n, 2) x and y in Å with RELION's sign

    Returns
    -------
    All other columns are what they are. What is told of poses that another program has found since is left out.
    """
    moved = [pl.Series(label, angles[:, axis]) for axis, label in enumerate(_ANGLES)]
    moved += [pl.Series(label, shifts[:, axis]) for axis, label in enumerate(_SHIFTS)]
    ours = {label: name for label, name in _OURS.items() if label in block.columns}
    if set(ours.values()) <= {_SHIFT}:
        return block.with_columns(moved)
    told = told_of_these_poses(block.select(ours.keys()).rename(ours))
    block = block.drop(label for label, name in ours.items() if name != _SHIFT).with_columns(moved)
    again = stamped(told.with_columns(block[_SHIFTS[0]].alias(_SHIFT))).drop(_SHIFT)
    return block.with_columns(again.rename(lambda name: OUR_PREFIX + name).get_columns())
