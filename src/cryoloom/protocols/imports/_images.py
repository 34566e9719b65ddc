"""Where the images are that a table names, and whether they are what it says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.data import digest
from cryoloom.errors import CryoloomError
from cryoloom.workflow.protocol import FoundFailure

if TYPE_CHECKING:
    from cryoloom.data import Table

_COLUMNS = ("file", "micrograph_file", "movie_file")


def with_found_images(table: Table, star: Path) -> Table:
    """Names of images as absolute paths: each begins in a folder above the table in which it is found.

    Parameters
    ----------
    table : names as its file states them
    star : the file; a name that is found nowhere begins in its folder
    """
    import polars as pl

    frame, folders = table.frame, list(star.absolute().parents)
    for column in _COLUMNS:
        if column in frame.columns:
            places = _places(sorted(name for name in frame[column].drop_nulls().unique() if name), folders)
            frame = frame.with_columns(pl.col(column).replace(places))
    return table.with_frame(frame)


def without_unusable_images(table: Table) -> tuple[Table, list[FoundFailure], list[int]]:
    """Leave out the rows whose image cannot be read: it is not there, is no image, or the stack has too few.

    Parameters
    ----------
    table : with the column ``file``, of absolute paths, and for stacks ``index``

    Returns
    -------
    The other rows; a failure for each file that cannot be used; ids that failures of the other files would have.
    """
    import polars as pl

    frame = table.frame
    if "file" not in frame.columns:
        return table, [], []
    highest = pl.col("index").max() if "index" in frame.columns else pl.lit(0)
    failures, usable, unusable = [], [], []
    for name, count, last in frame.group_by("file").agg(pl.len(), highest.alias("last")).sort("file").iter_rows():
        identity = digest("image", name.encode())
        reason = _why_not(Path(name), 0 if last is None else last)
        if reason:
            unusable.append(name)
            items = f"{count} {table.schema.kind}" if count > 1 else f"1 {table.schema.kind[:-1]}"
            failures.append(FoundFailure(identity, name, f"{reason} It has {items} of the table, left out."))
        else:
            usable.append(identity)
    kept = frame.filter(~pl.col("file").is_in(unusable)) if unusable else frame
    return table.with_frame(kept), failures, usable


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
