"""Positions of particles in RELION's layouts: one file for each micrograph, or one file for all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from cryoloom.data import Coordinate, Table, child_id, counted_were, quantised_position
from cryoloom.errors import FormatError, NotFoundError
from cryoloom.formats._imported import Imported, as_items
from cryoloom.formats.relion._identity import named_ids
from cryoloom.formats.relion._labels import COORDINATE
from cryoloom.formats.relion._tables import extras, find_table, labelled, own_columns, translated
from cryoloom.formats.star import Block, read_star, write_star

_NAME, _COORDINATES = "rlnMicrographName", "rlnMicrographCoordinates"
_JOB = re.compile(r"^[^/]+/job\d{3,}/")


def read_coordinates(path: Path | str, *, micrograph: str = "") -> Imported:
    """Read positions from a STAR file of RELION.

    It may hold the positions of one micrograph, those of many with the names of their micrographs, or a list of such
    files. Positions are in pixels of the micrograph, (0, 0) the centre of its first pixel, which is RELION's convention
    as well.

    Parameters
    ----------
    path : the file
    micrograph : name of the micrograph, where the file does not say it

    Raises
    ------
    FormatError
        If it holds no positions.
    """
    path = Path(path)
    parts = [_positions(table, name, path) for table, name in _tables(path, micrograph)]
    frame = pl.concat(parts, how="diagonal_relaxed")
    distinct = frame.unique("id", maintain_order=True, keep="first")
    coinciding = frame.height - distinct.height
    remarks = (f"{counted_were(coinciding, 'positions')} left out, coinciding with others.",) if coinciding else ()
    return Imported(as_items(distinct, Coordinate, (), path.name), remarks)


def write_coordinates(path: Path | str, coordinates: Table) -> None:
    """Write positions, of one micrograph or of many, into one STAR file.

    Parameters
    ----------
    path : the file
    coordinates : items of the kind `Coordinate`
    """
    _write(Path(path), coordinates.frame)


def write_coordinate_folder(folder: Path | str, coordinates: Table, *, suffix: str = "_autopick") -> Path:
    """Write one STAR file for each micrograph where RELION looks for it, and the list of them.

    Parameters
    ----------
    folder : what RELION calls the coordinate directory; made if it is missing
    coordinates : items of the kind `Coordinate`, with the names of their micrographs
    suffix : of the names of the files

    Returns
    -------
    Path
        The list, for RELION 4 and later; RELION 3.1 is given folder and suffix.
    """
    folder = Path(folder)
    rows = []
    for (name,), positions in coordinates.frame.group_by("micrograph_file", maintain_order=True):
        inside = Path(_JOB.sub("", str(name)))
        if inside.is_absolute() or ".." in inside.parts:
            inside = Path(inside.name)
        path = folder / inside.with_name(f"{inside.stem}{suffix}.star")
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, positions.drop("micrograph_file"))
        rows.append({_NAME: str(name), _COORDINATES: str(path)})
    index = folder / f"{suffix.strip('_')}.star"
    folder.mkdir(parents=True, exist_ok=True)
    write_star(index, {"coordinate_files": pl.DataFrame(rows, schema={_NAME: pl.String, _COORDINATES: pl.String})})
    return index


def _tables(path: Path, micrograph: str) -> Iterator[tuple[pl.DataFrame, str]]:
    blocks = read_star(path)
    listed = blocks.get("coordinate_files")
    if not isinstance(listed, pl.DataFrame):
        yield find_table(blocks, "coordinates", "rlnCoordinateX", path.name), micrograph
        return
    if not {_NAME, _COORDINATES} <= set(listed.columns):
        raise FormatError(f"{path.name}: its list of coordinate files has no {_NAME} or no {_COORDINATES}.", path=path)
    for name, file in listed.select(_NAME, _COORDINATES).iter_rows():
        found = _found(str(file), path)
        yield find_table(_blocks(found), "coordinates", "rlnCoordinateX", found.name), str(name)


def _blocks(path: Path) -> dict[str, Block]:
    return read_star(path)


def _found(name: str, star: Path) -> Path:
    for folder in star.absolute().parents:
        if (folder / name).is_file():
            return folder / name
    raise NotFoundError(f"{star.name}: the file {name} is neither below its folder nor below one above it.", path=star)


def _positions(table: pl.DataFrame, micrograph: str, path: Path) -> pl.DataFrame:
    if "rlnCoordinateY" not in table.columns:
        raise FormatError(f"{path.name}: it gives x but not y of its positions.", path=path)
    frame = translated(table, COORDINATE, Coordinate, path.name)
    unknown = (
        0 if frame.is_empty() else sum(table[label].null_count() for label in ("rlnCoordinateX", "rlnCoordinateY"))
    )
    if unknown:
        raise FormatError(f"{path.name}: {unknown} of its positions are no numbers.", path=path)
    if "micrograph_file" not in frame.columns:
        frame = frame.with_columns(micrograph_file=pl.lit(micrograph))
    rest = extras(table, (same.label for same in COORDINATE), Coordinate, path.name)
    frame = frame.with_columns(rest.get_columns())
    if "micrograph_id" not in frame.columns:
        frame = frame.with_columns(named_ids(frame["micrograph_file"], "micrograph").alias("micrograph_id"))
    if "id" not in frame.columns:
        places = zip(frame["micrograph_id"], frame["x"], frame["y"], strict=True)
        ids = [child_id(parent, quantised_position(x, y)) for parent, x, y in places]
        frame = frame.with_columns(pl.Series("id", ids, pl.UInt64))
    return frame.with_columns(parent_id=pl.col("micrograph_id"))


def _write(path: Path, frame: pl.DataFrame) -> None:
    rest, _ = own_columns(frame, {same.column for same in COORDINATE})
    write_star(path, {"": pl.concat([labelled(frame, COORDINATE, path.name), rest], how="horizontal")})
