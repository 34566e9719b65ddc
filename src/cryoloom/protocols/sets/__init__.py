"""Set tools: choose, combine, divide, edit, join, group."""

from cryoloom.protocols.sets._columns import EditColumns, JoinColumns
from cryoloom.protocols.sets._named import ids_in, written
from cryoloom.protocols.sets._optics import GroupOptics
from cryoloom.protocols.sets._select import CombineItems, Curate, FilterItems, SplitItems

__all__ = [
    "CombineItems",
    "Curate",
    "EditColumns",
    "FilterItems",
    "GroupOptics",
    "JoinColumns",
    "SplitItems",
    "ids_in",
    "written",
]
