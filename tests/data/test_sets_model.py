"""A set on disk against a dictionary: whatever is committed, by whatever writer, both hold the same."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cryoloom.data import SetWriter, StoredSet

IDS = st.integers(1, 40).map(lambda number: number * 0x0101_0101_0101_0101 % 2**64)
ROWS = st.fixed_dictionaries(
    {"defocus_u": st.floats(0, 1e5), "score": st.none() | st.floats(0, 1)},
    optional={"my_label": st.text(max_size=3), "my_number": st.integers(-5, 5)},
)
TABLES = st.dictionaries(IDS, ROWS, max_size=30)


def rows_by_id(frame: pl.DataFrame) -> dict[int, dict[str, Any]]:
    """What a frame says of each identity, unknown values left out."""
    rows = {row.pop("id"): row for row in frame.to_dicts()}
    assert len(rows) == frame.height, "an identity was seen more than once"
    return {
        identity: {name: value for name, value in row.items() if value is not None} for identity, row in rows.items()
    }


class SetMachine(RuleBasedStateMachine):
    """The truth is `self.states`: one dictionary for each generation."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cryoloom-set-"))
        self.writer = SetWriter.open(self.folder, "ctfs")
        self.states: dict[int, dict[int, dict[str, Any]]] = {0: {}}
        self.touched: dict[int, set[int]] = {}
        self.followers: list[tuple[int | None, dict[int, dict[str, Any]]]] = [(None, {}), (None, {})]
        self.closed = False
        self.swept_below = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @property
    def newest(self) -> int:
        return max(self.states)

    @rule(upsert=TABLES, withdraw=st.sets(IDS, max_size=10), as_frame=st.booleans())
    def commit(self, upsert: dict[int, dict[str, Any]], withdraw: set[int], as_frame: bool) -> None:
        withdraw -= upsert.keys()
        rows = [{"id": identity, **row} for identity, row in upsert.items()]
        given = pl.DataFrame(rows, infer_schema_length=None, schema_overrides={"id": pl.UInt64}) if as_frame else rows
        generation = self.writer.commit(given, withdraw=withdraw, reopen=self.closed)
        state = self.states[self.newest]
        if upsert or withdraw & state.keys():
            known = {
                identity: {name: value for name, value in row.items() if value is not None}
                for identity, row in upsert.items()
            }
            state = state | {identity: {"parent_id": 0, **row} for identity, row in known.items()}
            self.touched[generation] = upsert.keys() | (withdraw & state.keys())
            state = {identity: row for identity, row in state.items() if identity not in withdraw}
        if upsert or withdraw & self.states[self.newest].keys() or self.closed or self.newest == 0:
            assert generation == self.newest + 1
            self.closed = False
        else:
            assert generation == self.newest
        self.states[generation] = state

    @rule(first=st.integers(1000, 1300), count=st.integers(60, 600))
    def commit_many(self, first: int, count: int) -> None:
        """Enough rows for parts of several sizes to stand side by side."""
        ids = list(range(first, first + count))
        generation = self.writer.commit(pl.DataFrame({"id": ids, "defocus_u": float(count)}), reopen=self.closed)
        self.closed = False
        self.touched[generation] = set(ids)
        self.states[generation] = self.states[self.newest] | {
            identity: {"parent_id": 0, "defocus_u": float(count)} for identity in ids
        }

    @precondition(lambda self: len(self.states[self.newest]) > 10)
    @rule(data=st.data())
    def withdraw_some(self, data: st.DataObject) -> None:
        held = sorted(self.states[self.newest])
        start = data.draw(st.integers(0, len(held) - 1))
        gone = set(held[start : start + data.draw(st.integers(1, len(held)))])
        generation = self.writer.commit(withdraw=gone, reopen=self.closed)
        self.closed = False
        self.touched[generation] = gone
        self.states[generation] = {
            identity: row for identity, row in self.states[generation - 1].items() if identity not in gone
        }

    @rule()
    def close(self) -> None:
        generation = self.writer.commit(close=True)
        assert generation == self.newest + (not self.closed)
        self.states[generation] = self.states[self.newest]
        self.closed = True

    @rule()
    def take_over(self) -> None:
        self.writer = SetWriter.open(self.folder, "ctfs")

    @precondition(lambda self: self.newest > 0)
    @rule(which=st.integers(0, 1))
    def follow(self, which: int) -> None:
        """A reader that only ever asks what has changed holds what a fresh reader sees."""
        seen, held = self.followers[which]
        snapshot = StoredSet(self.folder).latest()
        changes = snapshot.changes_since(seen)
        upserted = rows_by_id(changes.upserted)
        assert not upserted.keys() & set(changes.withdrawn)
        assert len(set(changes.withdrawn)) == len(changes.withdrawn)
        if seen is not None:
            touched = set().union(*(self.touched.get(g, ()) for g in range(seen + 1, self.newest + 1)))
            assert upserted.keys() | set(changes.withdrawn) == touched
        held = {identity: row for identity, row in held.items() if identity not in changes.withdrawn} | upserted
        assert held == self.states[self.newest]
        self.followers[which] = snapshot.generation, held

    @precondition(lambda self: self.newest > 0)
    @rule(pins=st.sets(st.integers(1, 30), max_size=2))
    def sweep(self, pins: set[int]) -> None:
        old = time.time() - 7200
        for file in self.folder.iterdir():
            os.utime(file, (old, old))
        before = {g for g in self.states if (self.folder / f"manifest-{g:06d}.json").exists()}
        self.writer.sweep(lambda: pins)
        after = {g for g in self.states if (self.folder / f"manifest-{g:06d}.json").exists()}
        assert after == before & (pins | {self.newest})

    @precondition(lambda self: self.newest > 0)
    @rule(data=st.data())
    def look_back(self, data: st.DataObject) -> None:
        there = [g for g in self.states if g and (self.folder / f"manifest-{g:06d}.json").exists()]
        generation = data.draw(st.sampled_from(there))
        snapshot = StoredSet(self.folder).at(generation)
        assert rows_by_id(snapshot.to_polars()) == self.states[generation]
        for identity in data.draw(st.sets(IDS, max_size=3)):
            assert (snapshot.rows([identity]).height == 1) == (identity in self.states[generation])

    @invariant()
    def fresh_reader_agrees(self) -> None:
        snapshot = StoredSet(self.folder).latest()
        if snapshot is None:
            assert self.newest == 0
            return
        assert snapshot.generation == self.newest
        assert snapshot.closed == self.closed
        assert snapshot.count == len(self.states[self.newest])
        assert len(list(self.folder.glob("*.tmp"))) == 0


TestSetAgainstDictionary = SetMachine.TestCase
TestSetAgainstDictionary.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


class TestSetsThatMergeTheirPartsAsStreams(SetMachine.TestCase):
    """The same with parts of a few rows taken for large ones."""

    settings = TestSetAgainstDictionary.settings

    def setUp(self) -> None:
        patcher = mock.patch("cryoloom.data._writer.LARGE", 50)
        patcher.start()
        self.addCleanup(patcher.stop)
