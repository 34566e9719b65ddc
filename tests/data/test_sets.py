"""What readers and writers of a set promise each other."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from ctf_sets import ctf, latest

from cryoloom.data import (
    Micrograph,
    OpticsGroup,
    Particle,
    SetWriter,
    StoredSet,
    Table,
)
from cryoloom.errors import NotFoundError, ParameterError, ProjectError


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
