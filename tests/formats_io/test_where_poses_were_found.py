"""STAR files say where poses were found, as long as they hold these poses."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from cryoloom.data import OpticsGroup, Particle, Table
from cryoloom.formats import read_star, write_star
from cryoloom.formats.relion import read_particles, write_particles

OPTICS = OpticsGroup.describe(
    name="one", voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1, detector_pixel_size=1.0
)


def particles(**more: object) -> Table:
    known = {"file": "a.mrcs", "pixel_size": 1.0, "box_size": 64, "rot": 10.0, "tilt": 20.0, "psi": 30.0}
    rows = [
        Particle(id=number + 1, index=number, shift_x=0.25 * number, shift_y=1.0, half_set=1, **known, **more)
        for number in range(4)
    ]
    return Table.of([row.with_optics(OPTICS) for row in rows], "particles")


@pytest.mark.parametrize("found", ["halves", "together"])
def test_where_poses_were_found_comes_back(tmp_path: Path, found):
    write_particles(tmp_path / "a.star", particles(poses_from=found))
    frame = read_particles(tmp_path / "a.star").table.frame
    assert frame["poses_from"].to_list() == [found] * 4
    assert not [name for name in frame.columns if name.startswith("poses_from_")]


def test_it_is_not_said_of_poses_that_another_program_found_since(tmp_path: Path):
    """RELION keeps labels that it does not know, and writes numbers with six digits after the point."""
    write_particles(tmp_path / "a.star", particles(poses_from="together"))
    blocks = read_star(tmp_path / "a.star")
    refined = blocks["particles"].with_columns(
        pl.Series("rlnOriginXAngst", ["0.000000", "0.250000", "-1.734210", "0.681003"])
    )
    write_star(tmp_path / "b.star", {**blocks, "particles": refined})
    frame = read_particles(tmp_path / "b.star").table.frame
    assert frame["poses_from"].to_list() == ["together", "together", "", ""]
    write_particles(tmp_path / "c.star", read_particles(tmp_path / "b.star").table)
    again = read_particles(tmp_path / "c.star").table.frame
    assert again["poses_from"].to_list() == ["together", "together", "", ""]


def test_files_that_do_not_say_it_stay_as_they_are(tmp_path: Path):
    write_particles(tmp_path / "a.star", particles())
    assert not [name for name in read_star(tmp_path / "a.star")["particles"].columns if "poses" in name]
    assert set(read_particles(tmp_path / "a.star").table.frame.to_dict().get("poses_from", [""])) == {""}


def test_files_whose_mark_is_no_number_do_not_say_it(tmp_path: Path):
    write_particles(tmp_path / "a.star", particles(poses_from="together"))
    blocks = read_star(tmp_path / "a.star")
    spoilt = blocks["particles"].with_columns(cryoloom_poses_from_shift_x=pl.lit("x"))
    write_star(tmp_path / "b.star", {**blocks, "particles": spoilt})
    assert set(read_particles(tmp_path / "b.star").table.frame["poses_from"]) == {""}


def test_what_half_sets_were_shown_comes_back_with_the_poses_alone(tmp_path: Path):
    given = particles(poses_from="halves", shared_resolution=15.0)
    shared = pl.Series("shared_resolution", [15.0, 40.0, None, 15.0])
    write_particles(tmp_path / "a.star", given.with_frame(given.frame.with_columns(shared)))
    assert read_particles(tmp_path / "a.star").table.frame["shared_resolution"].to_list() == [15.0, 40.0, None, 15.0]
    blocks = read_star(tmp_path / "a.star")
    refined = blocks["particles"].with_columns(pl.col("rlnOriginXAngst") + pl.Series([0.0, 0.0, 0.0, 0.3]))
    write_star(tmp_path / "b.star", {**blocks, "particles": refined})
    frame = read_particles(tmp_path / "b.star").table.frame
    assert frame["shared_resolution"].to_list() == [15.0, 40.0, None, None]
    assert frame["poses_from"].to_list() == ["halves", "halves", "halves", ""]
