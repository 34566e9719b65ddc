"""Compaction: few parts whatever the sizes of commits, and little rewriting."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from cryoloom.data._compaction import MAXIMUM_PARTS, parts_to_keep


def commit_all(sizes: list[int]) -> tuple[list[int], int]:
    """The parts after commits of these sizes, and how many rows were written in all."""
    parts: list[int] = []
    written = 0
    for size in sizes:
        kept = parts_to_keep(parts, size)
        parts[kept:] = [sum(parts[kept:]) + size]
        written += parts[-1]
        assert len(parts) <= MAXIMUM_PARTS
    return parts, written


@given(st.lists(st.one_of(st.integers(1, 300), st.integers(1, 10**6), st.just(10**9)), max_size=400))
def test_there_are_never_too_many_parts(sizes: list[int]) -> None:
    parts, _ = commit_all(sizes)
    assert sum(parts) == sum(sizes)


@given(st.integers(1, 2000), st.integers(200, 4000))
def test_equal_commits_rewrite_each_row_few_times(size: int, commits: int) -> None:
    _, written = commit_all([size] * commits)
    rows = size * commits
    # Up to 8 times while a part has fewer than 64 rows, then once for each factor of 8.
    assert written <= rows * (10 + math.log(max(rows / 64, 1), 8))


def test_a_large_commit_is_not_merged_with_a_larger_past() -> None:
    assert parts_to_keep([1_000_000, 100_000], 50) == 2
    assert parts_to_keep([1_000_000], 1_000_000) == 1
    assert parts_to_keep([1_000_000, 10, 10], 100_000) == 1
    assert parts_to_keep([], 5) == 0
    assert parts_to_keep([100] * 7, 100) == 0
    assert parts_to_keep([1000, *[100] * 7], 100) == 1
