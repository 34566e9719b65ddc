"""Who still needs files of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cryoloom.data import Item, Snapshot, StoredSet
from cryoloom.errors import CryoloomError
from cryoloom.workflow.behind import items_behind
from cryoloom.workflow.environment import Environment
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.index import RunEntry
from cryoloom.workflow.run import RunState

_CATEGORY_FOLDER = r"^(runs/[^/]+/files/[^/]+)/"


def needed_files(graph: RunGraph, environment: Environment) -> Mapping[str, str]:
    """Folders of files that the inputs of unfinished runs name, however many runs they were passed on through.

    A run is unfinished until it has finished and is not behind its inputs.

    Costs the reading of the text columns of their inputs.

    Returns
    -------
    Folder of a category below the project's, ``runs/000002-motion/files/micrographs`` → who needs it and why.
    """
    needed: dict[str, str] = {}
    read: dict[tuple[str, str], set[str]] = {}
    for ulid, entry in graph.runs.items():
        why = _unfinished(graph, ulid, entry, environment)
        if not why:
            continue
        for link in entry.inputs.values():
            if link.run not in graph:
                continue
            key = (link.run, link.output)
            if key not in read:
                stored: StoredSet[Item] = StoredSet(graph.folder(link.run).outputs / link.output)
                snapshot = stored.latest()
                read[key] = set() if snapshot is None else _folders_named_in(snapshot, graph.project.path)
            for folder in read[key]:
                needed.setdefault(folder, f"{entry.title} needs it, which {why}")
    return needed


def _unfinished(graph: RunGraph, ulid: str, entry: RunEntry, environment: Environment) -> str:
    """Why a run may still read its inputs, as the end of a sentence; empty if it has finished with them."""
    if entry.state is not RunState.FINISHED:
        return f"is {entry.state.value}" if entry.state is not None else "cannot be read"
    try:
        behind = items_behind(graph, ulid, environment.protocol(entry.protocol))
    except CryoloomError as error:
        return f"cannot be told to be up to date ({error})"
    return f"is behind its inputs by {behind}" if behind else ""


def _folders_named_in(snapshot: Snapshot[Item], project: Path) -> set[str]:
    import polars as pl

    folders: set[str] = set()
    for column in snapshot.schema:
        if column.dtype not in {"string", "list[string]"}:
            continue
        names = pl.col(column.name)
        names = names.explode() if column.dtype.startswith("list") else names
        for place in {project, project.resolve()}:
            names = names.str.strip_prefix(f"{place}/")
        found = snapshot.scan().select(names.str.extract(_CATEGORY_FOLDER).unique()).collect()
        folders.update(folder for folder in found[column.name] if folder is not None)
    return folders
