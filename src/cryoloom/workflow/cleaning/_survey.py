"""What takes space in a project, and what could go of it: one look at every file, which changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryoloom.data import Item, StoredSet
from cryoloom.errors import CryoloomError
from cryoloom.workflow.cleaning._disk_use import disk_use
from cryoloom.workflow.cleaning._plan import CleaningPlan
from cryoloom.workflow.cleaning._planner import CLEANED_BY_DEFAULT, Planner
from cryoloom.workflow.cleaning._trash import trashed_runs
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.run import HeartbeatWatch, RunFolder

if TYPE_CHECKING:
    from cryoloom.workflow.environment import Environment
    from cryoloom.workflow.index import RunEntry
    from cryoloom.workflow.layout import ProjectFolder


@dataclass(frozen=True, slots=True)
class RawData:
    """Movies that runs have imported; they lie outside the project, and nothing here ever touches them.

    Parameters
    ----------
    movies : how many
    bytes : their size when they were imported, as far as it is known
    """

    movies: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What lies in a project.

    Parameters
    ----------
    plan : what could go, the trash included, and what stays and why
    sizes : ULID of a run → bytes that it takes; without those that cannot be looked at
    seconds : ULID of a run → seconds of computing that its items took, as far as it is known
    titles : ULID of a run → what it is called in sentences
    raw : what was imported
    """

    plan: CleaningPlan
    sizes: Mapping[str, int]
    seconds: Mapping[str, float]
    titles: Mapping[str, str]
    raw: RawData


def survey(
    project: ProjectFolder,
    environment: Environment,
    *,
    on_run: Callable[[int, int], None] | None = None,
    watch: HeartbeatWatch | None = None,
) -> Survey:
    """Look at everything in a project.

    Costs a few system calls a file, and the reading of the inputs of unfinished runs.

    Parameters
    ----------
    project : its folder
    environment : tells the protocols that are installed
    on_run : called after each run with how many have been looked at, and how many there are
    watch : the observer's memory of heartbeats; without it, drivers on other machines count as alive
    """
    graph = RunGraph.read(project, watch)
    planner = Planner(project, graph, environment, None, CLEANED_BY_DEFAULT)
    sizes: dict[str, int] = {}
    seconds: dict[str, float] = {}
    for done, (ulid, entry) in enumerate(graph.runs.items(), 1):
        planner.add_run(entry)
        folder = graph.folder(ulid)
        try:
            sizes[ulid] = disk_use(project, folder)
            seconds[ulid] = _seconds_taken(folder, entry)
        except (CryoloomError, OSError):
            continue  # the plan says why it cannot be looked at
        if on_run is not None:
            on_run(done, len(graph.runs))
    for run in trashed_runs(project):
        planner.add_trashed(run.ulid, run.number)
    titles = {ulid: entry.title for ulid, entry in graph.runs.items()}
    return Survey(CleaningPlan.of(planner.goes, planner.stays), sizes, seconds, titles, _raw_data(graph))


def _seconds_taken(folder: RunFolder, entry: RunEntry) -> float:
    ledger: StoredSet[Item] = StoredSet(folder.ledger)
    snapshot = ledger.latest()
    if snapshot is None or "seconds" not in snapshot.columns:
        return entry.seconds or 0.0
    return float(snapshot.to_polars(["seconds"])["seconds"].sum())


def _raw_data(graph: RunGraph) -> RawData:
    """Movies of runs that read nothing of the project, each once."""
    import polars as pl

    found = [pl.DataFrame(schema={"id": pl.UInt64, "size_bytes": pl.Int64})]
    for ulid, entry in graph.runs.items():
        stored: StoredSet[Item] = StoredSet(graph.folder(ulid).outputs / "movies")
        snapshot = None if entry.inputs else stored.latest()
        if snapshot is not None and "size_bytes" in snapshot.columns:
            found.append(snapshot.to_polars(["id", "size_bytes"]))
    movies = pl.concat(found).unique("id")
    return RawData(movies.height, int(movies["size_bytes"].sum() or 0))
