"""Point groups: which rotations leave a particle as it is."""

from cryoloom.engine.symmetry._expand import equivalent_angles
from cryoloom.engine.symmetry._groups import PointGroup, group_order, point_group

__all__ = ["PointGroup", "equivalent_angles", "group_order", "point_group"]
