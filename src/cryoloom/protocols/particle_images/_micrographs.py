"""The pixels of the micrographs that particles were cut from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.data import Table

_LABEL = "rlnMicrographPixelSize"  # by which optics groups of files of particles state it


def micrograph_pixel_sizes(
    table: Table, resolve: Callable[[str], Path] | None, given: float | Mapping[int, float] | None = None
) -> NDArray[np.float64] | None:
    """Pixel size of the micrograph that each particle was cut from.

    That of the detector is none: of a movie in super-resolution it is half as large.

    Parameters
    ----------
    table : n particles
    resolve : gives the place of a micrograph, whose header tells its pixel size
    given : in Å, if it is known: of all micrographs, or of each by its identity

    Returns
    -------
    (n,) in Å; None if it is not known of all
    """
    import polars as pl

    frame = table.frame
    if isinstance(given, Mapping):
        known = [given.get(micrograph) for micrograph in frame["micrograph_id"]]
        return None if None in known else np.array(known, np.float64)
    if given is not None:
        return np.full(frame.height, given)
    rows = frame.select(
        "micrograph_id",
        group=pl.col("optics_group") if "optics_group" in frame.columns else pl.lit(0, pl.UInt64),
        name=pl.col("micrograph_file").fill_null("") if "micrograph_file" in frame.columns else pl.lit(""),
    ).with_columns(folder=pl.col("name").str.replace(r"[^/]*$", ""))
    alike = ("group", "folder")  # sums with other pixels lie in another folder; the first tells of all in it
    sizes = {}
    for group, folder, name in rows.unique(alike, keep="first", maintain_order=True).select(*alike, "name").rows():
        size = _stated_in_header(name, resolve) or stated_micrograph_pixel_size(table, group)
        if not size:
            return None
        sizes[group, folder] = size
    return np.array([sizes[one] for one in rows.select(alike).iter_rows()], np.float64)


def _stated_in_header(name: str, resolve: Callable[[str], Path] | None) -> float | None:
    from cryoloom.formats import read_header

    if not name or resolve is None or not resolve(name).is_file():
        return None
    return read_header(resolve(name)).pixel_size


def stated_micrograph_pixel_size(table: Table, optics_group: int) -> float | None:
    """Pixel size in Å of the micrographs of an optics group of particles, if a file of particles has stated it."""
    group = table.optics_groups.get(optics_group)
    if group is None:
        return None
    stated = group.extra.get(_LABEL)
    return float(stated) if stated else None


def with_micrograph_pixel_sizes(table: Table, found: Mapping[int, Collection[float]]) -> Table:
    """The particles, with optics groups that state the pixel size of the micrographs as it is now, or not at all.

    Parameters
    ----------
    table : particles
    found : optics group → pixel sizes in Å of the micrographs of its particles; of several, none is stated
    """
    groups = dict(table.optics_groups)
    for identity, sizes in found.items():
        stated = stated_micrograph_pixel_size(table, identity)
        if stated is not None and set(sizes) != {stated}:
            extra = {name: value for name, value in groups[identity].extra.items() if name != _LABEL}
            if len(set(sizes)) == 1:
                extra[_LABEL] = next(iter(sizes))
            groups[identity] = replace(groups[identity], extra=extra)
    return replace(table, optics_groups=groups)
