"""Sets of other versions, and of kinds that are not known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from ctf_sets import ctf, edit_manifest, latest

from cryoloom.data import (
    Column,
    OpticsGroup,
    Schema,
    SetWriter,
)
from cryoloom.errors import NotFoundError, ParameterError, ReadOnlyError


def test_unknown_fields_and_columns_survive_a_rewrite(tmp_path: Path, optics: OpticsGroup) -> None:
    SetWriter.open(tmp_path, "ctfs").commit([ctf(k, extra={"mine": k}).with_optics(optics) for k in range(1, 9)])
    document = json.loads((tmp_path / "manifest-000001.json").read_text())
    document["columns"]["score_of_tomorrow"] = {"dtype": "float64", "unit": "", "meaning": "x", "precision": 3}
    document["columns"]["mine"]["precision"] = 2
    document["parts"][0]["bloom"] = "abc"
    document["optics_groups"][0]["tilt_of_tomorrow"] = 1.5
    edit_manifest(tmp_path, **document, tomorrow={"a": [1]})
    SetWriter.open(tmp_path, "ctfs").commit([ctf(100 + k) for k in range(200)])
    written = json.loads((tmp_path / "manifest-000002.json").read_text())
    assert written["tomorrow"] == {"a": [1]}
    assert written["columns"]["score_of_tomorrow"]["precision"] == 3
    assert written["columns"]["mine"]["precision"] == 2
    assert written["optics_groups"][0]["tilt_of_tomorrow"] == 1.5
    assert latest(tmp_path).to_polars()["score_of_tomorrow"].null_count() == 208


def test_a_set_of_a_newer_version_is_read_but_not_written(tmp_path: Path) -> None:
    SetWriter.open(tmp_path, "ctfs").commit([ctf(1)])
    edit_manifest(tmp_path, schema_version=2)
    assert latest(tmp_path).count == 1
    with pytest.raises(ReadOnlyError, match="newer cryoloom"):
        SetWriter.open(tmp_path, "ctfs")


def test_a_set_of_a_kind_that_is_not_known_is_read_and_written_with_its_own_columns(tmp_path: Path) -> None:
    schema = Schema(
        "tiltseries", 1, (Column("id", "uint64"), Column("parent_id", "uint64"), Column("angle", "float64", "degrees"))
    )
    writer = SetWriter.open(tmp_path, "tiltseries", schema)
    writer.commit([{"id": 1, "angle": 3}])
    snapshot = latest(tmp_path)
    assert snapshot.to_polars().rows() == [(1, 0, 3.0)]
    assert snapshot.schema["angle"].unit == "degrees"
    with pytest.raises(NotFoundError, match="no kind of item 'tiltseries'"):
        next(snapshot.items())
    with pytest.raises(NotFoundError, match="no kind of item 'tiltseries'"):
        SetWriter.open(tmp_path / "other", "tiltseries")
    with pytest.raises(ParameterError, match="holds tiltseries, not ctfs"):
        SetWriter.open(tmp_path, "ctfs")


@pytest.mark.parametrize("rows", [3, 5000], ids=["small", "large"])
def test_every_file_carries_its_schema_version(tmp_path: Path, rows: int) -> None:
    SetWriter.open(tmp_path, "ctfs").commit(pl.DataFrame({"id": np.arange(1, rows + 1)}))
    assert json.loads((tmp_path / "manifest-000001.json").read_text())["schema_version"] == 1
    assert pl.read_parquet_metadata(latest(tmp_path).files[0])["cryoloom_schema_version"] == "1"
