"""Identity: the same wherever it is computed, different for what differs."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoloom.data import child_id, digest, half_set_of, movie_id, movie_id_of, quantised_position
from cryoloom.errors import InputError

MEBIBYTE = 2**20


def test_a_moved_raw_folder_keeps_its_movies(tmp_path: Path) -> None:
    movie = tmp_path / "raw" / "square 1" / "movie.tif"
    movie.parent.mkdir(parents=True)
    movie.write_bytes(os.urandom(3 * MEBIBYTE + 17))
    before = movie_id_of(movie, tmp_path / "raw")
    shutil.move(tmp_path / "raw", tmp_path / "archive")
    assert movie_id_of(tmp_path / "archive" / "square 1" / "movie.tif", tmp_path / "archive") == before


def test_a_movie_is_its_path_size_and_ends(tmp_path: Path) -> None:
    content = bytearray(os.urandom(3 * MEBIBYTE))
    path = tmp_path / "movie.tif"
    path.write_bytes(content)
    identity = movie_id_of(path, tmp_path)
    assert identity == movie_id("movie.tif", len(content), bytes(content[:MEBIBYTE]), bytes(content[-MEBIBYTE:]))
    for place, same in ((0, False), (MEBIBYTE - 1, False), (MEBIBYTE + 5, True), (2 * MEBIBYTE, False), (-1, False)):
        changed = bytearray(content)
        changed[place] ^= 1
        path.write_bytes(changed)
        assert (movie_id_of(path, tmp_path) == identity) is same
    path.write_bytes(content)
    path.rename(tmp_path / "other.tif")
    assert movie_id_of(tmp_path / "other.tif", tmp_path) != identity


def test_a_short_movie_and_a_strange_name_have_identities(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.mrc")
    path.write_bytes(b"x")
    assert movie_id_of(path, tmp_path) == movie_id(path.name, 1, b"x", b"x")


def test_a_movie_outside_the_imported_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "imported").mkdir()
    (tmp_path / "movie.mrc").write_bytes(b"")
    with pytest.raises(InputError, match="does not lie below"):
        movie_id_of(tmp_path / "movie.mrc", tmp_path / "imported")
    (tmp_path / "imported" / "..movie.mrc").write_bytes(b"")
    assert movie_id_of(tmp_path / "imported" / "..movie.mrc", tmp_path / "imported")


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_digests_tell_lists_of_bytes_apart(first: list[bytes], second: list[bytes]) -> None:
    assert (digest("a", *first) == digest("a", *second)) is (first == second)
    assert digest("a", *first) != digest("b", *first)
    assert 0 < digest("a", *first) < 2**64


def test_digests_never_change() -> None:
    # They are stored in every project: BLAKE2b with 8 bytes, personalised by purpose, each part after its length.
    state = hashlib.blake2b(digest_size=8, person=b"child".ljust(16, b"\0"))
    for part in ((5).to_bytes(8, "little"), b"1,2"):
        state.update(len(part).to_bytes(8, "little") + part)
    assert child_id(5, "1,2") == int.from_bytes(state.digest(), "little")


@pytest.mark.parametrize(
    ("x", "y", "position"),
    [(0.0, 0.0, "0,0"), (0.125, -0.125, "1,0"), (0.124, 10.25, "0,41"), (-0.126, 3999.9, "-1,16000")],
)
def test_positions_are_quantised_to_a_quarter_pixel(x: float, y: float, position: str) -> None:
    assert quantised_position(x, y) == position


def test_half_sets_are_drawn_once_and_evenly() -> None:
    ids = [child_id(7, f"{k},0") for k in range(10_000)]
    halves = [half_set_of(identity) for identity in ids]
    assert halves == [half_set_of(identity) for identity in ids]
    assert set(halves) == {1, 2}
    # A fair coin thrown 10,000 times deviates by more than 5 standard deviations (250) once in 1.7 million.
    assert abs(halves.count(1) - 5000) < 250
    other = [half_set_of(identity, salt="another draw") for identity in ids]
    assert abs(sum(a == b for a, b in zip(halves, other, strict=True)) - 5000) < 250
