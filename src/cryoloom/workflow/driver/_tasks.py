"""What runs in a worker: it imports the protocol, calls its function, and returns rows."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoloom.data import Item, OpticsGroup, Snapshot, StoredSet, item_kind
from cryoloom.errors import CryoloomError, InputError, NotFoundError, disk_faults_explained
from cryoloom.workflow.driver._inheritance import Inheritance
from cryoloom.workflow.driver._rebuilding import content_digest
from cryoloom.workflow.driver._rounds import RoundFolder
from cryoloom.workflow.protocol import MapProtocol, Protocol, WholeProtocol
from cryoloom.workflow.workspace import RoundWorkspace, Workspace

if TYPE_CHECKING:
    from cryoloom.workflow.methods import Methods


def load_protocol(location: str) -> Protocol:
    """Import and make the protocol at ``module:Class``."""
    module, _, name = location.partition(":")
    protocol = getattr(importlib.import_module(module), name)()
    if not isinstance(protocol, Protocol):
        raise CryoloomError(f"{location} is no protocol.")
    return protocol


def process_item(
    *,
    location: str,
    parameters: Mapping[str, Any],
    kinds: Mapping[str, str],
    leading: str,
    rows: Mapping[str, Any],
    optics_groups: Sequence[Mapping[str, Any]],
    project: str,
    run: str,
    label: str,
    key: int,
    threads: int,
    prepared: Mapping[str, Any],
) -> dict[str, Any]:
    """Process one leading item of a Map protocol.

    Parameters
    ----------
    location : ``module:Class`` of the protocol
    parameters : as JSON
    kinds : name of an input → kind of its items
    leading : name of the leading input
    rows : name of an input → its row, its list of rows, or None
    optics_groups : those the rows refer to, as JSON
    project, run : folder of the project, name of the run's folder
    label, key : of the leading item
    threads : how many the task may keep busy
    prepared : what was found out once, before this item

    Returns
    -------
    ``outputs``: name → list of rows; ``inherited``: column that no protocol gave → input that it comes from;
    ``content``: digest of rows and files; ``optics_groups``: as JSON; ``warnings``: sentences; ``listings``: for the
    log.
    """
    protocol = _load_map_protocol(location)
    optics = {group.id: group for group in map(OpticsGroup.from_json, optics_groups)}
    items = {name: _items(kinds[name], value, optics) for name, value in rows.items()}
    workspace = Workspace(
        Path(project), run, label, key, frozenset(protocol.file_categories), threads, prepared=prepared
    )
    try:
        with _file_faults_explained(project):
            result = protocol.process(
                items.pop(leading), protocol.Parameters.model_validate(dict(parameters)), workspace, **items
            )
    finally:
        workspace.remove_scratch()
    ports = protocol.output_ports()
    by_output: Mapping[str, Item | Sequence[Item]]
    by_output = result if isinstance(result, Mapping) else {ports[0].name: result}
    outputs: dict[str, list[dict[str, Any]]] = {}
    made_optics: dict[int, OpticsGroup] = {}
    inheritance = Inheritance(kinds, leading, rows)
    for port in ports:
        made = by_output[port.name]
        outputs[port.name] = []
        for item in [made] if isinstance(made, Item) else made:
            outputs[port.name].append(inheritance.completed(item))
            attached = getattr(item, "attached_optics", None)
            if attached is not None:
                made_optics[attached.id] = attached
    return {
        "outputs": outputs,
        "inherited": dict(inheritance.origins),
        "content": content_digest(outputs, Path(project), run),
        "optics_groups": [group.to_json() for group in made_optics.values()],
        "warnings": workspace.warnings,
        "listings": workspace.listings,
    }


def prepare_items(
    *,
    location: str,
    parameters: Mapping[str, Any],
    kinds: Mapping[str, str],
    leading: str,
    rows: Sequence[Mapping[str, Any]],
    optics_groups: Sequence[Mapping[str, Any]],
    project: str,
    run: str,
    label: str,
    threads: int,
    more_may_come: bool,
) -> dict[str, Any]:
    """Find out what a Map protocol needs to know once, from the first items that need it.

    Parameters
    ----------
    rows : of the leading input
    more_may_come : it may be asked again with more items
    location, parameters, kinds, leading, optics_groups, project, run, label, threads : as for `process_item`

    Returns
    -------
    ``found``: a JSON document, or None; ``from``: ids of the items; ``warnings``: sentences; ``listings``: for the log.
    """
    protocol = _load_map_protocol(location)
    optics = {group.id: group for group in map(OpticsGroup.from_json, optics_groups)}
    items = [item_kind(kinds[leading]).from_row(row, optics.get(row.get("optics_group", 0))) for row in rows]
    workspace = Workspace(Path(project), run, label, 0, frozenset(protocol.file_categories), threads)
    try:
        with _file_faults_explained(project):
            found = protocol.prepare(
                items,
                protocol.Parameters.model_validate(dict(parameters)),
                workspace,
                more_may_come=more_may_come,
            )
    finally:
        workspace.remove_scratch()
    return {
        "found": found,
        "from": [row["id"] for row in rows],
        "warnings": workspace.warnings,
        "listings": workspace.listings,
    }


def _load_map_protocol(location: str) -> MapProtocol:
    protocol = load_protocol(location)
    if not isinstance(protocol, MapProtocol):
        raise CryoloomError(f"{location} is no Map protocol.")
    return protocol


@contextmanager
def _file_faults_explained(project: str) -> Iterator[None]:
    """Say in a sentence what the operating system says of a file, whichever it is."""
    try:
        with disk_faults_explained(project):
            yield
    except CryoloomError:
        raise
    except FileNotFoundError as error:
        raise NotFoundError(f"{error.filename}: there is no such file; put it back and try again.") from error
    except OSError as error:
        what = error.filename or "A file"
        raise InputError(f"{what} cannot be used ({error.strerror or error}); mend it and try again.") from error


def _items(kind: str, value: Any, optics: Mapping[int, OpticsGroup]) -> Item | list[Item] | None:
    if value is None:
        return None
    item = item_kind(kind)
    if isinstance(value, Mapping):
        return item.from_row(value, optics.get(value.get("optics_group", 0)))
    rows: Iterable[Mapping[str, Any]] = value
    return [item.from_row(row, optics.get(row.get("optics_group", 0))) for row in rows]


def compute_round(
    *,
    location: str,
    parameters: Mapping[str, Any],
    inputs: Mapping[str, tuple[str, int]],
    project: str,
    run: str,
    round_number: int,
    output_kinds: Mapping[str, str],
    threads: int,
    history: Methods | None,
) -> dict[str, list[str]]:
    """Compute one round of a Whole protocol and store its result in the round's folder.

    Parameters
    ----------
    location : ``module:Class`` of the protocol
    parameters : as JSON
    inputs : name of an input → folder of its set and pinned generation
    project, run : folder of the project, name of the run's folder
    round_number : counted from 1
    output_kinds : output → kind of its items
    threads : how many the task may keep busy
    history : how the inputs were made, for a protocol that shows it

    Returns
    -------
    ``warnings``, one sentence each, and ``listings`` for the log.
    """
    protocol = load_protocol(location)
    if not isinstance(protocol, WholeProtocol):
        raise CryoloomError(f"{location} is no Whole protocol.")
    workspace = RoundWorkspace(
        Path(project), run, f"round {round_number}", round_number, frozenset(protocol.file_categories), threads
    )
    workspace.number = round_number
    workspace.history = history
    snapshots = {name: _snapshot(Path(folder), generation) for name, (folder, generation) in inputs.items()}
    with _file_faults_explained(project):
        try:
            made = protocol.compute(snapshots, protocol.Parameters.model_validate(dict(parameters)), workspace)
        finally:
            workspace.remove_scratch()
        RoundFolder(workspace.folder).store_result(made, output_kinds, left_out=workspace.left_out)
    return {"warnings": workspace.warnings, "listings": workspace.listings}


def _snapshot(folder: Path, generation: int) -> Snapshot[Item]:
    stored: StoredSet[Item] = StoredSet(folder)
    return stored.at(generation)
