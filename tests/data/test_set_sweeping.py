"""What a sweep of a set takes away, and what it leaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from ctf_sets import ctf, latest

from cryoloom.data import (
    SetWriter,
    StoredSet,
)
from cryoloom.errors import NotFoundError


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
