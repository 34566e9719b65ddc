"""Sets as STAR files that RELION opens from the project's folder."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.errors import InputError
from cryoloom.protocols.export._gone import check_images

if TYPE_CHECKING:
    from cryoloom.data import Table


_WITH_A_FILE = ("movies", "micrographs", "coordinates", "particles")


def write_star_files(folder: Path, tables: Mapping[str, Table], *, project: Path) -> tuple[list[Path], list[str]]:
    """Write sets, each under the name that RELION gives such a file; nothing, if images that they name are gone.

    Two sets of one kind are both written; then the names of their files say which is which. Of sets that are empty
    nothing is written, and micrographs whose set of CTFs is empty are written without.

    Parameters
    ----------
    folder : existing folder
    tables : name of a set, such as ``3.accepted`` → table; micrographs take the CTFs that are given with them
    project : folder of the project that the sets are of

    Returns
    -------
    The files, and what they cannot hold, what they name in vain and what is not written, one sentence each.

    Raises
    ------
    InputError
        If there is no STAR file for such items, several sets of CTFs are given, or images are gone.
    """
    from cryoloom.formats import relion

    files = star_files_of(folder, tables)
    fits = _only_ctfs(tables)
    remarks = [*_told_of_empty(tables), *check_images(project, tables)]
    for name, target in files.items():
        table = tables[name]
        kind = table.schema.kind
        if kind == "movies":
            remarks += relion.write_movies(target, table)
        elif kind == "micrographs":
            remarks += relion.write_micrographs(target, table, fits)
        elif kind == "coordinates":
            relion.write_coordinates(target, table)
        else:
            remarks += relion.write_particles(target, table)
    return list(files.values()), remarks


def star_files_of(folder: Path, tables: Mapping[str, Table]) -> dict[str, Path]:
    """The file of each set that `write_star_files` writes; CTFs have none of their own, and empty sets have none.

    Raises
    ------
    InputError
        If there is no STAR file for such items, or several sets of CTFs are given.
    """
    with_fits = _only_ctfs(tables) is not None
    kinds = [table.schema.kind for table in tables.values()]
    for kind in kinds:
        if kind not in {*_WITH_A_FILE, "ctfs"}:
            raise InputError(
                f"There is no STAR file for {kind}; movies, micrographs, coordinates and particles have one."
            )
    files = {}
    for name, table in tables.items():
        kind = table.schema.kind
        if kind == "ctfs" or not len(table):
            continue
        distinguished = f"_{re.sub(r'[^A-Za-z0-9]+', '_', name)}" if kinds.count(kind) > 1 else ""
        with_ctfs = "_ctf" if kind == "micrographs" and with_fits else ""
        files[name] = folder / f"{kind}{with_ctfs}{distinguished}.star"
    return files


def empty_in_words(names: Sequence[str]) -> str:
    """Which sets are empty, as the begin of a sentence."""
    *others, last = names
    return f"{', '.join(others)} and {last} are empty so far" if others else f"{last} is empty so far"


def _told_of_empty(tables: Mapping[str, Table]) -> list[str]:
    """What is not written since there is nothing, one sentence each."""
    empty = [name for name, table in tables.items() if not len(table)]
    told = [f"{empty_in_words(empty)}; nothing is written of {'them' if len(empty) > 1 else 'it'}."] if empty else []
    filled = [table.schema.kind for table in tables.values() if len(table)]
    if "ctfs" in filled and "micrographs" not in filled:
        (name,) = (name for name, table in tables.items() if table.schema.kind == "ctfs")
        told.append(f"{name} is written with micrographs, of which none is there; nothing is written of it.")
    return told


def _only_ctfs(tables: Mapping[str, Table]) -> Table | None:
    """The one set of CTFs; None if there is none, or it is empty."""
    fits = {name: table for name, table in tables.items() if table.schema.kind == "ctfs"}
    if len(fits) > 1:
        raise InputError(f"{' and '.join(fits)} are CTFs; give one set of CTFs, which all micrographs take.")
    if fits and all(table.schema.kind != "micrographs" for table in tables.values()):
        raise InputError("CTFs are written with their micrographs; give these as well.")
    return next((table for table in fits.values() if len(table)), None)
