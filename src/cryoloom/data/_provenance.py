"""Provenance: from an item back to the movie that it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryoloom.data._item import Item
from cryoloom.data._stored import Snapshot
from cryoloom.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Ancestor:
    """What one set says of an item or of what it was made from.

    Parameters
    ----------
    kind, folder, generation : of the set
    item : None if the set does not hold it (any more)
    """

    kind: str
    folder: Path
    generation: int
    item: Item | None


def trace(item_id: int, snapshots: Sequence[Snapshot[Any]]) -> list[Ancestor]:
    """An item and its ancestors, one from each of a chain of sets.

    A one-to-one step keeps the id, any other notes the parent's; so each set is asked for the id of the nearest
    descendant that was found, and then for its parent's.

    Parameters
    ----------
    item_id : of an item of the first set
    snapshots : from the set of the item back to the movies, in the order of the graph

    Raises
    ------
    NotFoundError
        If the first set does not hold the item.
    """
    wanted = [item_id]
    line: list[Ancestor] = []
    for snapshot in snapshots:
        rows = snapshot.rows(wanted)
        found = {item.id: item for item in snapshot.items_of(rows)}
        item = next((found[identity] for identity in wanted if identity in found), None)
        if item is None and not line:
            raise NotFoundError(f"There is no item {item_id} in {snapshot.folder} at generation {snapshot.generation}.")
        if item is not None:
            wanted = [item.id, *([item.parent_id] if item.parent_id else [])]
        line.append(Ancestor(snapshot.kind, snapshot.folder, snapshot.generation, item))
    return line
