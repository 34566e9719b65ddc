"""Particles, micrographs and CTFs out of .cs files.

cryoSPARC's conventions, from the literature: poses are rotation vectors in radians whose matrix is RELION's; shifts are
in pixels of their own pixel size; images, classes, halves and exposure groups are counted from 0; angles are in
radians; positions are fractions of the micrograph, y counted from the other end; micrographs' shapes are (y, x).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cryoloom.data import CTF, Micrograph, Particle
from cryoloom.data.transforms import euler_angles_from_rotation_vectors
from cryoloom.errors import FormatError
from cryoloom.formats._imported import Imported, as_items
from cryoloom.formats.cryosparc._fields import check_fields, float64, other_fields, text_of
from cryoloom.formats.cryosparc._optics import UNTRANSLATED, read_optics
from cryoloom.formats.cryosparc._records import UID, joined, read_records

Columns = dict[str, Any]

CTF_FIELDS = {
    "defocus_u": ("ctf/df1_A", 1.0),
    "defocus_v": ("ctf/df2_A", 1.0),
    "defocus_angle": ("ctf/df_angle_rad", 180.0 / np.pi),
    "phase_shift": ("ctf/phase_shift_rad", 180.0 / np.pi),
}
_OPTICS = {"ctf/accel_kv", "ctf/cs_mm", "ctf/amp_contrast", "ctf/exp_group_id"}
_OF_PARTICLES = {
    *("uid", "blob/path", "blob/idx", "blob/shape", "blob/psize_A", "blob/sign"),
    *(f"alignments3D/{name}" for name in ("pose", "shift", "psize_A", "split", "class", "alpha")),
    *(f"location/{name}" for name in ("micrograph_path", "micrograph_uid", "center_x_frac", "center_y_frac")),
    *(field for field, _ in CTF_FIELDS.values()),
    *_OPTICS,
}
_OF_MICROGRAPHS = {
    *(f"micrograph_blob/{name}" for name in ("path", "shape", "psize_A")),
    *(f"mscope_params/{name}" for name in ("accel_kv", "cs_mm", "exp_group_id")),
}


def read_particles(path: Path | str, *, passthrough: Path | str | None = None) -> Imported:
    """Read particles from a .cs file.

    Fields that have no equal stay as columns of the same name. So do the aberrations beyond astigmatism and the poses
    of 2D alignment, whose conventions have not been tested.

    Parameters
    ----------
    path : the file
    passthrough : the job's file with the fields that it did not change, matched by uid

    Raises
    ------
    FormatError
        If it lists no particles, or holds pickled objects.
    """
    path = Path(path)
    records = _records(path, passthrough, ("blob/path", "blob/idx", "blob/shape", "blob/psize_A"))
    names = records.dtype.names or ()
    groups, optics_group = read_optics(records, path.name)
    stacks = text_of(records["blob/path"], path.name)
    columns: Columns = {
        "id": records[UID].astype(np.uint64),
        "file": stacks.str.strip_prefix(">"),
        "index": records["blob/idx"].astype(np.int64),
        "pixel_size": float64(records["blob/psize_A"]),
        "box_size": records["blob/shape"][:, 0].astype(np.int64),
        "optics_group": optics_group,
    }
    if "blob/sign" in names:
        columns["contrast_sign"] = np.where(records["blob/sign"] < 0, -1, 1)
    columns |= _ctf(records) | _pose(records) | _location(records, path.name)
    frame = pl.DataFrame(columns).with_columns(other_fields(records, _OF_PARTICLES, path.name))
    remarks = [
        f"{field} was kept as it is and is not applied to the images, since what it means has not been tested."
        for field in (*UNTRANSLATED, "alignments2D/pose")
        if field in names and records[field].any()
    ]
    if stacks.str.starts_with(">").any():
        remarks.append("The > before names of stacks was left out; they are relative to the exported folder.")
    return Imported(as_items(frame, Particle, groups.values(), path.name), tuple(remarks))


def read_micrographs(path: Path | str, *, passthrough: Path | str | None = None) -> Imported:
    """Read micrographs from a .cs file; see `read_particles`."""
    path = Path(path)
    fields = ("micrograph_blob/path", "micrograph_blob/shape", "micrograph_blob/psize_A")
    records = _records(path, passthrough, fields)
    groups, optics_group = read_optics(records, path.name)
    shapes = records["micrograph_blob/shape"].astype(np.int64)
    frame = pl.DataFrame(
        {
            "id": records[UID].astype(np.uint64),
            "file": text_of(records["micrograph_blob/path"], path.name).str.strip_prefix(">"),
            "width": shapes[:, 1],
            "height": shapes[:, 0],
            "pixel_size": float64(records["micrograph_blob/psize_A"]),
            "optics_group": optics_group,
        }
    )
    of_ctf = {name for name in records.dtype.names or () if name.startswith("ctf/")}
    frame = frame.with_columns(other_fields(records, {UID, *_OF_MICROGRAPHS, *of_ctf}, path.name))
    return Imported(as_items(frame, Micrograph, groups.values(), path.name))


def read_ctfs(path: Path | str, *, passthrough: Path | str | None = None) -> Imported:
    """Read the CTFs of micrographs from a .cs file; each has the identity of its micrograph."""
    path = Path(path)
    records = _records(path, passthrough, ("ctf/df1_A", "ctf/df2_A", "ctf/df_angle_rad", "micrograph_blob/psize_A"))
    groups, optics_group = read_optics(records, path.name)
    frame = pl.DataFrame(
        {
            "id": records[UID].astype(np.uint64),
            "pixel_size": float64(records["micrograph_blob/psize_A"]),
            "optics_group": optics_group,
            **_ctf(records),
        }
    )
    return Imported(as_items(frame, CTF, groups.values(), path.name))


def _records(path: Path, passthrough: Path | str | None, needed: tuple[str, ...]) -> NDArray[Any]:
    records = read_records(path)
    if passthrough is not None:
        records = joined(records, read_records(passthrough), Path(passthrough).name)
    check_fields(records, path.name)
    missing = [name for name in needed if name not in (records.dtype.names or ())]
    if missing:
        raise FormatError(
            f"{path.name}: it has no field {missing[0]}; give the passthrough file of the job as well.", path=path
        )
    return records


def _ctf(records: NDArray[Any]) -> Columns:
    names = records.dtype.names or ()
    columns = {
        column: float64(records[field]) * factor for column, (field, factor) in CTF_FIELDS.items() if field in names
    }
    if "defocus_angle" in columns:
        columns["defocus_angle"] %= 180.0
    return columns


def _pose(records: NDArray[Any]) -> Columns:
    names = records.dtype.names or ()
    columns: Columns = {}
    if "alignments3D/pose" in names:
        angles = euler_angles_from_rotation_vectors(records["alignments3D/pose"].astype(np.float64))
        columns |= {name: angles[:, axis] for axis, name in enumerate(("rot", "tilt", "psi"))}
    if {"alignments3D/shift", "alignments3D/psize_A"} <= set(names):
        shifts = float64(records["alignments3D/shift"]) * float64(records["alignments3D/psize_A"])[:, np.newaxis]
        columns |= {"shift_x": shifts[:, 0], "shift_y": shifts[:, 1]}
    if "alignments3D/split" in names:
        columns["half_set"] = records["alignments3D/split"].astype(np.int64) + 1
    if "alignments3D/alpha" in names:
        columns["scale"] = float64(records["alignments3D/alpha"])
    for field in ("alignments3D/class", "alignments2D/class"):
        if field in names:
            columns["class_number"] = records[field].astype(np.int64) + 1
            break
    return columns


def _location(records: NDArray[Any], file: str) -> Columns:
    names = records.dtype.names or ()
    columns: Columns = {}
    if "location/micrograph_uid" in names:
        columns["micrograph_id"] = records["location/micrograph_uid"].astype(np.uint64)
        columns["parent_id"] = columns["micrograph_id"]
    if "location/micrograph_path" in names:
        columns["micrograph_file"] = text_of(records["location/micrograph_path"], file).str.strip_prefix(">")
    if {"location/center_x_frac", "location/center_y_frac", "location/micrograph_shape"} <= set(names):
        shape = records["location/micrograph_shape"].astype(np.float64)
        columns["x"] = records["location/center_x_frac"].astype(np.float64) * shape[:, 1]
        columns["y"] = (1.0 - records["location/center_y_frac"].astype(np.float64)) * shape[:, 0]
    return columns
