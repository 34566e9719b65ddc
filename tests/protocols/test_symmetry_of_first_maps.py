"""A first map that can be believed is told with the symmetry that it has, and with what brings it to its axes."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from types import SimpleNamespace

import mrcfile
import numpy as np
import pytest
from phantoms import blobs, uneven
from scipy.spatial.transform import Rotation
from simulated_stacks import random_poses, write_images, write_particle_file

from cryoloom.cli.main import main
from cryoloom.data import Class3D
from cryoloom.engine.abinitio import AbInitioSettings, Confidence, RunsState
from cryoloom.engine.abinitio._runs import FinishedRun
from cryoloom.engine.alignment import axes_seconds, operator_correlations
from cryoloom.engine.projection import project_volume
from cryoloom.engine.symmetry import point_group
from cryoloom.protocols.abinitio import AbInitio
from cryoloom.protocols.abinitio._runs import seconds_of
from cryoloom.protocols.abinitio._symmetry import columns_of, symmetries_of
from cryoloom.protocols.particle_images import read_particle_file

BOX, PIXEL, DIAMETER = 32, 6.0, 150.0
OTHER_FRAME = Rotation.from_rotvec([0.4, 0.9, -0.3]).as_matrix()


def threefold() -> np.ndarray:
    """Blobs about a threefold axis that does not lie on Z, as in a map that was made without symmetry."""
    random = np.random.default_rng(5)
    one = random.normal(size=(8, 3)) * [3.0, 3.0, 4.0] + [5.0, 0.0, 0.0]
    positions = np.concatenate([one @ turn.T for turn in point_group("C3").operators]) @ OTHER_FRAME.T
    return blobs(positions, np.tile(random.uniform(0.5, 1.5, 8), 3), 1.1)


def agreed(*maps: np.ndarray, agreement: float = 0.9) -> RunsState:
    """Runs that have found these maps and agree by so much."""
    count = len(maps)
    run = FinishedRun(np.stack(maps), np.full(count, 1.0 / count), 1.0)
    return RunsState(240, (run, run), None, 12.8, Confidence(0, np.full(count, agreement), 20.0))


def test_the_symmetry_of_reliable_maps_is_proposed() -> None:
    first, second = symmetries_of(
        agreed(threefold(), uneven(np.random.default_rng(5))), pixel_size=PIXEL, diameter=DIAMETER
    )
    assert (first.group, second.group) == ("C3", "C1")
    # A map in which nothing is noise keeps from 1 only what is interpolated.
    assert first.least > 0.97
    assert columns_of(first) == {"proposed_symmetry": "C3", "symmetry_correlation": first.least}


def test_of_maps_that_are_not_reliable_nothing_is_proposed() -> None:
    assert symmetries_of(agreed(threefold(), agreement=0.4), pixel_size=PIXEL, diameter=DIAMETER) == ()


def test_the_predicted_time_includes_the_proposals() -> None:
    settings = AbInitioSettings(classes=3)
    known = {"box_size": BOX, "pixel_size": PIXEL, "diameter": DIAMETER}
    # A single run confirms nothing, so its search and iterations are all that one run more adds, but for proposals.
    one, two, three = (seconds_of(100, settings, runs, **known) for runs in (1, 2, 3))
    assert (two - one) - (three - two) == pytest.approx(3 * axes_seconds(BOX * PIXEL, 20.0, proposed=True))


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (
            {"compared_to": 12.8},
            "a map of undetermined hand, details compared down to 12.8 Å; a single run says nothing of its reliability",
        ),
        (
            {"compared_to": 24.0, "confidence": 0.41, "reliable": False, "confidence_to": 24.0},
            "a map of undetermined hand, details compared down to 24.0 Å; not reliable: to 24 Å the runs agree by 0.41",
        ),
        ({}, "a map of undetermined hand"),  # of an older version, of which no more is known
    ],
)
def test_a_run_says_what_was_compared_and_not_a_resolution_that_nobody_measured(extra, said) -> None:
    row = Class3D(id=1, file="m.mrc", pixel_size=6.0, box_size=32, particle_count=9, share=1.0, extra=extra)
    outputs = {"classes": SimpleNamespace(items=lambda: [row])}
    assert AbInitio().summary(outputs, AbInitio.Parameters(diameter=100.0)) == said  # type: ignore[arg-type]


def test_a_proposal_is_said_with_what_brings_the_map_to_its_axes() -> None:
    judged = {"compared_to": 12.8, "confidence": 0.9, "reliable": True, "confidence_to": 20.0}
    judged |= {"proposed_symmetry": "C3", "symmetry_correlation": 0.86}
    row = Class3D(id=1, file="m.mrc", pixel_size=6.0, box_size=32, particle_count=9, share=1.0, extra=judged)
    outputs = {"classes": SimpleNamespace(items=lambda: [row])}
    said = AbInitio().summary(outputs, AbInitio.Parameters(diameter=100.0))  # type: ignore[arg-type]
    assert "; reliable: to 20 Å the runs agree by 0.90; C3 proposed, correlation at least 0.86" in said
    assert "align-to-symmetry" in said


def test_methods_state_no_resolution_of_the_map() -> None:
    said = AbInitio().methods(AbInitio.Parameters(diameter=100.0), {})
    assert "details down to 12.5 Å, or to what the pixels hold if that is coarser, were compared" in said
    assert "to 12.5 Å." not in said


def test_the_command_that_the_tool_answers_brings_map_and_poses_to_the_axes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The map that the runs find is put in place: what follows is what is tested."""
    truth = threefold()
    angles, shifts = random_poses(40, scatter=3.0)
    rows = write_images(tmp_path / "s.mrcs", [truth], np.zeros(40, int), angles, shifts, pixel_size=PIXEL, noise=0.3)
    write_particle_file(tmp_path / "particles.star", rows)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("cryoloom.protocols.abinitio._runs.states", lambda *_, **__: iter([agreed(truth)]))
    words = ["particles.star", "--diameter", str(DIAMETER), "--box", str(BOX), "--output", "first"]
    told = json.loads(_said(capsys, "tool", "abinitio", *words, "--json"))
    (symmetry,) = told["symmetry"]
    assert symmetry["group"] == "C3"
    assert len(symmetry["correlations"]) == 3
    program, *command = shlex.split(symmetry["command"])
    assert program == "cryoloom"
    _said(capsys, *command)
    upright = mrcfile.read("first_class1_upright.mrc")
    assert operator_correlations(upright, "C3", pixel_size=PIXEL).min() > 0.97  # as of the map itself, above
    frame = read_particle_file(Path("first_particles_upright.star")).table.frame
    seen = project_volume(
        upright,
        frame.select("rot", "tilt", "psi").to_numpy(),
        frame.select("shift_x", "shift_y").to_numpy(),
        pixel_size=PIXEL,
    )
    before = read_particle_file(Path("first_particles.star")).table.frame
    still = project_volume(
        mrcfile.read("first_class1.mrc"),
        before.select("rot", "tilt", "psi").to_numpy(),
        before.select("shift_x", "shift_y").to_numpy(),
        pixel_size=PIXEL,
    )
    alike = [np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in zip(seen, still, strict=True)]
    assert min(alike) > 0.99  # the map was interpolated once
    text = _said(capsys, "tool", "abinitio", *words, "--overwrite")
    assert "C3 is proposed" in text
    assert symmetry["command"] in text


def _said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main([*words])
    said = capsys.readouterr()
    assert not left.value.code, said.err
    return said.out
