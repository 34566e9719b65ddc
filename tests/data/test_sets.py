"""What readers and writers of a set promise each other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cryoloom.data import (
    CTF,
    Column,
    Micrograph,
    OpticsGroup,
    Particle,
    Schema,
    SetWriter,
    Snapshot,
    StoredSet,
    Table,
)
from cryoloom.errors import FormatError, NotFoundError, ParameterError, ProjectError, ReadOnlyError


def ctf(identity: int, **values: object) -> CTF:
    fitted = {"defocus_u": 12_000.0, "defocus_v": 11_500.0, "defocus_angle": 30.0, "pixel_size": 1.5}
    return CTF(id=identity, **(fitted | values))


def latest(folder: Path) -> Snapshot[CTF]:
    snapshot = StoredSet(folder).latest()
    assert snapshot is not None
    return snapshot


def edit_manifest(folder: Path, **changes: object) -> None:
    path = folder / "manifest-000001.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_there_is_nothing_before_the_first_commit(tmp_path: Path) -> None:
    assert StoredSet(tmp_path / "nowhere").latest() is None
    writer = SetWriter.open(tmp_path / "set", "ctfs")
    assert writer.generation is None
    assert StoredSet(tmp_path / "set").latest() is None
    with pytest.raises(NotFoundError, match="There is no generation 1"):
        StoredSet(tmp_path / "set").at(1)


def test_an_empty_set_can_be_made_and_closed(tmp_path: Path) -> None:
    writer = SetWriter.open(tmp_path, "ctfs")
    assert writer.commit() == 1
    assert writer.commit(close=True, note={"why": "nothing came"}) == 2
    snapshot = latest(tmp_path)
    assert (snapshot.count, snapshot.closed, dict(snapshot.note)) == (0, True, {"why": "nothing came"})
    assert snapshot.to_polars().height == 0
    assert list(snapshot.items()) == []
    assert snapshot.changes_since(1).upserted.height == 0


def test_items_come_back_as_they_were_with_their_optics(tmp_path: Path, optics: OpticsGroup) -> None:
    items = [
        ctf(2**64 - 1, warnings=("drift", "ice"), phase_shift=90.0).with_optics(optics),
        ctf(7, parent_id=3, extra={"my_label": "x", "my_numbers": (1.5, 2.5)}).with_optics(optics),
    ]
    SetWriter.open(tmp_path, "ctfs").commit(items)
    snapshot = latest(tmp_path)
    assert list(snapshot.items()) == items
    assert snapshot.item(7).optics == optics
    assert snapshot.optics_groups == {optics.id: optics}
    with pytest.raises(NotFoundError, match="There is no item 8"):
        snapshot.item(8)


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


def test_withdrawing_and_coming_back(tmp_path: Path) -> None:
    writer = SetWriter.open(tmp_path, "ctfs")
    writer.commit([ctf(1), ctf(2), ctf(3)])
    writer.commit(withdraw=[2, 99])
    assert writer.commit(withdraw=[2, 99]) == 2, "nothing to do, no generation"
    writer.commit([ctf(2, score=0.25)])
    assert latest(tmp_path).changes_since(1).withdrawn == []
    assert latest(tmp_path).changes_since(1).upserted["id"].to_list() == [2]
    assert StoredSet(tmp_path).at(2).changes_since(1).withdrawn == [2]
    assert latest(tmp_path).item(2).score == 0.25
    assert [latest(tmp_path).count, StoredSet(tmp_path).at(2).count] == [3, 2]


def test_the_same_rows_again_are_no_error(tmp_path: Path) -> None:
    writer = SetWriter.open(tmp_path, "ctfs")
    writer.commit([ctf(1), ctf(2)])
    writer.commit([ctf(1), ctf(2)])
    assert latest(tmp_path).to_polars()["id"].to_list() == [1, 2]
    assert latest(tmp_path).count == 2


def test_a_closed_set_changes_only_when_it_is_reopened(tmp_path: Path) -> None:
    writer = SetWriter.open(tmp_path, "ctfs")
    writer.commit([ctf(1)], close=True)
    with pytest.raises(ProjectError, match="is closed; reopen it"):
        writer.commit([ctf(2)])
    writer.commit(withdraw=[1], reopen=True, close=True)
    assert (latest(tmp_path).closed, latest(tmp_path).count) == (True, 0)
    writer.commit(reopen=True)
    assert not latest(tmp_path).closed


def test_optics_groups_are_added_and_replaced_by_identity(tmp_path: Path, optics: OpticsGroup) -> None:
    writer = SetWriter.open(tmp_path, "ctfs")
    writer.commit([ctf(1).with_optics(optics)])
    other = OpticsGroup.describe(name="hole 2", voltage=300, spherical_aberration=2.7, amplitude_contrast=0.1)
    writer.commit(optics_groups=[other])
    refined = OpticsGroup.from_json(optics.to_json() | {"beam_tilt_x": 0.3, "my_zernike": 5})
    writer.commit(optics_groups=[refined])
    groups = latest(tmp_path).optics_groups
    assert groups == {optics.id: refined, other.id: other}
    assert groups[optics.id].extra == {"my_zernike": 5}
    assert latest(tmp_path).item(1).optics.beam_tilt_x == 0.3
    assert StoredSet(tmp_path).at(1).item(1).optics.beam_tilt_x == 0.0


def test_a_table_passes_on_what_is_known_of_its_columns(tmp_path: Path, optics: OpticsGroup) -> None:
    SetWriter.open(tmp_path / "a", "ctfs").commit([ctf(1, extra={"mine": 2}).with_optics(optics)])
    table = latest(tmp_path / "a").table()
    table = table.with_frame(table.frame, Column("mine", "int64", "nm", "something of my own"))
    SetWriter.open(tmp_path / "b", "ctfs").commit(table)
    copy = latest(tmp_path / "b")
    assert copy.schema["mine"] == Column("mine", "int64", "nm", "something of my own")
    assert copy.optics_groups == {optics.id: optics}
    assert copy.to_polars().equals(table.frame)


def test_reading_writes_nothing(tmp_path: Path) -> None:
    SetWriter.open(tmp_path, "ctfs").commit([ctf(1)])
    before = {path.name: path.stat() for path in tmp_path.iterdir()}
    folder_before = tmp_path.stat().st_mtime_ns
    snapshot = latest(tmp_path)
    assert list(snapshot.items())
    assert snapshot.changes_since(None).upserted.height == 1
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == {
        name: status.st_mtime_ns for name, status in before.items()
    }
    assert tmp_path.stat().st_mtime_ns == folder_before


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


@pytest.mark.parametrize("rows", [3, 5000], ids=["small", "large"])
def test_every_file_carries_its_schema_version(tmp_path: Path, rows: int) -> None:
    SetWriter.open(tmp_path, "ctfs").commit(pl.DataFrame({"id": np.arange(1, rows + 1)}))
    assert json.loads((tmp_path / "manifest-000001.json").read_text())["schema_version"] == 1
    assert pl.read_parquet_metadata(latest(tmp_path).files[0])["cryoloom_schema_version"] == "1"


def test_many_parts_that_override_each_other_read_as_one(tmp_path: Path) -> None:
    writer = SetWriter.open(tmp_path, "ctfs")
    truth: dict[int, float] = {}
    for turn, rows in enumerate((3000, 900, 700, 500, 80, 70, 60, 9, 8, 7)):
        ids = [identity * (turn % 3 + 1) for identity in range(1, rows + 1)]
        writer.commit(pl.DataFrame({"id": ids, "score": float(turn)}))
        truth |= dict.fromkeys(ids, float(turn))
    assert len(latest(tmp_path).files) > 5
    assert dict(latest(tmp_path).to_polars(["id", "score"]).iter_rows()) == truth
    assert latest(tmp_path).count == len(truth)
    changes = latest(tmp_path).changes_since(6)
    assert dict(changes.upserted.select("id", "score").iter_rows()) == {k: v for k, v in truth.items() if v > 5}


def test_a_generation_whose_files_were_swept_says_so(tmp_path: Path, age: Callable[[Path], None]) -> None:
    writer = SetWriter.open(tmp_path, "ctfs")
    writer.commit([ctf(1)])
    held = latest(tmp_path)
    writer.commit([ctf(1, score=0.5)])
    age(tmp_path)
    assert writer.sweep() > 0
    with pytest.raises(NotFoundError, match="Generation 1 of .* was swept"):
        held.to_polars()


def test_a_sweep_keeps_young_and_pinned_generations_readable(tmp_path: Path, age: Callable[[Path], None]) -> None:
    writer = SetWriter.open(tmp_path, "ctfs")
    for generation in range(1, 31):
        writer.commit([ctf(generation), ctf(1000, score=generation / 100)])
    assert writer.sweep() == 0, "all of it is young"
    age(tmp_path)
    writer.commit([ctf(31)])
    writer.sweep(lambda: {4, 17, 500})
    kept = sorted(int(path.name[9:15]) for path in tmp_path.glob("manifest-*"))
    assert kept == [4, 17, 30, 31], "generation 30 was current until a moment ago"
    for generation in kept:
        frame = StoredSet(tmp_path).at(generation).to_polars(["id", "score"])
        assert set(frame["id"]) == {*range(1, generation + 1), 1000}
        assert frame.filter(pl.col("id") == 1000)["score"].item() == min(generation, 30) / 100
    named = {path for g in kept for path in StoredSet(tmp_path).at(g).files}
    assert set(tmp_path.glob("part-*")) == named


def test_a_sweep_takes_what_dead_writers_left_but_nothing_of_a_writer_that_may_yet_publish(
    tmp_path: Path, age: Callable[[Path], None]
) -> None:
    writer = SetWriter.open(tmp_path, "ctfs")
    writer.commit([ctf(1)])
    writer.commit([ctf(2)])
    left = [
        "part-000002-00ff00ff.parquet",
        ".manifest-000002.json-00ff.tmp",
        ".now-00ff",
        ".manifest-000001.json-1.tmp",
    ]
    of_the_next = ["part-000003-00ff00ff.parquet", ".manifest-000003.json-00ff.tmp"]
    somebody_elses = ["notes.txt", "manifest.json", "part-000001.parquet"]
    for name in (*left, *of_the_next, *somebody_elses):
        (tmp_path / name).write_bytes(b"12345")
    before = {path.name for path in tmp_path.iterdir()}
    age(tmp_path)
    freed = writer.sweep()
    gone = before - {path.name for path in tmp_path.iterdir()}
    assert gone == {*left, "manifest-000001.json"}
    assert freed >= 5 * len(left)
    assert latest(tmp_path).to_polars()["id"].to_list() == [1, 2]


def test_a_sweep_does_not_follow_links(tmp_path: Path, age: Callable[[Path], None]) -> None:
    precious = tmp_path / "raw"
    precious.mkdir()
    (precious / "movie.tif").write_bytes(b"photons")
    folder = tmp_path / "set"
    writer = SetWriter.open(folder, "ctfs")
    writer.commit([ctf(1)])
    (folder / "part-000001-00112233.parquet").symlink_to(precious / "movie.tif")
    (folder / ".claim-000001").symlink_to(precious)
    writer.commit([ctf(2)])
    age(folder)
    writer.sweep()
    assert (precious / "movie.tif").read_bytes() == b"photons"
    assert not (folder / ".claim-000001").is_symlink()


def test_many_commits_leave_few_parts_and_readers_see_each_id_once(tmp_path: Path) -> None:
    commits, per_commit = 300, 25
    stop = threading.Event()
    seen: list[Counter[int]] = [Counter(), Counter()]
    consistent: list[bool] = []

    def follow(which: int) -> None:
        generation = None
        while True:
            last_round = stop.is_set()
            snapshot = StoredSet(tmp_path).latest()
            if snapshot is not None and snapshot.generation != generation:
                changes = snapshot.changes_since(generation)
                seen[which].update(changes.upserted["id"].to_list())
                consistent.append(seen[which].total() == snapshot.count and not changes.withdrawn)
                generation = snapshot.generation
            if last_round:
                return
            stop.wait(0.005)

    readers = [threading.Thread(target=follow, args=(which,)) for which in range(2)]
    for reader in readers:
        reader.start()
    writer = SetWriter.open(tmp_path, "ctfs")
    most_parts = 0
    for turn in range(commits):
        ids = np.arange(turn * per_commit + 1, (turn + 1) * per_commit + 1)
        writer.commit(pl.DataFrame({"id": ids, "score": ids / 7}))
        most_parts = max(most_parts, len(latest(tmp_path).files))
    stop.set()
    for reader in readers:
        reader.join()
    everything = Counter(range(1, commits * per_commit + 1))
    assert seen == [everything, everything]
    assert all(consistent)
    assert most_parts <= 64
    assert latest(tmp_path).to_polars()["id"].to_list() == list(everything), "rows stay in the order of commits"


def test_changes_are_read_from_the_parts_that_changed_only(tmp_path: Path) -> None:
    writer = SetWriter.open(tmp_path, "ctfs")
    writer.commit(pl.DataFrame({"id": np.arange(1, 5001)}))
    writer.commit([ctf(9001)])
    snapshot = latest(tmp_path)
    snapshot.files[0].unlink()
    assert snapshot.changes_since(1).upserted["id"].to_list() == [9001]
    with pytest.raises(ParameterError, match="Generation 3 .* is newer than 2"):
        snapshot.changes_since(3)


def test_filters_and_columns(tmp_path: Path) -> None:
    SetWriter.open(tmp_path, "ctfs").commit([ctf(k, score=k / 10) for k in range(1, 6)])
    snapshot = latest(tmp_path)
    assert snapshot.to_polars(["id"], pl.col("score") > 0.25).rows() == [(3,), (4,), (5,)]
    assert snapshot.to_polars(["id"], "score > 0.25 and id != 4").rows() == [(3,), (5,)]
    with pytest.raises(NotFoundError, match='lack a column: .*"nothing"'):
        snapshot.to_polars(filter=pl.col("nothing") > 1)
    assert snapshot.rows([5, 77, 1])["id"].to_list() == [1, 5]
    assert len(snapshot) == 5
    with pytest.raises(NotFoundError, match="no column scor; there are id, "):
        snapshot.to_polars(["scor"])
    assert snapshot.scan().select(pl.col("score").sum()).collect().item() == pytest.approx(1.5, rel=1e-12)


def test_memory_for_items_does_not_need_the_whole_table(tmp_path: Path) -> None:
    writer = SetWriter.open(tmp_path, "particles")
    for turn in range(3):
        ids = np.arange(turn * 1000 + 1, turn * 1000 + 601)
        writer.commit(pl.DataFrame({"id": ids, "file": "a.mrcs", "index": ids, "pixel_size": 1.0, "box_size": 64}))
    items = StoredSet[Particle](tmp_path).latest().items()
    assert next(items).id == 1
    assert sum(1 for _ in items) == 3 * 600 - 1


def test_importing_the_package_loads_neither_polars_nor_numpy() -> None:
    program = "import sys, cryoloom.data; print(sorted({'polars', 'numpy', 'scipy', 'pydantic'} & sys.modules.keys()))"
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"


def test_a_table_of_items_is_what_a_commit_writes(tmp_path: Path, optics: OpticsGroup) -> None:
    items = [
        Micrograph(id=k, file=f"{k}.mrc", width=4, height=3, pixel_size=1.0).with_optics(optics) for k in range(1, 4)
    ]
    table = Table.of(items, "micrographs")
    SetWriter.open(tmp_path, "micrographs").commit(table)
    assert list(StoredSet[Micrograph](tmp_path).latest().items()) == items
    assert latest(tmp_path).table().frame.equals(table.frame)
