"""Where the images are that a table names, and whether they are what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.data import counted, digest
from cryoloom.errors import CryoloomError
from cryoloom.workflow.protocol import FoundFailure

if TYPE_CHECKING:
    from cryoloom.data import OpticsGroup, Table
    from cryoloom.formats.relion import Imported

_COLUMNS = ("file", "dose_weighted_file", "micrograph_file", "movie_file")


def found_images(imported: Imported, star: Path) -> tuple[Table, list[FoundFailure], list[int]]:
    """The rows whose image can be read, with the names of images as absolute paths.

    Each name is looked for in the folder of the table and in those above it; one that is found nowhere begins in the
    table's folder. A row is left out if its image is not there, is no image, or is of a stack that has too few.

    Parameters
    ----------
    imported : names as the file states them
    star : the file

    Returns
    -------
    The table; a failure for each image that cannot be used; the ids that failures of the other images would have. They
    are drawn from the names as stated, so that an image that is found later, wherever it is, is no failure any more.
    """
    import polars as pl

    table, folders = imported.table, list(star.absolute().parents)
    frame = table.frame
    failures = [
        FoundFailure(_identity(name), name, f"{reason} It is left out.") for name, reason in imported.unreadable.items()
    ]
    named = {
        column: sorted(name for name in frame[column].drop_nulls().unique() if name)
        for column in _COLUMNS
        if column in frame.columns
    }
    places = {column: _places(names, folders) for column, names in named.items()}
    usable, unusable = named.get("dose_weighted_file", []), []
    if "file" in frame.columns:
        highest = pl.col("index").max() if "index" in frame.columns else pl.lit(0)
        for name, count, last in frame.group_by("file").agg(pl.len(), highest.alias("last")).sort("file").iter_rows():
            path = places["file"][name]
            reason = _why_not(Path(path), 0 if last is None else last)
            if reason:
                unusable.append(name)
                reason = f"{reason} It has {counted(count, table.schema.kind)} of the table, left out."
                failures.append(FoundFailure(_identity(name), path, reason))
            else:
                usable.append(name)
    frame = frame.filter(~pl.col("file").is_in(unusable)) if unusable else frame
    frame = frame.with_columns(pl.col(column).replace(found) for column, found in places.items())
    found = replace(table.with_frame(frame), optics_groups=_detectors_found(table, folders))
    return found, failures, [_identity(name) for name in usable]


def _detectors_found(table: Table, folders: Sequence[Path]) -> dict[int, OpticsGroup]:
    """The optics groups, each with the place of its detector's modulation transfer function."""
    groups = table.optics_groups
    places = _places(sorted({group.mtf_file for group in groups.values() if group.mtf_file}), folders)
    return {identity: replace(group, mtf_file=places.get(group.mtf_file, "")) for identity, group in groups.items()}


def _identity(name: str) -> int:
    return digest("image", name.encode())


def _places(names: Sequence[str], folders: Sequence[Path]) -> dict[str, str]:
    """Name → path; where one name was found, the next is looked for first: tables of thousands name one folder."""
    places, root = {}, folders[0]
    for name in names:
        found = next((folder for folder in (root, *folders) if (folder / name).exists()), None)
        root = found or root
        places[name] = str((found or folders[0]) / name)
    return places


def _why_not(path: Path, last: int) -> str:
    """Why image number ``last``, from 0, of a file cannot be used; empty if it can."""
    from cryoloom.formats import read_header

    if not path.is_file():
        return "There is no such file; put it where the table says, or give the table that tells where it is."
    try:
        images = read_header(path).shape[0]
    except (CryoloomError, OSError) as error:
        return f"It is no stack of images that can be read ({str(error).rstrip('.')})."
    if last >= images:
        return f"It holds {images} images, and the table names number {last + 1}."
    return ""
