"""Set tools: choose, combine, divide, edit, join."""

from cryoloom.protocols.sets._columns import EditColumns, JoinColumns
from cryoloom.protocols.sets._select import CombineItems, Curate, FilterItems, SplitItems

__all__ = ["CombineItems", "Curate", "EditColumns", "FilterItems", "JoinColumns", "SplitItems"]
