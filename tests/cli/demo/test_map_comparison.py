"""What the demonstration says of its map is what the benchmarks' own scoring, which shares no code with it, says."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.spatial.transform import Rotation

from cryoloom.cli.demo._map_comparison import MapComparison, against_truth, pose_errors
from cryoloom.engine.alignment import RigidMotion, move_map, move_poses
from cryoloom.engine.maps import low_pass
from cryoloom.testing.microscope import pseudoprotein

sys.path.insert(0, str(Path(__file__).parents[3] / "bench"))

from map_truth import score_map

BOX, PIXEL = 40, 7.0
MOTION = RigidMotion(Rotation.from_rotvec([0.9, -1.4, 0.5]).as_matrix(), np.array([6.0, -4.0, 3.0]), inverted=True)


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    return pseudoprotein().density_map(BOX, PIXEL)


def test_a_turned_and_mirrored_map_gets_the_resolution_that_the_benchmark_gives_it(truth: np.ndarray) -> None:
    noise = np.random.default_rng(1).normal(0.0, 0.35 * truth.std(), truth.shape).astype(np.float32)
    unmoved = low_pass(truth, 20.0, pixel_size=PIXEL) + noise
    volume = move_map(unmoved, MOTION, pixel_size=PIXEL)
    fit, curve = against_truth(volume, truth, pixel_size=PIXEL, diameter=pseudoprotein().diameter)
    judged = score_map(unmoved, truth, PIXEL, aligned=True)
    assert fit.motion.inverted
    assert 16.0 < judged.resolution < 25.0
    assert curve.resolution(0.5) == pytest.approx(judged.resolution, rel=0.02)  # twice interpolated


@pytest.mark.parametrize("inverted", [False, True])
def test_poses_are_judged_in_the_frame_of_the_truth(tmp_path: Path, inverted: bool) -> None:
    """Poses of the true map, each a known angle off or on the other side of a symmetry axis, seen in a moved map."""
    random = np.random.default_rng(2)
    count, off = 30, 3.0
    true = np.stack(
        [random.uniform(-180, 180, count), random.uniform(5, 175, count), random.uniform(-180, 180, count)], 1
    )
    places = 100.0 + 300.0 * np.stack(np.divmod(np.arange(count), 6), axis=1)
    rows = [
        dict(zip(("x", "y", "rot", "tilt", "psi"), (*p, *a), strict=True)) for p, a in zip(places, true, strict=True)
    ]
    (tmp_path / "movie_0001.json").write_text(json.dumps({"particles": rows}), encoding="utf-8")
    mates = true.copy()
    mates[:10, 0] += 120.0  # C3: the same view
    mates[:, 2] += off
    shifts = random.normal(0.0, 5.0, (count, 2))
    motion = RigidMotion(MOTION.rotation, MOTION.shift, inverted)
    angles, moved_shifts = move_poses(mates, shifts, motion)
    found = places + shifts / 2.0
    found[-1] += 80.0  # no particle lies here
    frame = pl.DataFrame(
        {
            "micrograph_id": np.full(count, 7, np.uint64),
            "x": found[:, 0],
            "y": found[:, 1],
            "shift_x": moved_shifts[:, 0],
            "shift_y": moved_shifts[:, 1],
            "rot": angles[:, 0],
            "tilt": angles[:, 1],
            "psi": angles[:, 2],
        }
    )
    back = RigidMotion(motion.rotation.T, -motion.rotation.T @ motion.shift, inverted)
    if inverted:  # inversion comes first on either way
        back = RigidMotion(motion.rotation.T, motion.rotation.T @ motion.shift, inverted=True)
    errors = pose_errors(frame, {7: ("movie_0001", 2.0)}, tmp_path, back, group="C3", diameter=180.0)
    assert len(errors) == count - 1
    assert errors == pytest.approx(np.full(count - 1, off), abs=1e-6)


def test_what_is_said_is_honest() -> None:
    found = MapComparison(
        extracted=1200,
        kept=1100,
        true_share=0.995,
        classes=12,
        classes_kept=11,
        agreement=0.96,
        symmetry="C1",
        true_symmetry="C3",
        mirrored=True,
        resolution=None,
        resolution_against_truth=None,
        pixel_size=3.0,
        frequency=(0.0, 0.1),
        against_truth=(1.0, 0.0),
        pose_error=20.0,
        pose_error_ninetieth=90.0,
    )
    said = "\n".join(found.sentences())
    for words in ("no evidence of signal", "nowhere like the truth", "but the specimen has C3", "mirror image"):
        assert words in said, words
    bound = "\n".join(replace(found, resolution=6.0, resolution_against_truth=6.0).sentences())
    assert "6.00 Å by its half maps (at 0.143), 6.00 Å against the truth (at 0.5); its pixels hold no more" in bound
    assert "pixels" not in "\n".join(replace(found, resolution=7.0, resolution_against_truth=8.0).sentences())
