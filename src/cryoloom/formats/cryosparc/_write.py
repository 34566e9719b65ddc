"""Particles into .cs files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cryoloom.data import Table
from cryoloom.data.transforms import rotation_vectors_from_euler_angles
from cryoloom.errors import ParameterError
from cryoloom.formats.cryosparc._fields import field_of
from cryoloom.formats.cryosparc._read import CTF_FIELDS
from cryoloom.formats.cryosparc._records import UID, write_records

Fields = dict[str, NDArray[Any]]

_SHAPE = "location/micrograph_shape"
_TRANSLATED = {
    *("id", "parent_id", "micrograph_id", "file", "index", "pixel_size", "box_size", "optics_group", "contrast_sign"),
    *("rot", "tilt", "psi", "shift_x", "shift_y", "half_set", "class_number", "scale", "micrograph_file"),
    *CTF_FIELDS,
}


def write_particles(path: Path | str, particles: Table) -> tuple[str, ...]:
    """Write particles as a .cs file, which appears when it is complete.

    Parameters
    ----------
    path : the file
    particles : items of the kind `Particle`; columns with a slash in their name are written as fields of that name

    Returns
    -------
    tuple of str
        What was left out, one sentence each.

    Raises
    ------
    ParameterError
        If nothing is known about an optics group, or a value is missing that all must have.
    """
    frame = particles.frame
    fields = _blob(frame) | _optics(particles, Path(path).name) | _ctf(frame) | _pose(frame) | _location(frame)
    fields |= {name: field_of(frame[name]) for name in frame.columns if "/" in name and name not in fields}
    records = np.empty(frame.height, [(name, values.dtype, values.shape[1:]) for name, values in fields.items()])
    for name, values in fields.items():
        records[name] = values
    write_records(path, records)
    written = _TRANSLATED | ({"x", "y"} if _SHAPE in frame.columns else set())
    return tuple(
        f"The column {name} was left out: cryoSPARC has no field for it, or not all that the field needs is known."
        for name in frame.columns
        if name not in written and "/" not in name and frame[name].null_count() < frame.height
    )


def _known(frame: pl.DataFrame, *names: str) -> bool:
    return all(name in frame.columns and frame[name].null_count() == 0 for name in names)


def _single(column: pl.Series) -> NDArray[np.float32]:
    return column.to_numpy().astype(np.float32)


def _blob(frame: pl.DataFrame) -> Fields:
    box_size = frame["box_size"].to_numpy().astype(np.uint32)
    white = np.ones(frame.height, np.float32)
    return {
        UID: frame["id"].to_numpy(),
        "blob/path": field_of(frame["file"]),
        "blob/idx": frame["index"].to_numpy().astype(np.uint32),
        "blob/shape": np.stack([box_size, box_size], axis=1),
        "blob/psize_A": _single(frame["pixel_size"]),
        "blob/sign": _single(frame["contrast_sign"]) if _known(frame, "contrast_sign") else white,
    }


def _optics(particles: Table, file: str) -> Fields:
    groups = particles.optics_groups
    used = particles.frame["optics_group"]
    unknown = set(used.to_list()) - groups.keys()
    if unknown:
        raise ParameterError(f"{file}: nothing is known about the optics group {min(unknown)}.")
    numbers = {identity: number for number, identity in enumerate(groups)}
    return {
        "ctf/exp_group_id": np.array([numbers[identity] for identity in used], np.uint32),
        "ctf/accel_kv": np.array([groups[identity].voltage for identity in used], np.float32),
        "ctf/cs_mm": np.array([groups[identity].spherical_aberration for identity in used], np.float32),
        "ctf/amp_contrast": np.array([groups[identity].amplitude_contrast for identity in used], np.float32),
    }


def _ctf(frame: pl.DataFrame) -> Fields:
    return {
        field: (frame[column].to_numpy() / factor).astype(np.float32)
        for column, (field, factor) in CTF_FIELDS.items()
        if _known(frame, column)
    }


def _pose(frame: pl.DataFrame) -> Fields:
    fields: Fields = {}
    if _known(frame, "rot", "tilt", "psi"):
        vectors = rotation_vectors_from_euler_angles(frame.select("rot", "tilt", "psi").to_numpy())
        fields["alignments3D/pose"] = vectors.astype(np.float32)
    if _known(frame, "shift_x", "shift_y"):
        pixel_size = frame["pixel_size"].to_numpy()
        shifts = frame.select("shift_x", "shift_y").to_numpy() / pixel_size[:, np.newaxis]
        fields |= {"alignments3D/shift": shifts.astype(np.float32), "alignments3D/psize_A": pixel_size.astype("f4")}
    if _known(frame, "half_set") and frame["half_set"].is_in([1, 2]).all():
        fields["alignments3D/split"] = (frame["half_set"].to_numpy() - 1).astype(np.uint32)
    if _known(frame, "class_number"):
        fields["alignments3D/class"] = (frame["class_number"].to_numpy() - 1).astype(np.uint32)
    if _known(frame, "scale"):
        fields["alignments3D/alpha"] = _single(frame["scale"])
    return fields


def _location(frame: pl.DataFrame) -> Fields:
    fields: Fields = {}
    if _known(frame, "micrograph_id"):
        fields["location/micrograph_uid"] = frame["micrograph_id"].to_numpy()
    if _known(frame, "micrograph_file"):
        fields["location/micrograph_path"] = field_of(frame["micrograph_file"])
    if _known(frame, "x", "y", _SHAPE):
        shape = np.array(frame[_SHAPE].to_list(), np.float64).reshape(-1, 2)
        fields["location/center_x_frac"] = (frame["x"].to_numpy() / shape[:, 1]).astype(np.float32)
        fields["location/center_y_frac"] = (1.0 - frame["y"].to_numpy() / shape[:, 0]).astype(np.float32)
    return fields
