"""Finding out what a cleaning would remove."""

from __future__ import annotations

from collections.abc import Collection

from cryoloom.errors import CryoloomError, NotFoundError
from cryoloom.workflow.cleaning._candidates import OWN_CATEGORIES, TRASH, Candidate, candidates
from cryoloom.workflow.cleaning._confined import Found, look_below
from cryoloom.workflow.cleaning._exported import exported_places
from cryoloom.workflow.cleaning._needs import needed_files
from cryoloom.workflow.cleaning._plan import CleaningPlan, Share, share_of
from cryoloom.workflow.cleaning._trash import trashed_runs
from cryoloom.workflow.environment import Environment
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.index import RunEntry
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.pins import pinned_generations
from cryoloom.workflow.protocol import FileRole
from cryoloom.workflow.read_only import why_read_only
from cryoloom.workflow.run import HeartbeatWatch

CLEANED_BY_DEFAULT: Collection[FileRole] = (FileRole.REBUILDABLE, FileRole.SCRATCH)
"""Roles of the files that go unless something else is asked for."""


def plan_cleaning(
    project: ProjectFolder,
    environment: Environment,
    *,
    categories: Collection[str] | None = None,
    roles: Collection[FileRole] = CLEANED_BY_DEFAULT,
    runs: Collection[str] | None = None,
    watch: HeartbeatWatch | None = None,
) -> CleaningPlan:
    """Preview a cleaning; nothing is changed.

    Results go only if their role is asked for, and the trash only if its category is. What an unfinished run needs
    stays, and everything of a run that is being driven, or that can only be read.

    Costs a few system calls a file, and the reading of the inputs of unfinished runs.

    Parameters
    ----------
    project : its folder
    environment : tells the protocols that are installed
    categories : names; all but the trash if not given
    roles : only files of these
    runs : ULIDs; all if not given
    watch : the observer's memory of heartbeats; without it, drivers on other machines count as alive

    Raises
    ------
    NotFoundError
        If no run has files of a category, or there is no such run.
    """
    graph = RunGraph.read(project, watch)
    planner = Planner(project, graph, environment, categories, roles)
    trashed = {run.ulid: run for run in trashed_runs(project)}
    for ulid in graph.runs if runs is None else runs:
        if ulid in graph:
            planner.add_run(graph[ulid])
        elif ulid not in trashed:
            raise NotFoundError(f"Project {project.path.name} has no run {ulid}.", path=project.path)
    if categories is not None and TRASH in categories:
        for ulid, run in trashed.items():
            if runs is None or ulid in runs:
                planner.add_trashed(ulid, run.number)
    planner.check_categories()
    return CleaningPlan.of(planner.goes, planner.stays)


class Planner:
    """Gathers what goes and what stays, run by run.

    Parameters
    ----------
    project : its folder
    graph : of its runs
    environment : tells the protocols that are installed
    categories : names; all but the trash if None
    roles : only files of these
    """

    def __init__(
        self,
        project: ProjectFolder,
        graph: RunGraph,
        environment: Environment,
        categories: Collection[str] | None,
        roles: Collection[FileRole],
    ) -> None:
        self._project = project
        self._graph = graph
        self._environment = environment
        self._needed = needed_files(graph, environment)
        self._exported = exported_places(project.path)
        self._categories = categories
        self._roles = roles
        self._pinned = pinned_generations(project.path)
        self._seen: set[str] = set(OWN_CATEGORIES)
        self.goes: list[tuple[Share, list[Found]]] = []
        self.stays: list[Share] = []

    def add_run(self, entry: RunEntry) -> None:
        """Plan for one run."""
        why = self._why_left_alone(entry)
        taken: set[str] = set()
        try:
            for candidate in candidates(self._project.path, self._graph.folder(entry.ulid), self._pinned):
                self._seen.add(candidate.category)
                if self._categories is None or candidate.category in self._categories:
                    self._add(entry, candidate, why or self._why_kept(candidate), taken)
        except (CryoloomError, OSError) as error:
            self.stays.append(Share(entry.ulid, entry.number, "", "", f"runs/{entry.folder}", 0, 0, str(error)))

    def _add(self, entry: RunEntry, candidate: Candidate, why: str, taken: set[str]) -> None:
        found = [one for root in candidate.roots for one in look_below(self._project.path, root)]
        found = [one for one in found if one.path not in taken]
        share = share_of(
            found,
            run=entry.ulid,
            number=entry.number,
            category=candidate.category,
            role=candidate.role.value,
            path=candidate.place,
            why=why,
            exported_in=self._exported.get(candidate.place, ()),
        )
        if why:
            self.stays.append(share)
        elif found:
            self.goes.append((share, found))
            taken.update(one.path for one in found)

    def _why_left_alone(self, entry: RunEntry) -> str:
        if entry.state is None:
            return f"{entry.title} cannot be read: {entry.problem}"
        if entry.state.active:
            return f"{entry.title} is {entry.state.value}"
        return why_read_only(self._graph.folder(entry.ulid), self._environment)

    def _why_kept(self, candidate: Candidate) -> str:
        if candidate.role not in self._roles:
            return f"{candidate.role.value}: goes only if files of this role are asked for"
        return self._needed.get(candidate.place, "")

    def add_trashed(self, ulid: str, number: int) -> None:
        """Plan to delete a removed run for good."""
        place = f"trash/{ulid}"
        try:
            found = look_below(self._project.path, place)
        except (CryoloomError, OSError) as error:
            self.stays.append(Share(ulid, number, TRASH, "", place, 0, 0, str(error)))
            return
        self.goes.append((share_of(found, run=ulid, number=number, category=TRASH, role="", path=place), found))

    def check_categories(self) -> None:
        """Refuse categories that no run has."""
        for category in self._categories or ():
            if category not in self._seen:
                raise NotFoundError(
                    f"There is no category {category!r} among the files of these runs; "
                    f"there are {', '.join(sorted(self._seen))}."
                )
