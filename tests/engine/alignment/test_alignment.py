"""Maps and poses moved rigidly, maps fitted to each other and to axes: against moved atoms, of which all is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from phantoms import blobs
from scipy.spatial.transform import Rotation

from cryoloom.engine.alignment import (
    RigidMotion,
    align_to_symmetry,
    fit_map,
    move_map,
    move_poses,
    operator_correlations,
    propose_symmetry,
)
from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.maps import low_pass, soft_sphere
from cryoloom.engine.projection import project_volume
from cryoloom.engine.symmetry import point_group
from cryoloom.errors import ParameterError
from cryoloom.testing.microscope import Specimen, load_specimen, pseudoprotein

BOX, PIXEL = 48, 5.0
TURN = Rotation.from_rotvec([0.9, -1.4, 0.5]).as_matrix()
SHIFT = np.array([4.0, -7.0, 2.5])


def density(
    specimen: Specimen, rotation: NDArray[np.float64], shift: NDArray[np.float64], *, inverted: bool = False
) -> NDArray[np.float32]:
    """A map of a specimen whose atoms were moved; nothing is interpolated."""
    positions = (-specimen.positions if inverted else specimen.positions) @ rotation.T + shift
    return replace(specimen, positions=positions.astype(np.float32)).density_map(BOX, PIXEL)


@pytest.fixture(scope="module")
def still() -> NDArray[np.float32]:
    return pseudoprotein().density_map(BOX, PIXEL)


def test_a_moved_map_is_that_of_moved_atoms(still: NDArray[np.float32]) -> None:
    moved = move_map(still, RigidMotion(TURN, SHIFT), pixel_size=PIXEL)
    expected = density(pseudoprotein(), TURN, SHIFT)
    # The last shell is cut by the limit of the density at Nyquist, which turns; at the edges of the box, where that
    # limit makes the density ring, what comes from outside is missing.
    assert fourier_shell_correlation(moved, expected, pixel_size=PIXEL).correlation[:-1].min() > 0.99
    inside = soft_sphere(BOX, 20.0, 2.0) > 0.5
    smooth, goal = (low_pass(one, resolution=11.0, pixel_size=PIXEL)[inside] for one in (moved, expected))
    assert np.std(smooth - goal) < 0.02 * np.std(goal)


def test_the_result_does_not_depend_on_threads(still: NDArray[np.float32]) -> None:
    motion = RigidMotion(TURN, SHIFT)
    one, two = (move_map(still, motion, pixel_size=PIXEL, threads=threads) for threads in (1, 2))
    assert np.array_equal(one, two)


@pytest.mark.parametrize("inverted", [False, True])
def test_a_map_is_fitted_to_another_of_either_hand(still: NDArray[np.float32], inverted: bool) -> None:
    target = density(pseudoprotein(), TURN, SHIFT, inverted=inverted)
    fit = fit_map(still, target, pixel_size=PIXEL, mirror=True)
    assert fit.motion.inverted is inverted
    turns = point_group("C3").operators
    off = min(Rotation.from_matrix(TURN.T @ fit.motion.rotation @ turn).magnitude() for turn in turns)
    assert np.degrees(off) < 0.1
    assert fit.motion.shift == pytest.approx(SHIFT, abs=0.1)
    assert fit.correlation > 0.995
    assert fit.correlation_of_other_hand is not None
    assert fit.correlation_of_other_hand < 0.7


def test_a_fit_can_stay_near_a_known_motion(still: NDArray[np.float32]) -> None:
    target = density(pseudoprotein(), TURN, SHIFT)
    near = RigidMotion(Rotation.from_rotvec([0.06, 0.0, -0.05]).as_matrix() @ TURN, SHIFT + 2.0)
    fit = fit_map(still, target, pixel_size=PIXEL, near=near)
    assert np.degrees(Rotation.from_matrix(TURN.T @ fit.motion.rotation).magnitude()) < 0.1


def test_poses_follow_the_map(still: NDArray[np.float32]) -> None:
    """The moved map in the moved poses gives the images that the map gave."""
    random = np.random.default_rng(4)
    angles = np.stack([random.uniform(-180, 180, 6), random.uniform(0, 180, 6), random.uniform(-180, 180, 6)], axis=1)
    shifts = random.normal(0.0, 4.0, (6, 2))
    images = project_volume(still, angles, shifts, pixel_size=PIXEL)
    for inverted in (False, True):
        motion = RigidMotion(TURN, SHIFT, inverted)
        moved = move_map(still, motion, pixel_size=PIXEL)
        seen = project_volume(moved, *move_poses(angles, shifts, motion), pixel_size=PIXEL)
        correlations = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(images, seen, strict=True)]
        assert min(correlations) > 0.998


def test_axes_are_brought_to_where_they_belong() -> None:
    moved = density(pseudoprotein(), TURN, SHIFT)
    assert operator_correlations(moved, "C3", pixel_size=PIXEL)[1:].max() < 0.7
    fit = align_to_symmetry(moved, "C3", pixel_size=PIXEL)
    assert fit.least > 0.99
    upright = move_map(moved, fit.motion, pixel_size=PIXEL)
    assert operator_correlations(upright, "C3", pixel_size=PIXEL).min() > 0.99


@pytest.mark.parametrize("name", ["c3-body", "t20s", pytest.param("apoferritin", marks=pytest.mark.full)])
def test_the_symmetry_of_a_specimen_is_proposed(name: str, test_data: Path) -> None:
    specimen = load_specimen(name, test_data / "structures")
    moved = density(specimen, TURN, SHIFT)
    proposal = propose_symmetry(moved, pixel_size=PIXEL)
    assert proposal.group == specimen.symmetry
    upright = move_map(moved, proposal.motion, pixel_size=PIXEL)
    assert operator_correlations(upright, specimen.symmetry, pixel_size=PIXEL).min() > 0.99


@pytest.mark.parametrize("group", ["C2", "C4", "D2", "T"])
def test_groups_of_which_others_are_parts_are_told_apart(group: str) -> None:
    """Copies of a lump, about the axes of a group, in noise of their own strength."""
    body = pseudoprotein()
    lump = body.positions[: len(body.positions) // 3 : 7].astype(np.float64)
    one = 0.5 * (lump - lump.mean(axis=0)) + [35.0, 12.0, 15.0]
    operators = point_group(group).operators
    positions = np.concatenate([one @ operator.T for operator in operators]).astype(np.float32)
    copies = replace(body, positions=positions, elements=np.resize(body.elements, len(positions)))
    volume = density(copies, TURN, SHIFT)
    noise = np.random.default_rng(5).normal(0.0, volume.std(), volume.shape)
    assert propose_symmetry(volume + noise, pixel_size=PIXEL, diameter=180.0).group == group


def test_the_only_axis_of_d1_is_found_and_brought_to_x() -> None:
    """A lump and its copy about an axis that lies anywhere; before, only turns about Z were looked at."""
    random = np.random.default_rng(3)
    lump, weights = random.normal(size=(14, 3)) * [6.0, 5.0, 4.0] + [2.0, 1.0, 0.0], random.uniform(0.5, 1.5, 14)
    both = np.concatenate([lump @ operator.T for operator in point_group("D1").operators]) @ TURN.T
    volume = blobs(both + SHIFT / PIXEL, np.tile(weights, 2), 1.2, box=BOX)
    assert operator_correlations(volume, "D1", pixel_size=PIXEL)[1] < 0.7
    fit = align_to_symmetry(volume, "D1", pixel_size=PIXEL)
    assert fit.group == "D1"
    # As for the groups above: what keeps a map in which nothing is noise from 1 is its interpolation.
    assert fit.least > 0.99
    upright = move_map(volume, fit.motion, pixel_size=PIXEL)
    assert operator_correlations(upright, "D1", pixel_size=PIXEL).min() > 0.99
    assert fit.least == pytest.approx(align_to_symmetry(volume, "C2", pixel_size=PIXEL).least)


def test_nothing_is_proposed_for_what_has_no_symmetry() -> None:
    """One of the three arms of the body, by itself and with noise of the signal's own strength."""
    body = pseudoprotein()
    third = replace(
        body, positions=body.positions[: len(body.positions) // 3], elements=body.elements[: len(body.elements) // 3]
    )
    centred = replace(third, positions=third.positions - third.positions.mean(axis=0))
    volume = centred.density_map(BOX, PIXEL)
    noise = np.random.default_rng(2).normal(0.0, volume.std(), volume.shape)
    for given in (volume, volume + noise):
        proposal = propose_symmetry(given, pixel_size=PIXEL)
        assert proposal.group == "C1"
        assert np.array_equal(proposal.motion.rotation, np.eye(3))


def test_an_imposed_group_that_the_map_lacks_is_told(still: NDArray[np.float32]) -> None:
    assert align_to_symmetry(still, "D3", pixel_size=PIXEL).least < 0.7


def test_maps_of_different_boxes_are_refused(still: NDArray[np.float32]) -> None:
    with pytest.raises(ParameterError, match="resample one of them"):
        fit_map(still, still[:40, :40, :40], pixel_size=PIXEL)


def test_an_empty_map_is_refused() -> None:
    with pytest.raises(ParameterError, match="same everywhere"):
        propose_symmetry(np.zeros((32, 32, 32), np.float32), pixel_size=PIXEL)
