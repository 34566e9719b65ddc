"""Expanded particles make, without symmetry, the map that the particles make with it; and stay in their half sets."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from phantom_particles import write_particles

from cryoloom.cli.main import main
from cryoloom.data import Table
from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.orientations import angular_distance, rotation_matrices
from cryoloom.engine.symmetry import equivalent_angles, point_group
from cryoloom.errors import InputError
from cryoloom.formats import relion
from cryoloom.protocols.particle_images import load_particles, read_particle_file, with_half_sets
from cryoloom.protocols.reconstruct._compute import map_of, sums_of
from cryoloom.protocols.symmetry._expand import expanded
from cryoloom.workflow.run import RunState


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    return read_particle_file(write_particles(tmp_path_factory.mktemp("expand"), count=60, noise=0.5))


@pytest.mark.parametrize("name", ["C3", "D2", "T", "O"])
def test_equivalent_orientations_differ_by_the_operators(name):
    group = point_group(name)
    angles = np.random.default_rng(1).uniform([-180, 0, -180], [180, 180, 180], (5, 3))
    found = equivalent_angles(angles, group)
    assert np.array_equal(found[:, 0], angles)
    expected = rotation_matrices(angles)[:, None] @ group.operators
    assert np.allclose(rotation_matrices(found), expected, atol=1e-9)
    assert found.shape == (5, group.order, 3)


def map_from(table, given, symmetry):
    loaded = load_particles(table, given.resolve, diameter=None)
    sums = sums_of(loaded, np.arange(len(loaded)))
    return map_of(sums, loaded.images, point_group(symmetry))


@pytest.mark.parametrize("name", ["C3", "D2"])
def test_the_map_of_the_copies_is_that_with_the_symmetry(given, name):
    copies = expanded(given.table, point_group(name))
    assert len(copies) == len(given.table) * point_group(name).order
    together = map_from(given.table, given, name)
    apart = map_from(copies, given, "C1")
    curve = fourier_shell_correlation(together, apart, pixel_size=6.0).correlation[1:14]
    # Sums are symmetrised by interpolation, copies are inserted where they are; next to Nyquist that shows.
    assert curve.min() > 0.99


def test_copies_are_not_copied_again(given, tmp_path, capsys):
    once = tmp_path / "once.star"
    relion.write_particles(once, expanded(given.table, point_group("C3")))
    with pytest.raises(SystemExit) as left:
        main(["tool", "expand-symmetry", str(once), "--symmetry", "C3", "--output", str(tmp_path / "twice.star")])
    assert left.value.code == 1
    assert "180 of the 180 particles are copies by symmetry already" in capsys.readouterr().err
    assert not (tmp_path / "twice.star").exists()


def test_a_copy_is_known_and_stays_in_its_half(given):
    copies = expanded(given.table, point_group("C3")).frame
    halves = with_half_sets(given.table).frame
    assert copies["id"].n_unique() == copies.height
    assert copies["source_particle_id"].to_list() == np.repeat(halves["id"].to_numpy(), 3).tolist()
    assert copies["half_set"].to_list() == np.repeat(halves["half_set"].to_numpy(), 3).tolist()
    assert copies["parent_id"].to_list() == copies["source_particle_id"].to_list()
    again = expanded(given.table, point_group("C3")).frame
    assert again.equals(copies)


def test_halves_are_drawn_for_particles_and_not_for_copies(given):
    copies = expanded(given.table, point_group("C3"))
    drawn = with_half_sets(copies.with_frame(copies.frame.drop("half_set"))).frame
    assert drawn["half_set"].to_list() == copies.frame["half_set"].to_list()


def test_what_looks_everywhere_takes_one_copy_and_says_so(given):
    copies = expanded(given.table, point_group("C3"))
    loaded = load_particles(copies, given.resolve, diameter=None, duplicates_within=0.0)
    assert len(loaded) == len(given.table)
    assert any("copies by symmetry" in remark for remark in loaded.remarks)
    assert len(load_particles(copies, given.resolve, diameter=None)) == len(copies)


def test_what_leaves_poses_as_they_are_takes_all_copies_of_particles_that_are_there_once(given):
    copies = expanded(given.table, point_group("C3"))
    loaded = load_particles(copies, given.resolve, diameter=None, duplicates_within=0.0, copies=True)
    assert loaded.table.frame["id"].to_list() == copies.frame["id"].to_list()
    assert not loaded.remarks
    again = given.table.frame.with_columns(id=pl.col("id") + 10_000, shift_x=pl.col("shift_x") + 5.0)
    twice = expanded(given.table.with_frame(pl.concat([given.table.frame, again])), point_group("C3"))
    loaded = load_particles(twice, given.resolve, diameter=None, duplicates_within=0.0, copies=True)
    assert set(loaded.table.frame["source_particle_id"]) == set(given.table.frame["id"])
    assert len(loaded) == len(copies)
    assert len(loaded.left_out) == len(given.table)


def test_copies_in_both_halves_are_refused(given):
    copies = expanded(given.table, point_group("C3"))
    turn = pl.int_range(pl.len()) % 2 + 1
    with pytest.raises(InputError, match="both half sets"):
        load_particles(copies.with_frame(copies.frame.with_columns(half_set=turn)), given.resolve, diameter=None)


def test_what_cannot_be_expanded_is_refused(given):
    with pytest.raises(InputError, match="C1 is no symmetry"):
        expanded(given.table, point_group("C1"))
    with pytest.raises(InputError, match="no orientation"):
        expanded(given.table.with_frame(given.table.frame.drop("rot")), point_group("C3"))


def test_the_tool_writes_copies_that_are_known_when_they_come_back(given, capsys, tmp_path):
    words = ["tool", "expand-symmetry", str(given.path), "--symmetry", "c3", "--output", str(tmp_path / "out.star")]
    with pytest.raises(SystemExit):
        main([*words, "--json"])
    told = json.loads(capsys.readouterr().out)
    assert (told["count"], told["originals"], told["symmetry"]) == (180, 60, "C3")
    back = relion.read_particles(tmp_path / "out.star").table
    copies = expanded(given.table, point_group("C3"))
    for name in ("id", "source_particle_id", "half_set"):
        assert back.frame[name].to_list() == copies.frame[name].to_list()
    moved = angular_distance(
        rotation_matrices(back.frame.select("rot", "tilt", "psi").to_numpy()),
        rotation_matrices(copies.frame.select("rot", "tilt", "psi").to_numpy()),
    )
    assert np.abs(moved).max() < 1e-2


def test_a_run_expands(given, make_project):
    project = make_project()
    source = project.add("import-particles", file=given.path)
    run = project.add("expand-symmetry", particles=source.outputs["particles"], symmetry="D2")
    ends = project.drive(source, run)
    assert ends[1].state is RunState.FINISHED, ends[1].reason
    made = run.outputs["particles"].to_polars()
    assert made.height == 240
    assert made.group_by("source_particle_id").agg(pl.col("half_set").n_unique())["half_set"].max() == 1
    assert "D2" in run.methods().text
    assert isinstance(run.outputs["particles"].latest().table(), Table)
