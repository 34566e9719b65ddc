"""Images get optics groups by the beam shift that EPU or SerialEM wrote down, and keep them as more come."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cryoloom.data import CTF, Coordinate, Micrograph, Movie, OpticsGroup, Particle, Table
from cryoloom.errors import ParameterError
from cryoloom.formats import read_star, write_stack
from cryoloom.formats.relion import write_particles
from cryoloom.protocols.imports import ImportMovies
from cryoloom.protocols.sets import GroupOptics
from cryoloom.workflow.workspace import SourceContext

SESSION = OpticsGroup.describe(name="session", voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1)
OTHER = OpticsGroup.describe(name="other", voltage=200.0, spherical_aberration=2.7, amplitude_contrast=0.1)
HOLES = [(x, y) for x in (-0.03, 0.0, 0.03) for y in (-0.03, 0.0, 0.03)]


def movie(number: int, shift: tuple[float, float] | None, optics: OpticsGroup = SESSION) -> Movie:
    """The ``number``-th exposure of a session; its id says nothing of when it was taken."""
    return Movie(
        id=1 + (number * 0x9E3779B97F4A7C15) % 2**64,
        file=f"{number}.tif",
        frame_count=4,
        width=8,
        height=8,
        pixel_size=1.0,
        acquired_at=f"2020-02-06T17:{number // 60:02d}:{number % 60:02d}",
        beam_shift_x=None if shift is None else shift[0],
        beam_shift_y=None if shift is None else shift[1],
        extra={"note": "kept"},
    ).with_optics(optics)


def visited(visits: int, seed: int = 5) -> list[Movie]:
    """The pattern of holes visited several times, with two percent of scatter."""
    shifts = np.array(HOLES * visits) + np.random.default_rng(seed).normal(0.0, 0.0006, (9 * visits, 2))
    return [movie(number, (float(x), float(y))) for number, (x, y) in enumerate(shifts)]


def grouped(items: Table, exposures: Table | None = None, groups: int | None = None) -> Table:
    tables = {"items": items} if exposures is None else {"items": items, "exposures": exposures}
    return GroupOptics().transform(tables, GroupOptics.Parameters(groups=groups), Path)["items"]


def table(items: Iterable[Movie]) -> Table:
    return Table.of(list(items), "movies")


def group_of(made: Table) -> dict[int, int]:
    return dict(made.frame.select("id", "optics_group").iter_rows())


def test_each_hole_of_the_pattern_becomes_a_group_that_inherits_the_optics() -> None:
    movies = visited(4)
    made = grouped(table(movies))
    of = group_of(made)
    by_hole = [{of[each.id] for each in movies[hole::9]} for hole in range(9)]
    assert [len(groups) for groups in by_hole] == [1] * 9
    assert [made.optics_groups[groups.pop()].name for groups in by_hole] == [f"session_shift{n}" for n in range(1, 10)]
    assert {group.voltage for group in made.optics_groups.values()} == {300.0}
    assert len(made.optics_groups) == 9, "the former group has no items left"
    assert made.frame["note"].to_list() == ["kept"] * 36


def test_groups_keep_their_members_and_names_as_exposures_come_in_any_order_of_rows() -> None:
    movies = visited(6)
    shuffled = np.random.default_rng(8).permutation(len(movies))
    whole = group_of(grouped(table(movies[index] for index in shuffled)))
    for count in range(10, len(movies) + 1):  # the tenth exposure is the first that comes back to a hole
        so_far = group_of(grouped(table(movies[:count])))
        assert so_far == {key: whole[key] for key in so_far}


def test_before_a_hole_is_visited_twice_all_is_one_group_and_its_first_movie_stays_in_it() -> None:
    movies = visited(2)
    early, late = group_of(grouped(table(movies[:9]))), group_of(grouped(table(movies)))
    assert len(set(early.values())) == 1
    assert late[movies[0].id] == early[movies[0].id]


def test_particles_follow_the_movie_of_their_micrograph() -> None:
    movies = visited(2)
    particles = [
        Particle(
            id=100 * number + each, micrograph_id=item.id, file="a.mrcs", index=0, pixel_size=1.0, box_size=8
        ).with_optics(SESSION)
        for number, item in enumerate(movies, 1)
        for each in range(3)
    ]
    made = grouped(Table.of(particles, "particles"), table(movies))
    of_movies = group_of(grouped(table(movies)))
    assert made.frame["optics_group"].to_list() == [of_movies[item.micrograph_id] for item in particles]
    assert made.frame.schema["optics_group"] == pl.UInt64
    assert set(made.optics_groups) == set(of_movies.values())


def test_micrographs_and_ctfs_follow_their_movie_and_wait_in_their_group_for_one_that_has_not_come() -> None:
    movies = visited(2)
    items = {
        "micrographs": [
            Micrograph(id=each.id, file="a", width=8, height=8, pixel_size=1.0).with_optics(SESSION) for each in movies
        ],
        "ctfs": [
            CTF(id=each.id, defocus_u=2.0, defocus_v=1.0, defocus_angle=0.0, pixel_size=1.0).with_optics(SESSION)
            for each in movies
        ],
    }
    for kind, made_of in items.items():
        made = grouped(Table.of(made_of, kind), table(movies[:-1]))
        of_movies = group_of(grouped(table(movies[:-1])))
        assert made.frame["optics_group"].to_list() == [*(of_movies[each.id] for each in movies[:-1]), SESSION.id]


def test_exposures_of_different_optics_or_of_unknown_shift_stay_apart() -> None:
    movies = [movie(0, (0.0, 0.0)), movie(1, (0.0, 0.0), OTHER), movie(2, None), movie(3, (0.0, 0.0))]
    of = group_of(made := grouped(table(movies)))
    names = [made.optics_groups[of[each.id]].name for each in movies]
    assert names == ["session_shift1", "other_shift2", "session", "session_shift1"]


def test_a_number_of_groups_that_is_known_counts_as_soon_as_there_are_so_many_shifts() -> None:
    movies = visited(1)
    for count in (1, 4, 9):
        assert len(set(group_of(grouped(table(movies[:count]), groups=9)).values())) == count


def test_groups_of_refined_optics_are_the_same_groups() -> None:
    """A group that was told apart once keeps its identity when a better beam tilt is found for what it came from."""
    movies = visited(2)
    before = grouped(table(movies))
    refined = replace(SESSION, beam_tilt_x=0.3)
    after = grouped(table(each.with_optics(refined) for each in movies))
    assert group_of(before) == group_of(after)
    assert {group.beam_tilt_x for group in after.optics_groups.values()} == {0.3}


def test_sets_without_optics_or_without_beam_shifts_are_refused_with_a_way_out() -> None:
    coordinates = Table.of([Coordinate(id=1, micrograph_id=1, x=1.0, y=1.0)], "coordinates")
    with pytest.raises(ParameterError, match="Coordinates have no optics groups"):
        grouped(coordinates, table(visited(1)))
    micrographs = [Micrograph(id=1, file="a", width=8, height=8, pixel_size=1.0).with_optics(SESSION)]
    with pytest.raises(ParameterError, match="connect the movies"):
        grouped(Table.of(micrographs, "micrographs"))


def test_an_epu_session_is_grouped_from_its_own_files(tmp_path: Path, test_data: Path) -> None:
    """The pattern is written into a real record of EPU, from which movies are imported beside it."""
    record = next((test_data / "metadata" / "epu" / "afis").rglob("FoilHole_*_170645.xml")).read_text(encoding="utf-8")
    raw = tmp_path / "raw"
    raw.mkdir()
    frames = np.random.default_rng(3).poisson(2.0, (2, 32, 32)).astype(np.uint8)
    for number, item in enumerate(visited(2)):
        text = re.sub(
            r"<BeamShift (.*?)><a:_x>.*?</a:_x><a:_y>.*?</a:_y></BeamShift>",
            rf"<BeamShift \1><a:_x>{item.beam_shift_x}</a:_x><a:_y>{item.beam_shift_y}</a:_y></BeamShift>",
            record,
        )
        text = re.sub(r"<acquisitionDateTime>.*?<", f"<acquisitionDateTime>{item.acquired_at}<", text)
        assert text.count(str(item.beam_shift_x)) == 1
        assert text.count(item.acquired_at) == 1
        stem = f"FoilHole_1_Data_2_3_{number:02d}"
        (raw / f"{stem}.xml").write_text(text, encoding="utf-8")
        write_stack(raw / f"{stem}_Fractions.mrc", frames + number, pixel_size=1.5)
    made = grouped(imported(raw))
    order = made.frame.sort("file")["optics_group"].to_list()
    assert order[:9] == order[9:]
    assert len(set(order)) == 9


def test_a_serialem_session_is_grouped_from_its_own_files(tmp_path: Path, test_data: Path) -> None:
    record = (test_data / "metadata" / "mdoc" / "mdocfile_tests" / "frame_set_single.mdoc").read_text(encoding="utf-8")
    raw = tmp_path / "raw"
    raw.mkdir()
    frames = np.random.default_rng(3).poisson(2.0, (2, 32, 32)).astype(np.uint8)
    shifts = [(-4.0, 0.0), (0.0, 0.0), (4.0, 0.0), (-4.02, 0.01), (0.0, 0.02), (3.99, 0.0)]
    for number, (x, y) in enumerate(shifts):
        name = f"movie_{number}.mrc"
        text = re.sub(r"(?m)^ImageShift = .*$", f"ImageShift = {x} {y}", record)
        text = re.sub(r"(?m)^SubFramePath = .*$", lambda _, name=name: f"SubFramePath = X:\\frames\\{name}", text)
        text = re.sub(r"(?m)^DateTime = .*$", f"DateTime = 08-Oct-21  07:4{number}:29", text)
        (raw / f"{name}.mdoc").write_text(text, encoding="utf-8")
        write_stack(raw / name, frames + number, pixel_size=1.5)
    made = grouped(imported(raw))
    names = [made.optics_groups[group].name for group in made.frame.sort("file")["optics_group"]]
    assert names == [f"opticsGroup1_shift{number}" for number in (1, 2, 3, 1, 2, 3)]


def test_relion_sees_the_groups_by_name(tmp_path: Path) -> None:
    movies = visited(2)
    particles = [
        Particle(
            id=number,
            micrograph_id=item.id,
            file="stack.mrcs",
            index=number,
            pixel_size=1.0,
            box_size=8,
            micrograph_file=item.file,
        ).with_optics(SESSION)
        for number, item in enumerate(movies, 1)
    ]
    write_particles(tmp_path / "particles.star", grouped(Table.of(particles, "particles"), table(movies)))
    blocks = read_star(tmp_path / "particles.star")
    assert blocks["optics"]["rlnOpticsGroupName"].to_list() == [f"session_shift{n}" for n in range(1, 10)]
    assert blocks["particles"]["rlnOpticsGroup"].to_list() == [*range(1, 10), *range(1, 10)]


def imported(raw: Path) -> Table:
    parameters = ImportMovies.Parameters(folder=raw, voltage=300, settle=0.0)
    source = ImportMovies()
    context = SourceContext(raw, "000001-import-movies", {"movies": set()}, lambda _: pl.DataFrame())
    movies: list[Movie] = []
    found = source.look(parameters, context)
    while not found.exhausted:
        movies += found.items["movies"]  # type: ignore[arg-type]
        found = source.look(parameters, context)
    movies += found.items["movies"]  # type: ignore[arg-type]
    assert context.remarks == []
    optics = OpticsGroup.describe(
        name="opticsGroup1",
        voltage=300.0,
        spherical_aberration=2.7,
        amplitude_contrast=0.1,
        detector_pixel_size=None,
    )
    return Table.of([each.with_optics(optics) for each in movies], "movies")
