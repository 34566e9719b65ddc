"""RELION's table of optics groups, as a file of ours needs it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import polars as pl

from cryoloom.data import OpticsGroup, Table
from cryoloom.errors import ParameterError
from cryoloom.formats.relion._labels import OPTICS
from cryoloom.formats.relion._optics import MATRIX, NAME, NUMBER, ZERNIKE, FileGroup

_IDENTITY = (1.0, 0.0, 0.0, 1.0)


def numbered_uses(items: Table, file: str) -> tuple[list[FileGroup], pl.Series]:
    """The groups of a table of items as RELION needs them, one for each pixel and box size, and the number of each row.

    Raises
    ------
    ParameterError
        If nothing is known about the optics group of an item.
    """
    keys = [name for name in ("optics_group", "pixel_size", "box_size") if name in items.frame.columns]
    distinct = items.frame.select(keys).unique(maintain_order=True)
    missing = set(distinct["optics_group"].to_list()) - items.optics_groups.keys()
    if missing:
        raise ParameterError(f"{file}: nothing is known about the optics group {min(missing)}, which RELION needs.")
    uses = [
        FileGroup(items.optics_groups[row["optics_group"]], row["pixel_size"], row.get("box_size"))
        for row in distinct.iter_rows(named=True)
    ]
    if distinct.is_empty():
        return [FileGroup(group, None, None) for group in items.optics_groups.values()], pl.Series(NUMBER, [], pl.Int64)
    numbered = distinct.with_row_index(NUMBER, 1)
    numbers = items.frame.select(keys).join(numbered, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return uses, numbers[NUMBER]


def optics_table(uses: Sequence[FileGroup], *, of_micrographs: bool) -> pl.DataFrame:
    """RELION's table of the groups of a file, numbered from 1 in the order given.

    Parameters
    ----------
    uses : one for each row
    of_micrographs : the file lists micrographs, not images of particles
    """
    rows = [_optics_row(number, use, of_micrographs) for number, use in enumerate(uses, 1)]
    for row, name in zip(rows, _distinct_names(uses), strict=True):
        row[NAME] = name
    table = pl.DataFrame(rows, infer_schema_length=None)
    fillers: dict[str, float | str] = {
        **dict(zip(MATRIX, _IDENTITY, strict=True)),
        **dict.fromkeys(ZERNIKE.values(), "[]"),
        **dict.fromkeys(("rlnBeamTiltX", "rlnBeamTiltY"), 0.0),
    }
    return table.with_columns(pl.col(label).fill_null(filler) for label, filler in fillers.items() if label in table)


def optics_table_of(group: OpticsGroup, *, pixel_size: float, image_size: int) -> pl.DataFrame:
    """RELION's table of a file of particle images of one group.

    Parameters
    ----------
    group : of the microscope
    pixel_size : of the images, in Å
    image_size : their edge in pixels
    """
    return optics_table([FileGroup(group, pixel_size, image_size)], of_micrographs=False)


def _optics_row(number: int, use: FileGroup, of_micrographs: bool) -> dict[str, Any]:
    group = use.group
    row: dict[str, Any] = {NAME: group.name, NUMBER: number}
    row |= {same.label: getattr(group, same.column) for same in OPTICS[1:5]}
    row["rlnMicrographPixelSize" if of_micrographs else "rlnImagePixelSize"] = use.pixel_size
    if not of_micrographs:
        row |= {"rlnImageSize": use.box_size, "rlnImageDimensionality": 2}
    if group.beam_tilt_x or group.beam_tilt_y:
        row |= {"rlnBeamTiltX": group.beam_tilt_x, "rlnBeamTiltY": group.beam_tilt_y}
    row |= {
        label: "[" + ",".join(map(repr, getattr(group, column))) + "]"
        for column, label in ZERNIKE.items()
        if getattr(group, column)
    }
    if not all(math.isclose(a, b) for a, b in zip(group.magnification_matrix, _IDENTITY, strict=True)):
        row |= dict(zip(MATRIX, group.magnification_matrix, strict=True))
    if group.mtf_file:
        row["rlnMtfFileName"] = group.mtf_file
    row |= {label: value for label, value in group.extra.items() if label.startswith("rln")}
    return {label: value for label, value in row.items() if value is not None}


def _distinct_names(uses: Sequence[FileGroup]) -> list[str]:
    names: list[str] = []
    for use in uses:
        name, count = use.group.name, 2
        while name in names:
            name, count = f"{use.group.name}_{count}", count + 1
        names.append(name)
    return names
