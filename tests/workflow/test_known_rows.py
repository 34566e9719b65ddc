"""What a driver remembers of rows, against a dictionary."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cryoloom.data import Coordinate, SetWriter
from cryoloom.protocols.extract import ExtractParticles
from cryoloom.workflow.driver._inputs import FollowedRows
from cryoloom.workflow.driver._known_rows import KnownRows, RowNotes

IDS = st.integers(0, 40)
STEPS = st.lists(
    st.one_of(
        st.dictionaries(IDS, st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)), max_size=12),
        st.sets(IDS, max_size=8),
    ),
    max_size=20,
)


def as_notes(known: dict[int, tuple[int, int]]) -> RowNotes:
    keys, digests = ([pair[part] for pair in known.values()] for part in (0, 1))
    return RowNotes(*(np.array(list(numbers), np.uint64) for numbers in (known, keys, digests)))


def as_dictionary(notes: RowNotes) -> dict[int, tuple[int, int]]:
    return dict(zip(notes.ids.tolist(), zip(notes.keys.tolist(), notes.digests.tolist(), strict=True), strict=True))


@given(STEPS)
def test_rows_are_exchanged_and_forgotten_as_in_a_dictionary(steps):
    known, model = KnownRows(), {}
    for step in steps:
        if isinstance(step, dict):
            former = known.exchange(as_notes(step))
            assert as_dictionary(former) == {key: model[key] for key in step if key in model}
            model.update(step)
        else:
            former = known.forget(np.array(sorted(step), np.uint64))
            assert as_dictionary(former) == {key: model.pop(key) for key in step & model.keys()}
        assert len(known) == len(model)
    assert as_dictionary(known.forget(np.arange(41, dtype=np.uint64))) == model
    assert len(known) == 0


def test_many_rows_take_little_more_than_their_numbers():
    import tracemalloc

    random = np.random.default_rng(1)
    known = KnownRows()
    tracemalloc.start()
    for _ in range(200):
        known.exchange(RowNotes(*(random.integers(1, 2**63, 1000).astype(np.uint64) for _ in range(3))))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 200_000 * 24 * 1.1


def test_a_set_without_rows_need_not_have_the_column_that_groups_them(tmp_path):
    (port,) = (port for port in ExtractParticles.input_ports() if port.grouped_by)
    writer = SetWriter.open(tmp_path, "coordinates")
    writer.commit()
    followed = FollowedRows(port, tmp_path)
    assert followed.advance()
    assert list(followed.changes()) == []
    writer.commit([Coordinate(id=number, micrograph_id=7, x=1.0, y=2.0) for number in (1, 2)])
    assert followed.advance()
    changes = list(followed.changes())
    assert [(change.key, change.rows) for change in changes] == [(7, 1), (7, 1)]
    writer.commit([Coordinate(id=1, micrograph_id=8, x=1.0, y=2.0)], withdraw=[2])
    assert followed.advance()
    moved = list(followed.changes())
    assert sorted((change.key, change.rows) for change in moved) == [(7, -1), (7, -1), (8, 1)]
    assert sum(change.digests for change in changes + moved if change.key == 7) == 0
