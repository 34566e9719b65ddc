"""EMX: an exchange format for micrographs and particles.

References
----------
Marabini et al. (2016), "The Electron Microscopy eXchange (EMX) initiative", J. Struct. Biol. 194, 156-163.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import polars as pl

from cryoloom.errors import FormatError
from cryoloom.formats._xml import read_xml

_UNITS = {"nm": 10.0, "A": 1.0, "Å": 1.0, "A/px": 1.0, "kV": 1.0, "V": 1e-3, "mm": 1.0, "deg": 1.0, "px": 1.0, "": 1.0}

_MICROGRAPH = {
    "voltage": "acceleratingVoltage",
    "amplitude_contrast": "amplitudeContrast",
    "spherical_aberration": "cs",
    "defocus_u": "defocusU",
    "defocus_v": "defocusV",
    "defocus_angle": "defocusUAngle",
    "pixel_size": "pixelSpacing/X",
    "pixel_size_y": "pixelSpacing/Y",
    "score": "fom",
}
_PARTICLE = {
    "x": "centerCoord/X",
    "y": "centerCoord/Y",
    "box_size": "boxSize/X",
    "defocus_u": "defocusU",
    "defocus_v": "defocusV",
    "defocus_angle": "defocusUAngle",
    "pixel_size": "pixelSpacing/X",
    "score": "fom",
}
_MATRIX = [f"transformationMatrix/t{row}{column}" for row in range(1, 4) for column in range(1, 5)]


@dataclass(frozen=True, slots=True)
class EMX:
    """What an EMX file holds, in our units; null where it does not say.

    Parameters
    ----------
    micrographs : file, index (from 0, null for a file with one image), and what is known of optics and CTF
    particles : file, index, micrograph_file, micrograph_index, x, y, …, and ``transformation``, the twelve numbers of
        the matrix as they stand
    """

    micrographs: pl.DataFrame
    particles: pl.DataFrame


def read_emx(path: Path | str) -> EMX:
    """Read an EMX file; lengths become Å, voltages kV.

    Raises
    ------
    FormatError
        If it is none, or a number in it is none.
    """
    path = Path(path)
    root = read_xml(path)
    if root.tag != "EMX":
        raise FormatError(f"{path.name}: an XML file of {root.tag} is not EMX.", path=path)

    def number(element: Element, place: str) -> float | None:
        found = element.find(place)
        if found is None or not (found.text or "").strip():
            return None
        unit = found.get("unit", "")
        try:
            return float(found.text or "") * _UNITS[unit]
        except (ValueError, KeyError) as error:
            raise FormatError(f"{path.name}: {place} is no number in a known unit ({found.text} {unit}).") from error

    micrographs = [_row(element, _MICROGRAPH, number) for element in root.findall("micrograph")]
    particles = []
    for element in root.findall("particle"):
        row = _row(element, _PARTICLE, number)
        of = element.find("micrograph")
        row["micrograph_file"] = None if of is None else of.get("fileName")
        row["micrograph_index"] = None if of is None else _index(of)
        matrix = [number(element, place) for place in _MATRIX]
        row["transformation"] = None if None in matrix else matrix
        particles.append(row)
    return EMX(
        pl.DataFrame(micrographs, schema=_schema(_MICROGRAPH)),
        pl.DataFrame(
            particles,
            schema=_schema(_PARTICLE)
            | {"micrograph_file": pl.String(), "micrograph_index": pl.Int64(), "transformation": pl.List(pl.Float64())},
        ),
    )


def _schema(places: dict[str, str]) -> dict[str, pl.DataType]:
    return {"file": pl.String(), "index": pl.Int64(), **dict.fromkeys(places, pl.Float64())}


def _row(element: Element, places: dict[str, str], number: Callable[[Element, str], float | None]) -> dict[str, Any]:
    row: dict[str, Any] = {"file": element.get("fileName"), "index": _index(element)}
    return row | {column: number(element, place) for column, place in places.items()}


def _index(element: Element) -> int | None:
    index = element.get("index", "")
    return int(index) - 1 if index.isdigit() else None
