"""Where an item comes from: through every run, back to what was imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryoloom.data import Item, Snapshot, StoredSet
from cryoloom.errors import NotFoundError
from cryoloom.workflow.driver import RoundFolder
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.making import attempts_that_made
from cryoloom.workflow.run import AttemptRequest, OutputReference, RunFolder

_LINKS = ("id", "parent_id", "micrograph_id")
"""Columns by which an item says what it comes from, the nearest first: a one-to-one step and a set operation keep the
id, other steps note the parent's, and what lies in a micrograph also the micrograph's."""


@dataclass(frozen=True, slots=True)
class Ancestor:
    """An item in one set, on the way back.

    Parameters
    ----------
    run, number, protocol : whose output the set is
    output : its name
    kind : of the item
    item : identity, 16 hexadecimal digits
    generation : of the set, in which it was looked up
    files : column → file it names, below the project's folder or absolute
    protocol_version, parameters : that made it; 0 and empty if its run says nothing of it
    attempt : number of the attempt that made it, 0 if that is not known
    made_from : places of its own ancestors in the list, nearest link first
    by : the columns by which each of ``made_from`` was found
    whole_inputs : inputs that were read as a whole or of which nothing leads to this item: name → items
    """

    run: str
    number: int
    protocol: str
    output: str
    kind: str
    item: str
    generation: int
    files: Mapping[str, str]
    protocol_version: int
    parameters: Mapping[str, Any]
    attempt: int
    made_from: tuple[int, ...]
    by: tuple[str, ...]
    whole_inputs: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything that an item was made from.

    Parameters
    ----------
    ancestors : the item itself first; each item of each set once
    """

    ancestors: tuple[Ancestor, ...]

    @property
    def line(self) -> tuple[Ancestor, ...]:
        """From the item along the nearest links to where they end: for a particle, the movie."""
        found = [self.ancestors[0]]
        while found[-1].made_from:
            found.append(self.ancestors[found[-1].made_from[0]])
        return tuple(found)


def trace(graph: RunGraph, reference: OutputReference, item_id: int) -> Trace:
    """Follow an item back through the runs that it came through.

    Costs a look-up in every set on the way.

    Parameters
    ----------
    graph : of the project
    reference : an output of a run
    item_id : of an item in it

    Raises
    ------
    NotFoundError
        If the output does not hold the item.
    """
    if reference.run not in graph:
        raise NotFoundError(f"There is no run {reference.run} in this project.", path=graph.project.path)
    ancestors = _Walk(graph).from_item(_Place(reference.run, reference.output, item_id))
    if not ancestors:
        raise NotFoundError(
            f"{graph[reference.run].number}.{reference.output} holds no item {item_id:016x}.",
            path=graph.folder(reference.run).outputs / reference.output,
        )
    return Trace(tuple(ancestors))


@dataclass(frozen=True, slots=True)
class _Place:
    run: str
    output: str
    item: int


@dataclass(slots=True)
class _Visited:
    place: _Place
    snapshot: Snapshot[Item]
    row: dict[str, Any]
    made_from: list[int]
    by: list[str]
    whole_inputs: dict[str, int]


