"""What a Map makes of an item inherits the columns that nobody declared, with their types, units and meanings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cryoloom.data import CTF, Column, Coordinate, Item, Micrograph, Movie, Particle, SetWriter, StoredSet
from cryoloom.testing.workflow import SmallProject
from cryoloom.workflow.driver._inheritance import Inheritance
from cryoloom.workflow.project import Run
from cryoloom.workflow.run import RunState

QUALITY = Column("quality", "float64", "Å", "how good a person found it")
BIG = 2**63 + 11


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    return SmallProject.create(tmp_path / "project")


def numbers(project: SmallProject, raw: Path, *values: int) -> Run:
    """A closed source of numbers."""
    raw.mkdir(exist_ok=True)
    for value in values:
        (raw / f"number_{value}.txt").write_text(str(value), encoding="utf-8")
    source = project.add("test-numbers", folder=str(raw), expected=len(values))
    project.drive(source)
    return source


def give(run: Run, output: str, columns: Mapping[str, Any], *described: Column, close: bool = True) -> None:
    """Give the items of an output further columns, as another program may have done."""
    table = run.outputs[output].latest().table()
    frame = table.frame.with_columns(pl.Series(name, values) for name, values in columns.items())
    writer = SetWriter.open(run.folder.outputs / output, kind=table.schema.kind)
    writer.commit(upsert=table.with_frame(frame, *described), reopen=True, close=close)


def finished(project: SmallProject, run: Run) -> Run:
    end = project.drive(run)
    assert end is not None
    assert end.state is RunState.FINISHED, end.reason
    assert run.failed_items() == []
    return run


def column_of(run: Run, output: str, name: str) -> list[Any]:
    return run.outputs[output].to_polars().sort("value")[name].to_list()


def test_one_to_one_keeps_them_and_one_to_many_inherits_them(project: SmallProject, tmp_path: Path) -> None:
    source = numbers(project, tmp_path / "raw", 1, 2, 3)
    give(source, "numbers", {"quality": source.outputs["numbers"].to_polars()["value"] / 4}, QUALITY)
    squares = finished(project, project.add("test-square", numbers="1.numbers"))
    ones = finished(project, project.add("test-split", numbers="2.squares"))
    assert column_of(squares, "squares", "quality") == [0.25, 0.5, 0.75]
    parents = squares.outputs["squares"].to_polars().select(parent_id="id", expected="quality")
    children = ones.outputs["ones"].to_polars().join(parents, on="parent_id")
    assert children.height == 1 + 4 + 9
    assert children["quality"].to_list() == children["expected"].to_list()
    for run, output in ((squares, "squares"), (ones, "ones")):
        assert run.outputs[output].latest().schema["quality"] == QUALITY


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("wholes", [None, None, 7]),
        ("fractions", [None, None, 0.5]),
        ("big", [None, 3, BIG]),
        ("words", [None, None, "carbon"]),
        ("truths", [None, None, True]),
        ("lists", [None, [], ["a", "b"]]),
        ("mostly", [1, None, None]),
    ],
)
def test_columns_whose_values_come_late_have_their_type(
    project: SmallProject, tmp_path: Path, name: str, values: Sequence[Any]
) -> None:
    """The first items go through before anybody has heard of the column."""
    raw = tmp_path / "raw"
    source = numbers(project, raw, 1)
    squares = finished(project, project.add("test-square", numbers="1.numbers"))
    assert name not in squares.outputs["squares"].to_polars().columns
    numbers_now = numbers(project, raw, 1, 2, 3)  # another source of the same folder has them all
    table = numbers_now.outputs["numbers"].latest().table()
    frame = table.frame.sort("value").with_columns(pl.Series(name, values))
    writer = SetWriter.open(source.folder.outputs / "numbers", kind=table.schema.kind)
    for row in range(3):
        writer.commit(upsert=table.with_frame(frame[row : row + 1]), reopen=True)
    writer.commit(close=True)
    finished(project, squares)
    assert column_of(squares, "squares", name) == values
    held = squares.outputs["squares"].latest().schema[name].dtype
    assert held == source.outputs["numbers"].latest().schema[name].dtype


def test_a_changed_value_reaches_what_was_made_before(project: SmallProject, tmp_path: Path) -> None:
    source = numbers(project, tmp_path / "raw", 1, 2)
    give(source, "numbers", {"quality": [1.0, 1.0]}, QUALITY)
    squares = finished(project, project.add("test-square", numbers="1.numbers"))
    give(source, "numbers", {"quality": [5.0, 5.0]}, QUALITY)
    finished(project, squares)
    assert column_of(squares, "squares", "quality") == [5.0, 5.0]


def test_declared_columns_are_never_inherited() -> None:
    """An extra column of a coordinate that is called as a column of particles says nothing of the particle."""
    coordinate = {"id": 2, "parent_id": 1, "micrograph_id": 1, "x": 1.0, "y": 1.0, "rot": 45.0, "file": "a", "mine": 1}
    inheritance = Inheritance(
        {"coordinates": "coordinates", "micrographs": "micrographs"},
        "micrographs",
        {"micrographs": {"id": 1, "file": "b", "half_set": 2, "total_dose": 40.0}, "coordinates": [coordinate]},
    )
    particle = Particle(id=3, parent_id=2, file="c", index=0, pixel_size=1.0, box_size=8, score=0.5)
    row = inheritance.completed(particle)
    assert {name: row[name] for name in row if name in ("file", "score", "half_set", "rot", "mine")} == {
        "file": "c",
        "score": 0.5,
        "half_set": 0,
        "mine": 1,
    }
    assert "total_dose" not in row, "what the micrograph's kind declares is the micrograph's"
    assert dict(inheritance.origins) == {"mine": "coordinates"}


def test_what_the_protocol_says_itself_stays() -> None:
    inheritance = Inheritance({"numbers": "movies"}, "numbers", {"numbers": {"id": 1, "quality": 1.0}})
    row = inheritance.completed(Coordinate(id=2, parent_id=1, micrograph_id=1, x=0.0, y=0.0, extra={"quality": 9.0}))
    assert row["quality"] == 9.0
    assert inheritance.origins == {}


def test_the_nearest_row_that_has_a_column_gives_it() -> None:
    rows = {
        "ctfs": {"id": 1, "all": "ctf", "two": "ctf", "one": "ctf"},
        "micrographs": {"id": 1, "all": "micrograph", "two": "micrograph", "unknown": None},
        "coordinates": [
            {"id": 5, "parent_id": 1, "all": "coordinate", "empty": None},
            {"id": 6, "parent_id": 1, "all": "another"},
        ],
        "nothing": None,
    }
    kinds = {"ctfs": "ctfs", "micrographs": "micrographs", "coordinates": "coordinates", "nothing": "movies"}
    inheritance = Inheritance(kinds, "micrographs", rows)

    def inherited(parent: int) -> dict[str, Any]:
        made = Particle(id=9, parent_id=parent, file="c", index=0, pixel_size=1.0, box_size=8)
        return {name: value for name, value in inheritance.completed(made).items() if name not in Particle.schema()}

    assert inherited(5) == {"all": "coordinate", "two": "micrograph", "one": "ctf"}
    assert inherited(6) == {"all": "another", "two": "micrograph", "one": "ctf"}
    assert inherited(7) == {"all": "micrograph", "two": "micrograph", "one": "ctf"}


SESSION = {"grid_square", "foil_hole", "beam_shift_x", "beam_shift_y", "stage_x", "stage_y", "acquired_at"}


def test_a_movie_bequeaths_where_and_when_it_was_taken() -> None:
    movie = Movie(
        id=1,
        file="a.tif",
        frame_count=1,
        width=8,
        height=8,
        pixel_size=1.0,
        grid_square="square 7",
        stage_x=0.0,
        acquired_at="2020-02-06T17:00:00",
        extra={"mine": 3},
    )
    assert {name: value for name, value in Movie.bequeathed(movie.to_row()).items() if value is not None} == {
        "grid_square": "square 7",
        "stage_x": 0.0,
        "acquired_at": "2020-02-06T17:00:00",
        "mine": 3,
    }


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Movie, SESSION), (Micrograph, {"acquired_at"}), (CTF, set()), (Coordinate, set()), (Particle, set())],
)
def test_other_declared_columns_are_not_bequeathed(kind: type[Item], expected: set[str]) -> None:
    assert set(kind.bequeathed(dict.fromkeys(kind.schema().names))) == expected


def test_a_description_without_values_makes_no_column(tmp_path: Path) -> None:
    writer = SetWriter.open(tmp_path / "set", kind="test-numbers")
    stored: StoredSet[Item] = StoredSet(tmp_path / "set")
    writer.commit(upsert=[{"id": 1, "value": 1.0}], describing=[QUALITY])
    assert "quality" not in stored.latest().columns  # type: ignore[union-attr]
    writer.commit(upsert=[{"id": 2, "value": 1.0, "quality": 3}], describing=[QUALITY])
    assert stored.latest().schema["quality"] == QUALITY  # type: ignore[union-attr]
    assert stored.latest().to_polars()["quality"].to_list() == [None, 3.0]  # type: ignore[union-attr]
