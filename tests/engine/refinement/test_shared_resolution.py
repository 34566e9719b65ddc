"""What half sets were shown alike is no evidence; what each had of its own is, however coarse it is."""

from dataclasses import replace

import numpy as np
import pytest
from phantom_images import BOX, DIAMETER, PIXEL, body, images_of, poses

from cryoloom.engine.likelihood import ParticleImages
from cryoloom.engine.maps import limit_resolution
from cryoloom.engine.orientations import KnownPoses
from cryoloom.engine.refinement import RefinementSettings, refine
from cryoloom.engine.refinement._maps import beyond

COUNT = 48
HALVES = np.arange(COUNT) % 2 + 1
SETTINGS = RefinementSettings(symmetry="T", initial_resolution=30.0, shared_resolution=30.0, iterations=3, seed=4)


@pytest.fixture(scope="module")
def volume():
    return body("T")


@pytest.fixture(scope="module")
def truth():
    return KnownPoses(*poses(COUNT))


@pytest.fixture(scope="module")
def faint(volume, truth):
    """So noisy that the halves agree to about 20 Å, where images have 12 Å."""
    return images_of(volume, truth.rotations, truth.shifts, noise=4.0)


@pytest.fixture(scope="module")
def refined(faint, volume, truth):
    *_, last = refine(faint, HALVES, volume, SETTINGS, poses=truth, threads=2)
    assert last.has_signal
    assert 14.0 < last.resolution < 25.0
    return last


@pytest.mark.parametrize("resolution", [20.0, 14.0])
def test_signal_is_seen_from_own_half_maps_however_far_they_are_shown(refined, faint, resolution):
    """The halves share nothing beyond 30 Å; that they agree to 20 Å is evidence, wherever images are compared first."""
    settings = replace(SETTINGS, initial_resolution=resolution)
    found = KnownPoses(refined.rotations, refined.shifts)
    *_, last = refine(faint, HALVES, refined.half_maps, settings, poses=found, threads=2)
    assert last.can_judge
    assert last.has_signal
    assert last.resolution < 1.2 * refined.resolution  # a shell is a tenth of that there


def test_own_half_maps_of_noise_give_no_evidence(faint, volume):
    """Up to 30 Å both are the phantom, as after a refinement of noise; finer than that each has noise of its own."""
    random = np.random.default_rng(9)
    noise = ParticleImages(random.normal(size=(COUNT, BOX, BOX)).astype(np.float32), faint.optics, PIXEL, DIAMETER)
    radius = int(BOX * PIXEL / SETTINGS.shared_resolution)
    coarse = limit_resolution(volume, radius - 0.5)
    own = 0.3 * volume.std() * random.normal(size=(2, BOX, BOX, BOX)).astype(np.float32)
    halves = np.stack([coarse + beyond(one, radius, threads=1) for one in own])
    found = next(refine(noise, HALVES, volume, SETTINGS, threads=2))
    settings = replace(SETTINGS, initial_resolution=16.0)
    near = KnownPoses(found.rotations, found.shifts)
    states = list(refine(noise, HALVES, halves, settings, poses=near, threads=2))
    assert states[0].curve.correlation[1:radius].mean() > 0.5  # they do share that
    assert states[-1].can_judge
    assert not any(state.has_signal for state in states)


def test_former_poses_share_what_their_refinement_did(faint, volume, truth):
    """A coarser start does not undo what poses of noise know of the finer map that they were found in."""
    settings = replace(SETTINGS, initial_resolution=90.0, shared_resolution=25.0)
    assert settings.shown_alike(goes_on=True, own_half_maps=False) == 25.0
    assert settings.shown_alike(goes_on=True, own_half_maps=True) == 25.0
    assert settings.shown_alike(goes_on=False, own_half_maps=False) == 90.0
    first = next(refine(faint, HALVES, volume, settings, poses=truth))
    assert first.compared == 3  # the coarsest that there is
    assert first.can_judge


@pytest.mark.parametrize("own_half_maps", [False, True])
def test_where_both_halves_are_shown_all_that_pixels_hold_nothing_can_be_judged(faint, volume, truth, own_half_maps):
    settings = replace(SETTINGS, initial_resolution=2.0 * PIXEL, shared_resolution=2.0 * PIXEL)
    reference = np.stack([volume, volume]) if own_half_maps else volume
    first = next(refine(faint, HALVES, reference, settings, poses=truth))
    assert not first.can_judge
    assert not first.has_signal


def test_it_is_known_beforehand_what_cannot_be_judged():
    def warned(initial, shared=40.0, **how):
        return "".join(replace(SETTINGS, initial_resolution=initial, shared_resolution=shared).warnings(PIXEL, **how))

    own = {"goes_on": True, "own_half_maps": True}
    assert not warned(40.0)
    assert not warned(14.0, **own)
    assert "agree about noise" in warned(14.0)
    assert "agree about noise" in warned(14.0, goes_on=True)
    assert "agree about noise" in warned(40.0, 14.0, **own)
    assert "cannot be judged" in warned(12.0)
    assert "cannot be judged" in warned(30.0, 10.0, **own)
