"""EPU's XML files, and the optics groups of aberration-free image shift."""

from cryoloom.formats.epu._read import read_acquisition
from cryoloom.formats.epu._shift_groups import ShiftGroups, group_by_shift

__all__ = ["ShiftGroups", "group_by_shift", "read_acquisition"]
