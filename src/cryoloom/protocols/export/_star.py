"""Sets as STAR files that RELION opens from the project's folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.errors import InputError
from cryoloom.protocols.export._gone import check_images

if TYPE_CHECKING:
    from cryoloom.data import Table


def write_star_files(folder: Path, tables: Mapping[str, Table], *, project: Path) -> tuple[list[Path], list[str]]:
    """Write sets, each under the name that RELION gives such a file; nothing, if images that they name are gone.

    Two sets of one kind are both written; then the names of their files say which is which.

    Parameters
    ----------
    folder : existing folder
    tables : name of a set, such as ``3.accepted`` → table; micrographs take the CTFs that are given with them
    project : folder of the project that the sets are of

    Returns
    -------
    The files, and what they cannot hold or name in vain, one sentence each.

    Raises
    ------
    InputError
        If there is no STAR file for such items, several sets of CTFs are given, or images are gone.
    """
    from cryoloom.formats import relion

    fits = _only_ctfs(tables)
    files = star_files_of(folder, tables)
    remarks = check_images(project, tables)
    for name, target in files.items():
        table = tables[name]
        kind = table.schema.kind
        if kind == "movies":
            remarks += relion.write_movies(target, table)
        elif kind == "micrographs":
            remarks += relion.write_micrographs(target, table, fits)
        elif kind == "coordinates":
            relion.write_coordinates(target, table)
        elif kind == "particles":
            remarks += relion.write_particles(target, table)
        else:
            raise InputError(
                f"There is no STAR file for {kind}; movies, micrographs, coordinates and particles have one."
            )
    return list(files.values()), remarks


def star_files_of(folder: Path, tables: Mapping[str, Table]) -> dict[str, Path]:
    """The file of each set that `write_star_files` writes; CTFs have none of their own."""
    with_fits = _only_ctfs(tables) is not None
    kinds = [table.schema.kind for table in tables.values()]
    files = {}
    for name, table in tables.items():
        kind = table.schema.kind
        if kind == "ctfs":
            continue
        distinguished = f"_{re.sub(r'[^A-Za-z0-9]+', '_', name)}" if kinds.count(kind) > 1 else ""
        with_ctfs = "_ctf" if kind == "micrographs" and with_fits else ""
        files[name] = folder / f"{kind}{with_ctfs}{distinguished}.star"
    return files


def _only_ctfs(tables: Mapping[str, Table]) -> Table | None:
    """The one set of CTFs; None if there is none."""
    fits = {name: table for name, table in tables.items() if table.schema.kind == "ctfs"}
    if len(fits) > 1:
        raise InputError(f"{' and '.join(fits)} are CTFs; give one set of CTFs, which all micrographs take.")
    if fits and all(table.schema.kind != "micrographs" for table in tables.values()):
        raise InputError("CTFs are written with their micrographs; give these as well.")
    return next(iter(fits.values()), None)
