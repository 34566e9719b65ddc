"""Orientations: Euler angles and matrices, grids of them over the sphere and about a point, distances, and poses."""

from cryoloom.engine.orientations._distances import angular_distance
from cryoloom.engine.orientations._euler import euler_angles, rotation_matrices
from cryoloom.engine.orientations._grids import directions, local_rotations, orientation_grid
from cryoloom.engine.orientations._known import KnownPoses
from cryoloom.engine.orientations._unit import asymmetric_unit

__all__ = [
    "KnownPoses",
    "angular_distance",
    "asymmetric_unit",
    "directions",
    "euler_angles",
    "local_rotations",
    "orientation_grid",
    "rotation_matrices",
]
