"""RELION's optics groups, counted from 1 in each file, and ours, which keep their identity."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from cryoloom.data import OpticsGroup
from cryoloom.errors import FormatError
from cryoloom.formats.relion._labels import OPTICS
from cryoloom.formats.relion._tables import typed
from cryoloom.formats.star import Block

NUMBER, NAME = "rlnOpticsGroup", "rlnOpticsGroupName"
MATRIX = ("rlnMagMat00", "rlnMagMat01", "rlnMagMat10", "rlnMagMat11")
ZERNIKE = {"odd_zernike": "rlnOddZernike", "even_zernike": "rlnEvenZernike"}

MAGNIFIED = ("rlnDetectorPixelSize", "rlnMagnification")
"""Of RELION up to 3.0: the pixel of the detector in µm, and how many times larger than the specimen its image is."""

# What belongs to the images of a file and not to the microscope.
_OF_PARTICLES = ("rlnImagePixelSize", "rlnImageSize", "rlnImageDimensionality")
_OF_MICROGRAPHS = ("rlnMicrographPixelSize",)


@dataclass(frozen=True, slots=True)
class AssumedAcquisition:
    """What to assume where a file does not say it; None: the file must.

    Parameters
    ----------
    voltage : in kV
    spherical_aberration : in mm
    amplitude_contrast : fraction
    pixel_size : of the images of the file, in Å
    box_size : edge of the images of particles, in pixels
    """

    voltage: float | None = None
    spherical_aberration: float | None = None
    amplitude_contrast: float | None = None
    pixel_size: float | None = None
    box_size: int | None = None


NOTHING_ASSUMED = AssumedAcquisition()


@dataclass(frozen=True, slots=True)
class FileGroup:
    """An optics group as one file uses it.

    Parameters
    ----------
    group : of the microscope
    pixel_size : of the file's images, in Å; None if it is not stated
    box_size : of the file's images, in pixels; None if it is not stated
    """

    group: OpticsGroup
    pixel_size: float | None
    box_size: int | None


def read_optics(
    table: pl.DataFrame, assumed: AssumedAcquisition, file: str, remarks: list[str]
) -> dict[int, FileGroup]:
    """The groups of an optics table by their number in the file.

    Raises
    ------
    FormatError
        If numbers repeat, or the voltage is neither stated nor assumed.
    """
    groups: dict[int, FileGroup] = {}
    for position, row in enumerate(table.iter_rows(named=True), 1):
        number = row.get(NUMBER, position)
        if number is None or number in groups:
            raise FormatError(f"{file}: the optics group {number} is described twice.")
        groups[number] = _file_group(row, number, assumed, file, remarks)
    return groups


def _file_group(
    row: Mapping[str, Any], number: int, assumed: AssumedAcquisition, file: str, remarks: list[str]
) -> FileGroup:
    known = {same.column: row[same.label] for same in OPTICS if row.get(same.label) is not None}
    of_images = _OF_PARTICLES if "rlnImagePixelSize" in row else _OF_MICROGRAPHS
    used = {NUMBER, *of_images, *MATRIX, *ZERNIKE.values(), *(same.label for same in OPTICS)}
    known["name"] = str(known.get("name", f"opticsGroup{number}"))
    for column in ("voltage", "spherical_aberration", "amplitude_contrast"):
        if column not in known:
            known[column] = _assumed(column, assumed, file, remarks)
    if all(row.get(label) is not None for label in MATRIX):
        known["magnification_matrix"] = tuple(row[label] for label in MATRIX)
    for column, label in ZERNIKE.items():
        if row.get(label):
            known[column] = _numbers(str(row[label]), label, file)
    extra = {label: value for label, value in row.items() if label not in used}
    stated = (row.get("rlnImagePixelSize"), row.get("rlnMicrographPixelSize"))
    pixel_size = next((size for size in stated if size is not None and 0.0 < size < math.inf), assumed.pixel_size)
    group = OpticsGroup.describe(**{**known, "extra": extra})
    return FileGroup(group, pixel_size, row.get("rlnImageSize") or assumed.box_size)


def _assumed(column: str, assumed: AssumedAcquisition, file: str, remarks: list[str]) -> float:
    value = getattr(assumed, column)
    if value is not None:
        return float(value)
    words = column.replace("_", " ")
    if column == "voltage":
        raise FormatError(f"{file}: the {words} is not stated; give it.")
    remark = f"The {words} is not stated and was taken as 0, as RELION does."
    if remark not in remarks:
        remarks.append(remark)
    return 0.0


def _numbers(text: str, label: str, file: str) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in text.strip("[] ").split(",") if word.strip())
    except ValueError as error:
        raise FormatError(f"{file}: the {label} {text!r} is no list of numbers.") from error


def optics_of_old_layout(
    table: pl.DataFrame, assumed: AssumedAcquisition, file: str, remarks: list[str]
) -> tuple[dict[int, FileGroup], pl.Series]:
    """The groups that RELION up to 3.0 repeats in every row, and the number of the group of each row.

    Its pixel size is ``rlnDetectorPixelSize`` (µm) over ``rlnMagnification``.
    """
    labels = [same.label for same in OPTICS if same.label in table.columns]
    labels += [label for label in (*MAGNIFIED, "rlnImagePixelSize") if label in table.columns]
    if not labels:
        group = _file_group({}, 1, assumed, file, remarks)
        return {1: group}, pl.repeat(1, table.height, dtype=pl.Int64, eager=True)
    distinct = table.select(labels).unique(maintain_order=True).with_row_index(NUMBER, 1)
    numbers = table.select(labels).join(distinct, on=labels, how="left", nulls_equal=True, maintain_order="left")[
        NUMBER
    ]
    if all(label in labels for label in MAGNIFIED):
        detector, magnification = map(pl.col, MAGNIFIED)
        size = detector * 1e4 / magnification
        distinct = distinct.with_columns(size.alias("rlnImagePixelSize"))
    groups = read_optics(distinct.drop(MAGNIFIED, strict=False), assumed, file, remarks)
    return groups, numbers.cast(pl.Int64)


def groups_of(
    blocks: Mapping[str, Block], table: pl.DataFrame, assumed: AssumedAcquisition, file: str, remarks: list[str]
) -> tuple[dict[int, FileGroup], pl.Series]:
    """The optics groups of a file by number, and the number of the group of each row of one of its tables.

    Raises
    ------
    FormatError
        If a row belongs to a group that is not described.
    """
    optics = blocks.get("optics")
    if not isinstance(optics, pl.DataFrame) or optics.is_empty():
        return optics_of_old_layout(table, assumed, file, remarks)
    groups = read_optics(typed(optics, file), assumed, file, remarks)
    if NUMBER in table.columns:
        numbers = table[NUMBER]
    elif len(groups) == 1:
        numbers = pl.repeat(next(iter(groups)), table.height, dtype=pl.Int64, eager=True)
    else:
        raise FormatError(f"{file}: its rows do not say to which of {len(groups)} optics groups they belong.")
    unknown = [number for number in numbers.unique().to_list() if number not in groups]
    if unknown:
        raise FormatError(f"{file}: the optics group {unknown[0]} is used but not described.")
    return groups, numbers


def optics_columns(groups: Mapping[int, FileGroup], numbers: pl.Series, *names: str) -> pl.DataFrame:
    """What the group of each row says: ``optics_group`` (its identity) and `names` of `FileGroup`."""
    types = {"pixel_size": pl.Float64(), "box_size": pl.Int64()}
    described = pl.DataFrame(
        {
            NUMBER: pl.Series(list(groups), dtype=pl.Int64),
            "optics_group": pl.Series([use.group.id for use in groups.values()], dtype=pl.UInt64),
            **{name: pl.Series([getattr(use, name) for use in groups.values()], dtype=types[name]) for name in names},
        }
    )
    return numbers.alias(NUMBER).to_frame().join(described, on=NUMBER, how="left", maintain_order="left").drop(NUMBER)
