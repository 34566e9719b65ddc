"""Files that a STAR file would name and that are gone, and how they come back."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.errors import NotFoundError
from cryoloom.workflow.workspace import resolve_in_project

if TYPE_CHECKING:
    from cryoloom.data import Table

_IMAGES = {
    "movies": ("file",),
    "micrographs": ("file", "dose_weighted_file"),
    "coordinates": ("micrograph_file",),
    "particles": ("file",),
}
_BESIDE = {
    "micrographs": ("motion_file", "movie_file"),
    "ctfs": ("spectrum_picture",),
    "particles": ("micrograph_file",),
}
_OF_A_RUN = re.compile(r"runs/((\d{6})-[^/]+)/")


def named_files(table: Table) -> Iterator[str]:
    """Every file that the STAR file of a set would name, as the set does, but for names of another program."""
    kind = table.schema.kind
    yield from _names(table, (*_IMAGES.get(kind, ()), *_BESIDE.get(kind, ())))


def check_images(project: Path, tables: Mapping[str, Table]) -> list[str]:
    """Refuse sets whose images are gone.

    Names that neither are absolute nor lie in the folder of a run came with a table of another program; they are taken
    as they are.

    Parameters
    ----------
    project : its folder
    tables : name of a set → rows

    Returns
    -------
    What else the rows name and is gone, one sentence for each set.

    Raises
    ------
    NotFoundError
        If an image is gone; it says how it comes back.
    """
    remarks = []
    for name, table in tables.items():
        gone = _gone(project, table, _IMAGES.get(table.schema.kind, ()))
        if gone:
            raise NotFoundError(
                f"{_counted(gone, name)} Nothing was written. {_way_back(project, gone)}", path=project / gone[0]
            )
        beside = _gone(project, table, _BESIDE.get(table.schema.kind, ()))
        if beside:
            remarks.append(f"{_counted(beside, name)} The images are there. {_way_back(project, beside)}")
    return remarks


def _counted(gone: list[str], name: str) -> str:
    if len(gone) == 1:
        return f"A file that {name} names is gone, {gone[0]}."
    return f"{len(gone)} files that {name} names are gone, the first {gone[0]}."


def _gone(project: Path, table: Table, columns: Iterable[str]) -> list[str]:
    present: dict[Path, frozenset[str]] = {}
    gone = []
    for name in _names(table, columns):
        path = resolve_in_project(project, name)
        if path.parent not in present:
            present[path.parent] = _names_in(path.parent)
        if path.name not in present[path.parent]:
            gone.append(name)
    return gone


def _names(table: Table, columns: Iterable[str]) -> Iterator[str]:
    for column in columns:
        if column in table.frame.columns:
            for name in table.frame[column].drop_nulls().unique(maintain_order=True):
                if name.startswith("/") or _OF_A_RUN.match(name):
                    yield name


def _names_in(folder: Path) -> frozenset[str]:
    try:
        return frozenset(path.name for path in folder.iterdir())
    except (OSError, ValueError):  # not there, not to be looked into, or no name that a folder can have
        return frozenset()


def _way_back(project: Path, gone: Iterable[str]) -> str:
    from cryoloom.workflow.driver import missing_files
    from cryoloom.workflow.graph import RunGraph
    from cryoloom.workflow.layout import ProjectFolder

    graph = RunGraph.read(ProjectFolder(project))
    ulids = {entry.folder: ulid for ulid, entry in graph.runs.items()}
    made_by = {(found[1], int(found[2])) for name in gone if (found := _OF_A_RUN.match(name))}
    here = {ulids[folder] for folder, _ in made_by if folder in ulids}
    removed = sorted(number for folder, number in made_by if folder not in ulids)
    rebuildable = {ulid for ulid in graph.upstream(here) if missing_files(graph.folder(ulid)).items}
    ways = [f"`cryoloom restore {_words(project, removed)}` brings back what made them"] if removed else []
    if here & rebuildable:
        numbers = sorted(graph[ulid].number for ulid in rebuildable)
        ways.append(f"`cryoloom rebuild {_words(project, numbers)} --yes` makes them again")
    ways += [
        f"{graph[ulid].title} works on all items at once and is to be made anew: `cryoloom add` with "
        f"--replaces {graph[ulid].number}"
        for ulid in sorted(here - rebuildable)
    ]
    outside = next((name for name in gone if name.startswith("/")), None)
    if outside is not None:
        ways.append(f"make {Path(outside).parent} reachable again, or put them back there")
    told = "; ".join(ways)
    return f"{told[0].upper()}{told[1:]}."


def _words(project: Path, numbers: Iterable[int]) -> str:
    return " ".join([shlex.quote(str(project)), *map(str, numbers)])
