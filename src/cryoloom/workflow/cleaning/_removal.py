"""Removing runs to the trash, and bringing them back."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from cryoloom.durable import create_json, sync_folder
from cryoloom.errors import CryoloomError, NotFoundError, ProjectError
from cryoloom.workflow.cleaning._confined import bytes_freed_by, delete, look_below, opened_folder
from cryoloom.workflow.cleaning._trash import RemovalRecord, TrashedRun, trashed_runs
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.index import RunEntry
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.run import HeartbeatWatch, RunFolder, as_document, standing


@dataclass(frozen=True, slots=True)
class Removed:
    """A run that would go to the trash.

    Parameters
    ----------
    run, number, protocol, label : of the run
    folder : its name below ``runs/``
    attempt : number of its newest attempt
    bytes : that emptying the trash would give back
    why_not : why it cannot be removed; empty if it can
    """

    run: str
    number: int
    protocol: str
    label: str
    folder: str
    attempt: int
    bytes: int
    why_not: str


@dataclass(frozen=True, slots=True)
class RemovalPlan:
    """A preview.

    Parameters
    ----------
    runs : those that would go, each before what it reads
    bytes : that emptying the trash would give back afterwards
    """

    runs: tuple[Removed, ...]
    bytes: int

    @property
    def refusals(self) -> tuple[str, ...]:
        """Why nothing is removed, a sentence for each run that cannot be; none if all can."""
        return tuple(run.why_not for run in self.runs if run.why_not)

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {"runs": [asdict(run) for run in self.runs], "bytes": self.bytes, "refusals": list(self.refusals)}


def plan_removal(
    project: ProjectFolder, runs: Collection[str], *, with_readers: bool = False, watch: HeartbeatWatch | None = None
) -> RemovalPlan:
    """Preview the removal of runs to the trash; nothing is changed.

    Parameters
    ----------
    project : its folder
    runs : ULIDs
    with_readers : remove everything that was made from them, too
    watch : the observer's memory of heartbeats; without it, drivers on other machines count as alive

    Raises
    ------
    NotFoundError
        If there is no such run.
    """
    graph = RunGraph.read(project, watch)
    for ulid in runs:
        if ulid not in graph:
            raise NotFoundError(f"Project {project.path.name} has no run {ulid}.", path=project.path)
    chosen = dict.fromkeys(runs)
    if with_readers:
        chosen |= dict.fromkeys(reader for ulid in runs for reader in graph.downstream(ulid))
    ordered = [ulid for ulid in reversed(graph.upstream(chosen)) if ulid in chosen]
    found = {ulid: look_below(project.path, f"runs/{graph[ulid].folder}") for ulid in ordered}
    return RemovalPlan(
        tuple(
            _planned(graph[ulid], bytes_freed_by(found[ulid]), _why_not(graph, graph[ulid], chosen)) for ulid in ordered
        ),
        bytes_freed_by(one for files in found.values() for one in files),
    )


def _planned(entry: RunEntry, size: int, why_not: str) -> Removed:
    return Removed(entry.ulid, entry.number, entry.protocol, entry.label, entry.folder, entry.attempt, size, why_not)


def _why_not(graph: RunGraph, entry: RunEntry, chosen: Collection[str]) -> str:
    if entry.state is not None and entry.state.active:
        return f"{_capital(entry.title)} is {entry.state.value}; stop it first."
    readers = [graph[reader].title for reader in graph.readers(entry.ulid) if reader not in chosen]
    if readers:
        return f"{_capital(entry.title)} is read by {' and '.join(readers)}; remove what reads it, too."
    return ""


def _capital(title: str) -> str:
    return title[0].upper() + title[1:]


def remove(
    project: ProjectFolder, plan: RemovalPlan, *, actor: str = "", watch: HeartbeatWatch | None = None
) -> list[TrashedRun]:
    """Move runs to the trash, from which they can be restored.

    Parameters
    ----------
    project : its folder
    plan : made by `plan_removal`
    actor : who asked for it
    watch : as for `plan_removal`

    Raises
    ------
    ProjectError
        If the plan has refusals, or a run was started or connected since; runs that were moved before stay in the
        trash.
    """
    if plan.refusals:
        raise ProjectError(" ".join(plan.refusals), path=project.path)
    graph = RunGraph.read(project)
    for run in plan.runs:
        new_readers = [reader for reader in graph.readers(run.run) if all(reader != gone.run for gone in plan.runs)]
        if new_readers:
            raise ProjectError(
                f"{_capital(graph[new_readers[0]].title)} has come to read run {run.number} since the preview."
            )
    for run in plan.runs:
        _move_to_trash(project, run, actor, watch)
    moved = {run.run for run in plan.runs}
    return [run for run in trashed_runs(project) if run.ulid in moved]


def _move_to_trash(project: ProjectFolder, run: Removed, actor: str, watch: HeartbeatWatch | None) -> None:
    place = project.trash / run.run
    for parent, name in (("", "trash"), ("trash", run.run)):
        with opened_folder(project.path, parent) as folder, suppress(FileExistsError):
            os.mkdir(name, 0o777, dir_fd=folder)
    with opened_folder(project.path, "runs") as runs, opened_folder(project.path, f"trash/{run.run}") as trash:
        if not (place / "removed.json").exists():
            record = RemovalRecord(ulid=run.run, number=run.number, protocol=run.protocol, label=run.label, actor=actor)
            create_json(place / "removed.json", as_document(record))
        _rename(run.folder, runs, trash)
        now = RunFolder(place / run.folder)
        if max(now.attempt_numbers(), default=0) != run.attempt or standing(now, watch).state.active:
            _rename(run.folder, trash, runs)
            _forget(project, run.run)
            raise ProjectError(f"Run {run.number} has been started since the preview; stop it first.", path=now.path)
    sync_folder(project.runs)
    sync_folder(place)


def _rename(name: str, source: int, target: int) -> None:
    try:
        os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise ProjectError("The trash lies on another file system than the runs; put them on one.") from error
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
            raise ProjectError(f"There is another {name} where it was to go; move that away first.") from error
        raise


def restore(project: ProjectFolder, runs: Collection[str]) -> list[RunFolder]:
    """Bring removed runs back, with the numbers that they had.

    Parameters
    ----------
    project : its folder
    runs : ULIDs

    Raises
    ------
    NotFoundError
        If one is not in the trash.
    ProjectError
        If one reads another run that is in the trash and stays there.
    """
    trashed = {run.ulid: run for run in trashed_runs(project) if run.folder}
    for ulid in runs:
        if ulid not in trashed:
            raise NotFoundError(f"There is no run {ulid} in the trash.", path=project.trash)
        for source in _sources(project, trashed[ulid]):
            if source in trashed and source not in runs:
                raise ProjectError(
                    f"Run {trashed[ulid].number} reads run {trashed[source].number}, which is in the trash; "
                    "restore that, too.",
                    path=project.trash,
                )
    for ulid in sorted(runs, key=lambda ulid: trashed[ulid].number):  # what is read has the lower number
        run = trashed[ulid]
        with opened_folder(project.path, f"trash/{ulid}") as trash, opened_folder(project.path, "runs") as target:
            _rename(run.folder, trash, target)
        _forget(project, ulid)
    sync_folder(project.runs)
    return [RunFolder(project.runs / trashed[ulid].folder) for ulid in runs]


def _forget(project: ProjectFolder, ulid: str) -> None:
    """Delete the place of a run that does not lie in the trash any more."""
    found = look_below(project.path, f"trash/{ulid}")
    delete(project.path, [one for one in found if one.kind == "folder" or one.path.endswith("/removed.json")])


def _sources(project: ProjectFolder, run: TrashedRun) -> Iterator[str]:
    try:
        record = RunFolder(project.trash / run.ulid / run.folder).record()
    except (CryoloomError, OSError):
        return  # it is restored as it is
    yield from (link.run for link in record.inputs.values())
