"""Sets as STAR files that RELION opens from the project's folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.errors import InputError

if TYPE_CHECKING:
    from cryoloom.data import Table


def write_star_files(folder: Path, tables: Mapping[str, Table]) -> tuple[list[Path], list[str]]:
    """Write sets of several kinds, each under the name that RELION gives such a file.

    Parameters
    ----------
    folder : existing folder
    tables : kind of the items → table; micrographs take the CTFs that are given with them

    Returns
    -------
    The files, and what they cannot hold, one sentence each.

    Raises
    ------
    InputError
        If there is no STAR file for such items.
    """
    from cryoloom.formats import relion

    files: list[Path] = []
    remarks: list[str] = []
    for kind, table in tables.items():
        if kind == "ctfs":
            if "micrographs" not in tables:
                raise InputError("CTFs are written with their micrographs; give these as well.")
            continue
        target = folder / _NAMES.get(kind, f"{kind}.star")
        if kind == "movies":
            remarks += relion.write_movies(target, table)
        elif kind == "micrographs":
            fits = tables.get("ctfs")
            target = target if fits is None else folder / "micrographs_ctf.star"
            remarks += relion.write_micrographs(target, table, fits)
        elif kind == "coordinates":
            relion.write_coordinates(target, table)
        elif kind == "particles":
            remarks += relion.write_particles(target, table)
        else:
            raise InputError(
                f"There is no STAR file for {kind}; movies, micrographs, coordinates and particles have one."
            )
        files.append(target)
    return files, remarks


_NAMES = {
    "movies": "movies.star",
    "micrographs": "micrographs.star",
    "coordinates": "coordinates.star",
    "particles": "particles.star",
}
