"""Point groups: which rotations leave a particle as it is."""

from cryoloom.engine.symmetry._expand import equivalent_angles
from cryoloom.engine.symmetry._groups import PointGroup, point_group

__all__ = ["PointGroup", "equivalent_angles", "point_group"]
