"""Columns of a set: types, units, and what a set holds that cryoloom does not declare."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from ctf_sets import ctf, latest

from cryoloom.data import (
    CTF,
    Column,
    OpticsGroup,
    SetWriter,
    StoredSet,
)
from cryoloom.errors import FormatError, ParameterError


def test_columns_keep_their_units_and_meanings(tmp_path: Path) -> None:
    SetWriter.open(tmp_path, "ctfs").commit([ctf(1, extra={"my_label": "x"})])
    schema = latest(tmp_path).schema
    assert schema["defocus_u"] == CTF.schema()["defocus_u"]
    assert schema["defocus_u"].unit == "Å"
    assert schema["my_label"] == Column("my_label", "string")
    assert schema.names[:3] == ("id", "parent_id", "optics_group")
    assert "score" not in schema, "a column without any value is not stored"


def test_a_column_may_come_later_and_is_null_before(tmp_path: Path) -> None:
    writer = SetWriter.open(tmp_path, "ctfs")
    writer.commit([ctf(1)])
    writer.commit([ctf(2, score=0.5, extra={"mine": 3})])
    frame = latest(tmp_path).to_polars(["id", "score", "mine"])
    assert frame.rows() == [(1, None, None), (2, 0.5, 3)]
    assert StoredSet(tmp_path).at(1).columns == tuple(
        name for name in latest(tmp_path).columns if name not in ("score", "mine")
    )


def test_an_undeclared_column_widens_and_a_declared_one_refuses(tmp_path: Path) -> None:
    writer = SetWriter.open(tmp_path, "ctfs")
    writer.commit([{"id": 1, "mine": 3, "score": 1}])
    writer.commit([{"id": 2, "mine": 2.5}])
    frame = latest(tmp_path).to_polars(["mine", "score"])
    assert frame.rows() == [(3.0, 1.0), (2.5, None)]
    assert frame.schema == {"mine": pl.Float64, "score": pl.Float64}
    assert StoredSet(tmp_path).at(1).to_polars()["mine"].to_list() == [3], "an older generation stays as it was"
    with pytest.raises(FormatError, match="'score' holds float64"):
        writer.commit([{"id": 3, "score": "good"}])
    with pytest.raises(FormatError, match="'optics_group' holds uint64"):
        writer.commit(pl.DataFrame({"id": [3], "optics_group": [-1]}))
    with pytest.raises(FormatError, match="'optics_group' holds uint64"):
        writer.commit(pl.DataFrame({"id": [3], "optics_group": [1.5]}))
    with pytest.raises(FormatError, match="'mine' holds float64"):
        writer.commit(pl.DataFrame({"id": [3], "mine": ["x"]}))
    assert writer.generation == 2


@pytest.mark.parametrize(
    ("values", "stored"),
    [
        ([1, 2**63 + 1], pl.UInt64),
        ([True, False], pl.Boolean),
        ([["a"], []], pl.List(pl.String)),
        ([(1.0,), (2.0, 3.0)], pl.List(pl.Float64)),
        ([1, 2.5], pl.Float64),
        (["", None], pl.String),
    ],
)
def test_undeclared_values_of_every_type_survive(tmp_path: Path, values: list[object], stored: pl.DataType) -> None:
    SetWriter.open(tmp_path, "ctfs").commit([{"id": k, "mine": value} for k, value in enumerate(values, start=1)])
    column = latest(tmp_path).to_polars()["mine"]
    assert column.dtype == stored
    assert column.to_list() == [list(value) if isinstance(value, tuple) else value for value in values]


def test_what_cannot_be_stored_is_refused(tmp_path: Path) -> None:
    writer = SetWriter.open(tmp_path, "ctfs")
    with pytest.raises(FormatError, match="no column 'id'"):
        writer.commit(pl.DataFrame({"score": [1.0]}))
    with pytest.raises(FormatError, match="begin with an underscore"):
        writer.commit([{"id": 1, "_generation": 3}])
    with pytest.raises(FormatError, match="which a set cannot hold"):
        writer.commit(pl.DataFrame({"id": [1], "mine": [{"a": 1}]}))
    with pytest.raises(ParameterError, match="id 5 comes twice"):
        writer.commit([{"id": 5}, {"id": 5}])
    with pytest.raises(ParameterError, match="no id"):
        writer.commit([{"id": 0}])
    writer.commit([{"id": 5}])
    with pytest.raises(ParameterError, match="id 5 is both committed and withdrawn"):
        writer.commit([{"id": 5}], withdraw=[5])
    assert writer.generation == 1


def test_a_table_passes_on_what_is_known_of_its_columns(tmp_path: Path, optics: OpticsGroup) -> None:
    SetWriter.open(tmp_path / "a", "ctfs").commit([ctf(1, extra={"mine": 2}).with_optics(optics)])
    table = latest(tmp_path / "a").table()
    table = table.with_frame(table.frame, Column("mine", "int64", "nm", "something of my own"))
    SetWriter.open(tmp_path / "b", "ctfs").commit(table)
    copy = latest(tmp_path / "b")
    assert copy.schema["mine"] == Column("mine", "int64", "nm", "something of my own")
    assert copy.optics_groups == {optics.id: optics}
    assert copy.to_polars().equals(table.frame)
