"""Provenance: from a particle back to its movie."""

from __future__ import annotations

from pathlib import Path

import pytest

from cryoloom.data import (
    Coordinate,
    Micrograph,
    Movie,
    Particle,
    SetWriter,
    StoredSet,
    child_id,
    quantised_position,
    trace,
)
from cryoloom.errors import NotFoundError


def test_a_particle_is_traced_to_its_movie(tmp_path: Path) -> None:
    movies = [Movie(id=k, file=f"{k}.tif", frame_count=3, width=9, height=9, pixel_size=1.0) for k in (11, 12)]
    micrographs = [Micrograph(id=k, file=f"{k}.mrc", width=9, height=9, pixel_size=1.0) for k in (11, 12)]
    picks = [
        Coordinate(id=child_id(k, quantised_position(x, 4.0)), parent_id=k, micrograph_id=k, x=x, y=4.0)
        for k in (11, 12)
        for x in (1.0, 5.0)
    ]
    particles = [
        Particle(id=p.id, parent_id=p.parent_id, file="a", index=k, pixel_size=1, box_size=4, x=p.x, y=p.y)
        for k, p in enumerate(picks)
    ]
    snapshots = []
    for kind, items in (
        ("particles", particles),
        ("coordinates", picks),
        ("micrographs", micrographs),
        ("movies", movies),
    ):
        SetWriter.open(tmp_path / kind, kind).commit(items)
        snapshots.append(StoredSet(tmp_path / kind).latest())
    line = trace(particles[2].id, snapshots)
    assert [ancestor.kind for ancestor in line] == ["particles", "coordinates", "micrographs", "movies"]
    assert [ancestor.item for ancestor in line] == [particles[2], picks[2], micrographs[1], movies[1]]

    SetWriter.open(tmp_path / "micrographs", "micrographs").commit(withdraw=[12])
    snapshots[2] = StoredSet(tmp_path / "micrographs").latest()
    line = trace(particles[2].id, snapshots)
    assert [ancestor.item for ancestor in line] == [particles[2], picks[2], None, movies[1]]
    assert line[2].generation == 2
    with pytest.raises(NotFoundError, match="There is no item 5 in"):
        trace(5, snapshots)
