"""Rigid alignment of maps: to each other, and to the axes of their symmetry; maps and poses moved accordingly.

>>> fit = fit_map(volume, reference, pixel_size=4.0, mirror=True)
>>> moved = move_map(volume, fit.motion, pixel_size=4.0)
>>> angles, shifts = move_poses(angles, shifts, fit.motion)
"""

from cryoloom.engine.alignment._axes import SymmetryFit, align_to_symmetry, operator_correlations
from cryoloom.engine.alignment._cost import axes_seconds, fit_seconds, moving_seconds
from cryoloom.engine.alignment._fit import MapFit, fit_map
from cryoloom.engine.alignment._proposal import LEAST_CORRELATION, SymmetryProposal, propose_symmetry
from cryoloom.engine.alignment._rigid import RigidMotion, move_map, move_poses

__all__ = [
    "LEAST_CORRELATION",
    "MapFit",
    "RigidMotion",
    "SymmetryFit",
    "SymmetryProposal",
    "align_to_symmetry",
    "axes_seconds",
    "fit_map",
    "fit_seconds",
    "move_map",
    "move_poses",
    "moving_seconds",
    "operator_correlations",
    "propose_symmetry",
]
