"""What a refinement may start from: a reference that has the symmetry, about its axes, and particles enough."""

from __future__ import annotations

import json
import re
from pathlib import Path

import mrcfile
import numpy as np
import polars as pl
import pytest
from phantom_particles import DIAMETER, write_particles
from phantoms import blobs
from scipy.spatial.transform import Rotation

from cryoloom.cli.main import main
from cryoloom.engine.alignment import RigidMotion, move_map, operator_correlations
from cryoloom.engine.symmetry import point_group
from cryoloom.errors import InputError
from cryoloom.formats import relion, write_volume
from cryoloom.protocols.operator_table import OperatorTable, operators_in_words
from cryoloom.protocols.particle_images import read_particle_file
from cryoloom.protocols.upright_reference import upright_reference
from cryoloom.workflow.predicting import predicted
from cryoloom.workflow.run import RunState

BOX, PIXEL = 40, 5.0
SAMPLED = {"pixel_size": PIXEL, "diameter": 150.0}


def body(group: str) -> np.ndarray:
    """Blobs, repeated about the axes of a group."""
    random = np.random.default_rng(3)
    operators = point_group(group).operators
    one = random.normal(0, [6.0, 5.0, 4.0], (9, 3))
    positions = np.concatenate([one @ operator.T for operator in operators])
    weights = np.tile(np.linspace(0.5, 1.5, 9), len(operators))
    return blobs(positions, weights, 2**0.5, box=BOX)


@pytest.fixture(scope="module")
def askew() -> np.ndarray:
    """A body of D3 symmetry, turned and moved away from its axes."""
    motion = RigidMotion(Rotation.from_rotvec([0.6, -0.4, 0.3]).as_matrix(), np.array([6.0, -4.0, 5.0]))
    return move_map(body("D3"), motion, pixel_size=PIXEL)


def test_a_reference_on_its_axes_is_left_as_it_is():
    upright = body("D3")
    found = upright_reference(upright, "D3", **SAMPLED)
    assert found.volume is upright
    assert found.remarks == ()
    assert found.table.correlations.min() > 0.98  # but for the cubic voxels of the map
    assert np.array_equal(upright_reference(upright, "C1", **SAMPLED).volume, upright)


def test_a_reference_off_its_axes_is_refused_and_aligned_on_demand(askew):
    with pytest.raises(InputError, match="does not look alike under D3") as refused:
        upright_reference(askew, "d3", **SAMPLED)
    sentence = str(refused.value)
    assert sentence.count(" about ") == 1  # the operator that fits worst
    correlations = operator_correlations(askew, "D3", **SAMPLED, resolution=20.0)
    assert f"by {correlations.min():.2f} (" in sentence
    told = refused.value.figures["symmetry_operators"]
    assert [each["correlation"] for each in told] == correlations[1:].tolist()  # every operator but the identity
    assert "align_reference" in sentence
    assert "accept_symmetry" in sentence
    found = upright_reference(askew, "D3", **SAMPLED, align=True)
    assert found.table.correlations.min() > 0.95  # cubic interpolation keeps amplitudes to 1 %
    assert "turned by" in found.remarks[0]


def test_a_symmetry_that_a_reference_does_not_have_is_imposed_only_if_that_is_accepted(askew):
    with pytest.raises(InputError, match="Even about the axes that fit best"):
        upright_reference(askew, "C4", **SAMPLED, align=True)
    found = upright_reference(askew, "O", **SAMPLED, accept=True, offers=("Do (--a)", "--b"))
    assert found.volume is askew
    assert found.lacks_symmetry
    assert found.remarks[0].count(" about ") == 1


def test_operators_are_named_by_angle_and_axis():
    assert operators_in_words(point_group("C3").operators) == ["120° about Z", "120° about −Z"]
    assert {"180° about X", "180° about Y", "180° about Z"} <= {
        word.replace("−", "") for word in operators_in_words(point_group("D2").operators)
    }


@pytest.mark.parametrize(("group", "axes"), [("C3", 1), ("D7", 8), ("T", 7), ("O", 13)])
def test_the_correlation_under_every_operator_is_listed_by_axes(group, axes):
    operators = point_group(group).operators
    correlations = np.linspace(1.0, 0.01, len(operators))
    table = OperatorTable(point_group(group), correlations)
    lines = table.listing.splitlines()[1:]
    assert len(lines) == axes
    listed = sorted(re.findall(r"(\d\.\d\d) \(\d+°\)", table.listing))
    assert listed == sorted(f"{each:.2f}" for each in correlations[1:])
    for told, operator, correlation in zip(table.document, operators[1:], correlations[1:], strict=True):
        turn = Rotation.from_rotvec(told["angle"] * np.array(told["axis"]), degrees=True)
        assert np.allclose(turn.as_matrix(), operator)
        assert told["correlation"] == correlation
    assert OperatorTable(point_group("C1"), np.ones(1)).listing == ""


