"""What the items that a Map makes inherit of those they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cryoloom.data import Item, item_kind


class Inheritance:
    """Columns that every item made of one leading item gets, beside those that its protocol gives it.

    They are the columns that the kinds of the inputs do not declare, and those that they declare as inherited (a
    movie's place on the grid). A column is taken from the nearest row that has it: that of the item's parent, then the
    leading one, then those of the other inputs in the order of their declaration. Columns that the kind of the made
    item declares are never inherited: there its protocol has the word, also when it says nothing.

    Parameters
    ----------
    kinds : name of an input → kind of its items
    leading : name of the leading input
    rows : name of an input → its row, its list of rows, or None
    """

    def __init__(self, kinds: Mapping[str, str], leading: str, rows: Mapping[str, Any]) -> None:
        self._of_all: dict[str, tuple[str, Any]] = {}
        self._of_parent: dict[int, dict[str, tuple[str, Any]]] = {}
        for name in (leading, *(name for name in rows if name != leading)):
            kind, value = item_kind(kinds[name]), rows[name]
            if isinstance(value, Mapping):
                for column, held in kind.bequeathed(value).items():
                    self._of_all.setdefault(column, (name, held))
            elif isinstance(value, Sequence):
                for row in value:
                    bequeathed = kind.bequeathed(row)
                    self._of_parent[row["id"]] = {column: (name, held) for column, held in bequeathed.items()}
        self._origins: dict[str, str] = {}

    @property
    def origins(self) -> Mapping[str, str]:
        """Column → name of the input that it was taken from, of the items completed so far."""
        return self._origins

    def completed(self, item: Item) -> dict[str, Any]:
        """The row of an item, with what it inherits."""
        row = item.to_row()
        declared = type(item).schema()
        inherited = self._of_all | self._of_parent.get(item.parent_id, {})
        for column, (name, value) in inherited.items():
            if value is not None and column not in declared and column not in row:
                row[column] = value
                self._origins.setdefault(column, name)
        return row
