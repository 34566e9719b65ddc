import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryoloom.lanes.slots._locks import first_conflict, free_spans, lock, unlock


@pytest.fixture
def descriptors(tmp_path: Path) -> Iterator[list[int]]:
    (tmp_path / "file").touch()
    opened = [os.open(tmp_path / "file", os.O_RDWR) for _ in range(3)]
    yield opened
    for descriptor in opened:
        os.close(descriptor)


def test_a_byte_has_one_holder(descriptors: list[int]) -> None:
    one, other, _ = descriptors
    assert lock(one, 10, 20)
    assert not lock(other, 19, 30)
    assert lock(other, 20, 30)
    unlock(one, 10, 20)
    assert lock(other, 10, 20)


def test_a_conflict_is_cut_to_what_was_asked(descriptors: list[int]) -> None:
    one, other, _ = descriptors
    assert lock(one, 10, 20)
    assert first_conflict(other, 0, 15) == (10, 15)
    assert first_conflict(other, 0, 10) is None
    assert first_conflict(one, 0, 100) is None  # its own


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 50), st.integers(1, 10)), max_size=12))
def test_free_spans_are_what_others_have_not_locked(descriptors: list[int], locks: list[tuple[int, int, int]]) -> None:
    *holders, asker = descriptors
    taken: set[int] = set()
    for holder in holders:
        unlock(holder, 0, 100)
    for holder, first, length in locks:
        if lock(holders[holder], first, first + length):
            taken.update(range(first, first + length))
    spans = free_spans(asker, 5, 55)
    assert [byte for first, end in spans for byte in range(first, end)] == [b for b in range(5, 55) if b not in taken]