def refused(capsys, star: Path, *more: object) -> str:
    """What the tool says when it does not start."""
    arguments = ["tool", "refine", star, "--reference", star.with_name("truth.mrc"), "--diameter", DIAMETER]
    with pytest.raises(SystemExit) as leaving:
        main([str(each) for each in (*arguments, "--output", star.with_name("fine"), *more)])
    assert leaving.value.code == 1
    assert not list(star.parent.glob("fine*"))
    said = capsys.readouterr().err
    assert "will take about" not in said
    return said


def changed(star: Path, change) -> Path:
    """The particles with another table."""
    table = read_particle_file(star).table
    target = star.with_name("changed.star")
    relion.write_particles(target, table.with_frame(change(table.frame)))
    return target


def test_what_cannot_be_refined_is_refused_before_it_starts(tmp_path, capsys):
    star = write_particles(tmp_path, count=40)
    said = refused(capsys, star, "--symmetry", "O")
    assert "does not look alike under O" in said
    assert said.count("\n  about ") == 13  # axes
    assert "--accept-symmetry" in refused(capsys, star, "--symmetry", "C3", "--align-reference")
    one_half = changed(star, lambda frame: frame.with_columns(half_set=pl.lit(1, pl.Int64)))
    assert "40 and 0 particles" in refused(capsys, one_half)
    few = changed(star, lambda frame: frame.head(15).with_columns(half_set=1 + pl.int_range(pl.len()) % 2))
    assert "8 and 7 particles, but each needs at least 10" in refused(capsys, few)
    blind = changed(star, lambda frame: frame.drop("defocus_u", "defocus_v", "defocus_angle"))
    assert "have no CTF" in refused(capsys, blind)
    (tmp_path / "particles.mrcs").rename(tmp_path / "elsewhere.mrcs")
    assert "stacks of particles are missing" in refused(capsys, star)


@pytest.mark.parametrize("tool", ["refine", "class3d"])
def test_a_program_is_told_the_correlation_under_every_operator(tool, tmp_path, capsys):
    star = write_particles(tmp_path, count=80)
    options = ["--reference", tmp_path / "truth.mrc", "--diameter", DIAMETER, "--output", tmp_path / "fine"]
    with pytest.raises(SystemExit):
        main(["tool", tool, str(star), *map(str, options), "--symmetry", "D7", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert "does not look alike under D7" in told["error"]
    assert len(told["symmetry_operators"]) == 13
    assert min(each["correlation"] for each in told["symmetry_operators"]) < 0.7


def test_references_that_are_none_are_refused(tmp_path, capsys):
    star = write_particles(tmp_path, count=30)
    volume = mrcfile.read(tmp_path / "truth.mrc").copy()
    write_volume(tmp_path / "slab.mrc", volume[1:], pixel_size=6.0)
    volume[3, 3, 3] = np.nan
    write_volume(tmp_path / "holes.mrc", volume, pixel_size=6.0)
    assert "not finite" in refused(capsys, star, "--reference", tmp_path / "holes.mrc")
    assert "must be a cube" in refused(capsys, star, "--reference", tmp_path / "slab.mrc")


def test_a_run_refuses_a_symmetry_and_goes_on_once_it_is_accepted(make_project, tmp_path):
    star = write_particles(tmp_path, count=40, noise=0.5)
    project = make_project()
    sources = [
        project.add("import-particles", file=star),
        project.add("import-volume", file=tmp_path / "truth.mrc"),
    ]
    assert [end.state for end in project.drive(*sources)] == [RunState.FINISHED] * 2
    values = {"particles": "1.particles", "reference": "2.volumes", "diameter": DIAMETER, "symmetry": "C2"}
    values["trust"] = "quick"
    run = project.add("refine", **values, iterations=2)
    (end,) = project.drive(run)
    assert end.state is RunState.FAILED
    assert "(180° about Z)" in end.reason
    assert "\n  about Z: 0." in run.folder.newest_attempt().log_file.read_text()
    assert not list(run.folder.path.rglob("checkpoint-*"))
    accepted = project.add("refine", **values, iterations=2, accept_symmetry=True, initial_resolution=18.0)
    told = predicted(accepted)
    assert told is not None
    assert any("may decide the result" in sentence for sentence in told.advice)
    end = project.drive(accepted)[0]
    assert end.state is RunState.FINISHED, end.reason
    said = accepted.folder.newest_attempt().log_file.read_text()
    assert "may decide the result" in said
    assert "does not look alike under C2" in said
    assert "\n  about Z: 0." in said
