"""How many items of its inputs a run has not taken in yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cryoloom.data import Item, Snapshot, StoredSet
from cryoloom.workflow.driver import RoundFolder
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.parameters import validated
from cryoloom.workflow.protocol import InputPort, MapProtocol, Protocol, WholeProtocol
from cryoloom.workflow.run import RunFolder, RunState

if TYPE_CHECKING:
    import polars as pl


def items_behind(graph: RunGraph, ulid: str, protocol: type[Protocol]) -> int:
    """Items that came, changed or went in the inputs of a run, and that its result does not know of.

    A Map run that has finished, a rule on tables, and a round each know which generations they have taken in; what has
    changed since is counted, each item once (for a Map run: each leading item). For a Map run that is at work or was
    cut off, the leading items that its ledger does not hold are counted, and those that it holds and that are gone.

    Costs O(changes), or O(items) of the ids for a Map run that has not finished.

    Parameters
    ----------
    graph : of the project
    ulid : of the run
    protocol : what it runs
    """
    entry, folder = graph[ulid], graph.folder(ulid)
    inputs = _inputs(graph, ulid, protocol)
    if not inputs or not entry.attempt:
        return 0
    if issubclass(protocol, MapProtocol) and entry.state is not RunState.FINISHED:
        return _not_in_ledger(folder, inputs[0][1])
    taken = _generations_of_rounds(folder) if issubclass(protocol, WholeProtocol) else _generations_taken(folder)
    if issubclass(protocol, WholeProtocol) and _has_its_sample(folder, protocol):
        return 0
    if all(snapshot.generation == taken.get(port.name) for port, snapshot in inputs):
        return 0
    import polars as pl

    leading = inputs[0][1]
    changed = [_changed(port, snapshot, taken.get(port.name), leading) for port, snapshot in inputs]
    return int(pl.concat(changed).n_unique())


def _inputs(graph: RunGraph, ulid: str, protocol: type[Protocol]) -> list[tuple[InputPort, Snapshot[Item]]]:
    """Connected inputs that hold something, the leading one first; those of runs that were removed are left out."""
    found = []
    for port in protocol.input_ports():
        link = graph[ulid].inputs.get(port.name)
        if link is not None and link.run in graph:
            stored: StoredSet[Item] = StoredSet(graph.folder(link.run).outputs / link.output)
            snapshot = stored.latest()
            if snapshot is not None:
                found.append((port, snapshot))
    return found


def _generations_taken(folder: RunFolder) -> Mapping[str, int]:
    """Input → generation, as the newest attempt that took anything in has said."""
    for number in reversed(folder.attempt_numbers()):
        attempt = folder.attempt(number)
        end, status = attempt.end(), attempt.status()
        for told in (end, status):
            if told is not None and told.progress.generations:
                return told.progress.generations
    return {}


def _generations_of_rounds(folder: RunFolder) -> Mapping[str, int]:
    computed = [found for found in RoundFolder.all(folder.rounds) if found.is_computed()]
    return computed[-1].generations() if computed else {}


def _has_its_sample(folder: RunFolder, protocol: type[WholeProtocol]) -> bool:
    sample = protocol().sample_size(validated(protocol.Parameters, folder.record().parameters))
    rounds = RoundFolder.all(folder.rounds)
    return sample is not None and any(one.is_computed() and one.leading_count() >= sample for one in rounds)


def _changed(port: InputPort, snapshot: Snapshot[Item], generation: int | None, leading: Snapshot[Item]) -> pl.Series:
    """Ids that changed since a generation; of the leading items that they belong to, where rows or the port say so."""
    import polars as pl

    if snapshot.generation == generation:
        return pl.Series("id", [], pl.UInt64)
    changes = snapshot.changes_since(generation)
    if port.shared:
        return _ids(leading) if changes.upserted.height or len(changes.withdrawn) else pl.Series("id", [], pl.UInt64)
    keys = changes.upserted[port.grouped_by or "id"].cast(pl.UInt64).alias("id")
    return pl.concat([keys, pl.Series("id", changes.withdrawn, pl.UInt64)])


def _not_in_ledger(folder: RunFolder, leading: Snapshot[Item]) -> int:
    ids = _ids(leading)
    known = [_ids(found) for found in (_latest(folder, "ledger"), _latest(folder, "failed")) if found is not None]
    done = known[0] if known else ids.clear()
    for more in known[1:]:
        done = done.append(more)
    missing = ids.filter(~ids.is_in(done.implode())).len()
    gone = done.filter(~done.is_in(ids.implode())).len()
    return int(missing + gone)


def _latest(folder: RunFolder, name: str) -> Snapshot[Item] | None:
    stored: StoredSet[Item] = StoredSet(folder.path / name)
    return stored.latest()


def _ids(snapshot: Snapshot[Item]) -> pl.Series:
    return snapshot.to_polars(columns=["id"])["id"].unique()
