"""What is noted of a movie is known of the particles in it: through every step, and out of a STAR file again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tiny_session import BEAM_SHIFTS, DOSE_PER_FRAME, GRID_SQUARE, STAGE, drive_here

from cryoloom.data import Movie, Table
from cryoloom.formats.relion import read_micrographs, read_particles
from cryoloom.protocols.export import write_star_files
from cryoloom.workflow.project import Run

STEPS = [
    *(("noted", "items"), ("motion", "micrographs"), ("ctf", "ctfs"), ("curate", "accepted"), ("curate", "rejected")),
    *(("pick", "coordinates"), ("extract", "particles"), ("filter", "kept"), ("filter", "rest")),
]


def expected_of(foil_hole: str) -> dict[str, Any]:
    number = int(foil_hole) - 1001
    return {
        "grid_square": GRID_SQUARE,
        "beam_shift_x": BEAM_SHIFTS[number][0],
        "beam_shift_y": BEAM_SHIFTS[number][1],
        "stage_x": pytest.approx(STAGE[0]),
        "stage_y": pytest.approx(STAGE[1]),
        "acquired_at": f"2020-02-06T17:0{number + 1}:00",
        "grid_quality": 10 * DOSE_PER_FRAME,
    }


@pytest.mark.parametrize(("step", "output"), STEPS)
def test_every_step_keeps_where_an_exposure_was_taken_and_what_was_noted(calm, step: str, output: str) -> None:
    table = calm.runs[step].outputs[output].to_polars()
    for row in table.iter_rows(named=True):
        expected = expected_of(row["foil_hole"])
        assert {name: row[name] for name in expected} == expected
    whose = table["micrograph_id"] if "micrograph_id" in table.columns else table["id"]
    holes = calm.runs["movies"].outputs["movies"].to_polars().select("id", "foil_hole")
    movies = pl.DataFrame({"id": whose}).join(holes, on="id", how="left", maintain_order="left")
    assert table["foil_hole"].to_list() == movies["foil_hole"].to_list()


@pytest.mark.parametrize(("step", "output"), STEPS)
def test_they_keep_their_units_and_meanings(calm, step: str, output: str) -> None:
    schema = calm.runs[step].outputs[output].latest().schema
    for name in ("grid_square", "foil_hole", "beam_shift_x", "stage_x", "stage_y", "acquired_at"):
        assert schema[name] == Movie.schema()[name]
    assert schema["grid_quality"].meaning == "set to 10 * dose_per_frame"


def test_particles_are_grouped_by_beam_shift_without_their_movies(calm) -> None:
    project = calm.project
    alone = drive_here(project, project.add("group-optics", items="7.particles", groups=2))
    with_movies = drive_here(project, project.add("group-optics", items="7.particles", exposures="1.movies", groups=2))

    def groups(run: Run) -> dict[float, str]:
        snapshot = run.outputs["items"].latest()
        rows = snapshot.to_polars(columns=["beam_shift_x", "optics_group"]).unique().iter_rows()
        return {shift: snapshot.optics_groups[group].name for shift, group in rows}

    shifts = set(calm.runs["extract"].outputs["particles"].to_polars()["beam_shift_x"])
    assert shifts == {-0.03, 0.03}
    assert set(groups(alone)) == set(groups(with_movies)) == shifts
    assert len(set(groups(alone).values())) == 2


def test_star_files_take_them_along_and_bring_them_back(calm, tmp_path: Path) -> None:
    tables = {
        output.kind: output.latest().table()
        for name in ("motion", "ctf", "extract")
        for output in calm.runs[name].outputs.values()
    }
    files, _ = write_star_files(calm.project.path, tables, project=calm.project.path)
    readers: dict[str, Callable[[Path], Any]] = {
        "micrographs_ctf.star": read_micrographs,
        "particles.star": read_particles,
    }
    assert {file.name for file in files} == set(readers)
    for file in files:
        returned: Table = readers[file.name](file).table
        file.unlink()
        for row in returned.frame.with_columns(pl.col("foil_hole").cast(pl.String)).iter_rows(named=True):
            expected = expected_of(row["foil_hole"]) | {"grid_square": int(GRID_SQUARE)}
            assert {name: row[name] for name in expected} == expected
