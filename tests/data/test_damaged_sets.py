"""Sets whose files are damaged, or point elsewhere, are refused with a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ctf_sets import ctf, edit_manifest, latest

from cryoloom.data import (
    SetWriter,
    StoredSet,
)
from cryoloom.errors import FormatError


def test_a_set_without_its_hint_or_with_a_wrong_one_is_read_all_the_same(tmp_path: Path) -> None:
    writer = SetWriter.open(tmp_path, "ctfs")
    for identity in range(1, 4):
        writer.commit([ctf(identity)])
    hint = tmp_path / "newest-generation"
    for content in (b"", b"garbage", b"0000000000000000001\n", b"0000000000000000099\n", b"-000000000000000001\n"):
        hint.write_bytes(content)
        assert StoredSet(tmp_path).newest_generation() == 3
    hint.unlink()
    assert StoredSet(tmp_path).newest_generation() == 3
    assert SetWriter.open(tmp_path, "ctfs").commit([ctf(4)]) == 4


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is damaged"),
        (b"\xff\xfe{", "is damaged"),
        (b"[1, 2]", "not the manifest of a set"),
        (b'{"format": "something else"}', "not the manifest of a set"),
        (b'{"format": "cryoloom-set"}', "is damaged"),
        (b"[" * 100_000, "is damaged"),
        (b'{"format": "cryoloom-set", "kind": "ctfs", "kind_version": "x"}', "is damaged"),
    ],
)
def test_a_damaged_manifest_is_refused_with_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "manifest-000001.json").write_bytes(content)
    with pytest.raises(FormatError, match=sentence):
        StoredSet(tmp_path).latest()
    with pytest.raises(FormatError, match=sentence):
        SetWriter.open(tmp_path, "ctfs")


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "part-000001-0011aabb.parquet/../x", "", None, "part-1-00.parquet", "a\0b"],
)
def test_a_manifest_that_names_a_file_elsewhere_is_refused(tmp_path: Path, name: object) -> None:
    SetWriter.open(tmp_path, "ctfs").commit([ctf(1)])
    part = json.loads((tmp_path / "manifest-000001.json").read_text())["parts"][0]
    edit_manifest(tmp_path, parts=[part | {"file": name}])
    with pytest.raises(FormatError, match="not the name of a part"):
        StoredSet(tmp_path).latest()


@pytest.mark.parametrize(
    "changes",
    [
        {"generation": 7},
        {"columns": {"id": {"dtype": "complex"}}},
        {"columns": ["id"]},
        {"optics_groups": [{"id": 1}]},
        {"parts": [{"file": "part-000001-0011aabb.parquet"}]},
        {"parts": 5},
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    SetWriter.open(tmp_path, "ctfs").commit([ctf(1)])
    edit_manifest(tmp_path, **changes)
    with pytest.raises(FormatError, match="manifest-000001.json"):
        StoredSet(tmp_path).latest()


def test_a_damaged_part_is_refused_with_a_sentence(tmp_path: Path) -> None:
    SetWriter.open(tmp_path, "ctfs").commit([ctf(1)])
    next(tmp_path.glob("part-*")).write_bytes(b"PAR1 nonsense")
    with pytest.raises(FormatError, match="cannot be read"):
        latest(tmp_path).to_polars()


def test_a_writer_refuses_to_merge_a_damaged_part(tmp_path: Path) -> None:
    SetWriter.open(tmp_path, "ctfs").commit([ctf(1)])
    writer = SetWriter.open(tmp_path, "ctfs")
    next(tmp_path.glob("part-*")).write_bytes(b"PAR1 nonsense")
    with pytest.raises(FormatError, match="cannot be read"):
        writer.commit([ctf(1)])