class _Walk:
    def __init__(self, graph: RunGraph) -> None:
        self._graph = graph
        self._snapshots: dict[tuple[str, str, int | None], Snapshot[Item] | None] = {}
        self._index: dict[_Place, int] = {}
        self._visited: list[_Visited] = []

    def from_item(self, place: _Place) -> list[Ancestor]:
        """The item and everything it comes from; nothing if it is not there."""
        if self._visit(place, None) is None:
            return []
        for visited in self._visited:  # grows on the way
            self._link(visited)
        return [self._ancestor(visited) for visited in self._visited]

    def _visit(self, place: _Place, generation: int | None) -> int | None:
        """The place of an item in the list; None if the set does not hold it."""
        if place not in self._index:
            snapshot = self._snapshot(place.run, place.output, generation)
            rows = None if snapshot is None else snapshot.rows([place.item])
            if snapshot is None or rows is None or not rows.height:
                return None
            self._index[place] = len(self._visited)
            self._visited.append(_Visited(place, snapshot, rows.row(0, named=True), [], [], {}))
        return self._index[place]

    def _link(self, visited: _Visited) -> None:
        """Look for what an item comes from in every input of its run."""
        entry = self._graph[visited.place.run]
        pinned = _pinned(self._graph.folder(visited.place.run))
        found: list[tuple[int, str, int]] = []
        for name, link in entry.inputs.items():
            match = self._match(visited.row, link.run, link.output, None)
            if match is None and name in pinned:
                match = self._match(visited.row, link.run, link.output, pinned[name])
            if match is not None:
                found.append((_LINKS.index(match[0]), *match))
            else:
                snapshot = self._snapshot(link.run, link.output, pinned.get(name))
                visited.whole_inputs[name] = 0 if snapshot is None else snapshot.count
        for _, column, place in sorted(found, key=lambda one: one[0]):
            visited.made_from.append(place)
            visited.by.append(column)

    def _match(self, row: dict[str, Any], run: str, output: str, generation: int | None) -> tuple[str, int] | None:
        for column in _LINKS:
            if row.get(column):
                place = self._visit(_Place(run, output, row[column]), generation)
                if place is not None:
                    return column, place
        return None

    def _snapshot(self, run: str, output: str, generation: int | None) -> Snapshot[Item] | None:
        key = (run, output, generation)
        if key not in self._snapshots:
            stored: StoredSet[Item] | None = None
            if run in self._graph:
                stored = StoredSet(self._graph.folder(run).outputs / output)
            try:
                self._snapshots[key] = (
                    None if stored is None else stored.latest() if generation is None else stored.at(generation)
                )
            except NotFoundError:
                self._snapshots[key] = None  # the generation was swept
        return self._snapshots[key]

    def _ancestor(self, visited: _Visited) -> Ancestor:
        place, entry = visited.place, self._graph[visited.place.run]
        request = _attempt_that_made(self._graph.folder(place.run), visited.row)
        return Ancestor(
            run=place.run,
            number=entry.number,
            protocol=entry.protocol,
            output=place.output,
            kind=visited.snapshot.kind,
            item=f"{place.item:016x}",
            generation=visited.snapshot.generation,
            files={name: value for name, value in visited.row.items() if _names_file(name) and value},
            protocol_version=request.protocol_version if request is not None else 0,
            parameters=request.parameters if request is not None else {},
            attempt=request.attempt if request is not None else 0,
            made_from=tuple(visited.made_from),
            by=tuple(visited.by),
            whole_inputs=visited.whole_inputs,
        )


def _pinned(folder: RunFolder) -> Mapping[str, int]:
    """Input → the generation from which the newest result of a Whole run was computed."""
    computed = [found for found in RoundFolder.all(folder.rounds) if found.is_computed()]
    return computed[-1].generations() if computed else {}


def _attempt_that_made(folder: RunFolder, row: Mapping[str, Any]) -> AttemptRequest | None:
    """The attempt that the ledger names for an item or for what it was made from; else the last that made anything."""
    stored: StoredSet[Item] = StoredSet(folder.ledger)
    ledger = stored.latest()
    if ledger is not None:
        keys = [row[column] for column in _LINKS if row.get(column)]
        told = {entry["id"]: entry["attempt"] for entry in ledger.rows(keys).iter_rows(named=True)}
        number = next((told[key] for key in keys if key in told), None)
        if number in folder.attempt_numbers():
            return folder.attempt(number).request()
    made = attempts_that_made(folder)
    return made[-1] if made else None


def _names_file(column: str) -> bool:
    return column in {"file", "thumbnail"} or column.endswith(("_file", "_picture"))
