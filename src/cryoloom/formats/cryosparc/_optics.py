"""Optics groups: cryoSPARC's exposure groups, counted from 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cryoloom.data import OpticsGroup
from cryoloom.errors import FormatError

_GROUP = "exp_group_id"
_SOURCES = {
    "voltage": ("ctf/accel_kv", "mscope_params/accel_kv"),
    "spherical_aberration": ("ctf/cs_mm", "mscope_params/cs_mm"),
    "amplitude_contrast": ("ctf/amp_contrast",),
}
# Aberrations that are kept as columns of their own: their conventions have not been tested.
UNTRANSLATED = ("ctf/tilt_A", "ctf/trefoil_A", "ctf/tetra_A", "ctf/shift_A", "ctf/anisomag")


def read_optics(records: NDArray[Any], file: str) -> tuple[dict[int, OpticsGroup], pl.Series]:
    """The optics groups of the records by identity, and the identity of the group of each.

    Groups differ by exposure group, voltage, spherical aberration and amplitude contrast.

    Raises
    ------
    FormatError
        If the voltage is not stated.
    """
    names = records.dtype.names or ()
    columns: dict[str, NDArray[Any]] = {}
    for column, candidates in _SOURCES.items():
        present = [name for name in candidates if name in names]
        if not present and column == "voltage":
            raise FormatError(f"{file}: the voltage is not stated; give the passthrough file of the job as well.")
        columns[column] = records[present[0]] if present else np.zeros(len(records), np.float32)
    number = next((name for name in (f"ctf/{_GROUP}", f"mscope_params/{_GROUP}") if name in names), None)
    columns["number"] = np.zeros(len(records), np.int64) if number is None else records[number].astype(np.int64)
    table = pl.DataFrame({name: _rounded(values) for name, values in columns.items()})
    distinct = table.unique(maintain_order=True)
    described = [_group(row) for row in distinct.iter_rows(named=True)]
    ids = distinct.with_columns(pl.Series("optics_group", [group.id for group in described], pl.UInt64))
    per_row = table.join(ids, on=table.columns, how="left", maintain_order="left")["optics_group"]
    return {group.id: group for group in described}, per_row


def _rounded(values: NDArray[Any]) -> NDArray[Any]:
    """Single-precision numbers as the decimal ones that a person wrote: 2.7, not 2.700000047."""
    return values if values.dtype.kind in "iu" else np.round(values.astype(np.float64), 6)


def _group(row: Mapping[str, Any]) -> OpticsGroup:
    values = {name: float(row[name]) for name in _SOURCES}
    return OpticsGroup.describe(name=f"opticsGroup{int(row['number']) + 1}", **values)
