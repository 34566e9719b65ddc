"""Poses and map of a phantom are found; halves are independent; it can be made again; noise gives no evidence."""

from dataclasses import fields, replace

import numpy as np
import pytest
from phantoms import threefold
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.kernels import extract_coefficients, shift_factors
from cryoloom.engine.likelihood import ParticleImages, fourier_disc
from cryoloom.engine.maps import limit_resolution, soft_sphere
from cryoloom.engine.optics import GroupOptics, ParticleOptics
from cryoloom.engine.orientations import KnownPoses, angular_distance
from cryoloom.engine.projection import volume_transform
from cryoloom.engine.refinement import RefinementSettings, find_poses, led_astray, local_reach, refine
from cryoloom.engine.refinement._maps import beyond, masked
from cryoloom.engine.symmetry import point_group
from cryoloom.engine.validation import correlate_half_maps
from cryoloom.errors import ParameterError

BOX, PIXEL, DIAMETER, COUNT = 32, 6.0, 130.0, 180
OPERATORS = point_group("C3").operators
SETTINGS = RefinementSettings(symmetry="C3", initial_resolution=40.0, shift_radius=15.0, seed=4)
GROUPS = (
    GroupOptics(300.0, 2.7, 0.1),
    GroupOptics(200.0, 2.7, 0.07, beam_tilt=(3.0, -2.0), magnification=(1.02, 0.01, 0.01, 0.98)),
)
HALVES = np.arange(COUNT) % 2 + 1


@pytest.fixture(scope="module")
def phantom():
    return threefold(5)


@pytest.fixture(scope="module")
def truth():
    random = np.random.default_rng(6)
    return Rotation.random(COUNT, random).as_matrix(), random.normal(0, 5.0, size=(COUNT, 2))


def seen_through(volume, rotations, shifts, optics, noise, seed):
    """Images of a map, and noise of a standard deviation relative to theirs."""
    frequencies = fourier_disc(int(BOX / 2 / optics.stretch))
    matrices = optics.slicing_matrices(rotations, np.arange(len(rotations)))
    values = extract_coefficients(volume_transform(volume), matrices, frequencies)
    k = frequencies / (BOX * PIXEL)
    values *= optics.transfer(k) * optics.demodulate(np.ones_like(values), k).conj()
    values *= shift_factors(frequencies, -shifts / PIXEL, BOX)
    transform = np.zeros((len(values), BOX, BOX // 2 + 1), np.complex64)
    x, y = frequencies.astype(int).T
    transform[:, y, x] = values
    transform[:, -y[x == 0], 0] = values[:, x == 0].conj()
    images = np.fft.fftshift(np.fft.irfft2(transform), axes=(1, 2))
    images += np.random.default_rng(seed).normal(0, noise * images.std(), images.shape)
    return images.astype(np.float32)


@pytest.fixture(scope="module")
def optics():
    random = np.random.default_rng(7)
    defocus = random.uniform(8e3, 2e4, COUNT)
    group = (np.arange(COUNT) // 2) % 2
    return ParticleOptics(GROUPS, group, defocus, defocus - 300, np.full(COUNT, 30.0), np.zeros(COUNT))


@pytest.fixture(scope="module")
def particles(phantom, truth, optics):
    return ParticleImages(seen_through(phantom, *truth, optics, 1.5, seed=8), optics, PIXEL, DIAMETER)


@pytest.fixture(scope="module")
def states(particles, phantom):
    return list(refine(particles, HALVES, -37.0 + 250.0 * phantom, SETTINGS, threads=2))


def test_poses_and_map_are_found_from_a_start_on_another_grey_scale(states, truth, phantom, particles):
    last = states[-1]
    assert last.finished
    assert not any(state.finished for state in states[:-1])
    errors = angular_distance(last.rotations, truth[0], OPERATORS)
    # A detail at the rim moves by less than half a pixel in 2.6°.
    assert np.median(errors) < 2.6
    assert (errors > 10.0).mean() < 0.05
    assert np.median(np.hypot(*(last.shifts - truth[1]).T)) < 0.3 * PIXEL
    sphere = soft_sphere(BOX, 0.5 * DIAMETER / PIXEL, 3.0)
    curve = fourier_shell_correlation(last.combined_map, phantom, pixel_size=PIXEL, mask=sphere)
    assert np.all(curve.correlation[1:13] > 0.8)
    assert last.has_signal
    assert last.resolution < 2.3 * PIXEL


def test_the_same_seed_goes_on_to_the_same_bits(particles, phantom, states):
    again = list(refine(particles, HALVES, phantom, SETTINGS, state=states[-3], threads=2))
    assert len(again) == 2
    for field in fields(again[-1]):
        one, other = getattr(again[-1], field.name), getattr(states[-1], field.name)
        if isinstance(one, np.ndarray):
            assert np.array_equal(one, other), field.name
        elif isinstance(one, int | float | bool):
            assert one == other, field.name


def test_other_threads_give_the_same_map(particles, phantom, states):
    alone = next(refine(particles, HALVES, -37.0 + 250.0 * phantom, SETTINGS, threads=1))
    for one, other in zip(alone.half_maps, states[0].half_maps, strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.9999


def test_a_half_knows_nothing_of_the_other(particles, phantom, states):
    images = particles.images.copy()
    images[HALVES == 2] = images[HALVES == 2][::-1]
    changed = next(refine(replace(particles, images=images), HALVES, -37.0 + 250.0 * phantom, SETTINGS, threads=2))
    first = HALVES == 1
    assert np.array_equal(changed.scale[first], states[0].scale[first])
    for name in ("rotations", "shifts", "log_likelihood"):
        assert np.array_equal(getattr(changed, name)[first], getattr(states[0], name)[first])
        assert not np.array_equal(getattr(changed, name)[~first], getattr(states[0], name)[~first])
    assert np.array_equal(changed.half_maps[0], states[0].half_maps[0])


def test_noise_gives_no_evidence(phantom, optics):
    """Both halves find the start in noise, and agree about it; beyond it they agree about nothing."""
    images = np.random.default_rng(9).normal(size=(COUNT, BOX, BOX)).astype(np.float32)
    noise = ParticleImages(images, optics, PIXEL, DIAMETER)
    *_, last = refine(noise, HALVES, phantom, SETTINGS, threads=2)
    assert last.finished
    assert not last.has_signal
    assert last.resolution is None
    shown = last.curve.frequency < 0.8 / SETTINGS.initial_resolution
    assert last.curve.correlation[shown][1:].mean() > 0.5
    # Where shells hold a hundred coefficients, chance is 0.1, and three times that is rare.
    unseen = last.curve.frequency > 1 / 30.0
    assert last.curve.correlation[unseen].max() < 0.3


@pytest.fixture(scope="module")
def tight(phantom):
    """A mask that follows the phantom, with an edge of about three voxels."""
    near = gaussian_filter((gaussian_filter(phantom, 1.0) > 0.1 * phantom.max()).astype(np.float32), 1.0)
    return np.clip(2.0 * near, 0.0, 1.0)


def test_a_mask_carries_nothing_that_both_halves_were_shown_beyond_it(phantom, tight):
    """Two halves have the same coarse map, and noise of their own beyond it; in a tight mask they stay apart there."""
    radius = 5
    coarse = limit_resolution(phantom, radius - 0.5)
    random = np.random.default_rng(10)
    scatter = 0.1 * coarse.std()
    halves = [
        coarse + beyond(scatter * random.normal(size=phantom.shape).astype(np.float32), radius, threads=1)
        for _ in range(2)
    ]
    plain = fourier_shell_correlation(*(half * tight for half in halves), pixel_size=PIXEL)
    apart = fourier_shell_correlation(*(masked(half, tight, radius, threads=1) for half in halves), pixel_size=PIXEL)
    share = (tight**2).sum() ** 2 / (tight**4).sum() / tight.size
    unseen = slice(radius + 2, BOX // 2)
    chance = 1.0 / np.sqrt(2.0 * plain.coefficients[unseen] * share)
    assert np.all(np.abs(apart.correlation[unseen]) < 5.0 * chance)
    assert np.median(plain.correlation[unseen] / chance) > 5.0  # as it would be without that care
    assert apart.correlation[1:radius].min() > 0.9


def test_noise_gives_no_evidence_in_a_tight_mask_either(phantom, optics, tight):
    images = np.random.default_rng(9).normal(size=(COUNT, BOX, BOX)).astype(np.float32)
    noise = ParticleImages(images, optics, PIXEL, DIAMETER)
    *_, last = refine(noise, HALVES, phantom, SETTINGS, mask=tight, threads=2)
    assert not last.has_signal
    within = correlate_half_maps(*last.half_maps, pixel_size=PIXEL, copies=len(OPERATORS), mask=tight)
    chance = np.sqrt(len(OPERATORS) / (2.0 * within.corrected.coefficients * within.independent_share))
    unseen = within.corrected.frequency > 1 / 30.0
    assert np.all(within.corrected.correlation[unseen] < 5.0 * chance[unseen])


@pytest.mark.full
def test_particles_are_found_in_a_tight_mask(particles, phantom, truth, tight):
    *_, last = refine(particles, HALVES, phantom, SETTINGS, mask=tight, threads=2)
    assert last.has_signal
    assert np.median(angular_distance(last.rotations, truth[0], OPERATORS)) < 2.6  # as without one
    within = correlate_half_maps(*last.half_maps, pixel_size=PIXEL, copies=len(OPERATORS), mask=tight)
    curve = fourier_shell_correlation(last.combined_map, phantom, pixel_size=PIXEL, mask=tight)
    told = within.corrected.correlation > 0.05
    # The truth in the same mask holds what the mask makes, for which the half maps are corrected: less may be told.
    assert (within.against_truth - curve.correlation)[told].max() < 0.05
    assert within.resolution > 0.95 * curve.resolution(0.5)


def test_poses_are_found_in_a_map_that_stays(particles, phantom, truth):
    """On the scale of the images: the phantom is that, since its projections were made into them."""
    few = np.arange(0, COUNT, 3)
    chosen = replace(particles, images=particles.images[few], optics=particles.optics[few])
    shares = []
    found = find_poses(
        chosen, phantom, resolution=14.0, symmetry="C3", shift_radius=15.0, threads=2, report=shares.append
    )
    errors = angular_distance(found.rotations, truth[0][few], OPERATORS)
    assert np.median(errors) < 2.6  # a detail at the rim moves by less than half a pixel
    assert np.median(np.hypot(*(found.shifts - truth[1][few]).T)) < 0.3 * PIXEL
    assert shares == [1.0]
    noise = np.random.default_rng(9).normal(size=chosen.images.shape) * chosen.images.std()
    nothing = find_poses(
        replace(chosen, images=noise.astype(np.float32)), phantom, resolution=14.0, symmetry="C3", threads=2
    )
    assert np.median(found.log_likelihood) > np.percentile(nothing.log_likelihood, 95)
    with pytest.raises(ParameterError, match="resample"):
        find_poses(chosen, phantom[1:, 1:, 1:], resolution=14.0)


def test_what_cannot_be_refined_is_refused(particles, phantom):
    with pytest.raises(ParameterError, match="180 and 0"):
        next(refine(particles, np.ones(COUNT, int), phantom, SETTINGS))
    with pytest.raises(ParameterError, match="half set 1 or 2"):
        next(refine(particles, np.zeros(COUNT, int), phantom, SETTINGS))
    with pytest.raises(ParameterError, match="resample"):
        next(refine(particles, HALVES, phantom[1:, 1:, 1:], SETTINGS))
    with pytest.raises(ParameterError, match="holds nothing"):
        next(refine(particles, HALVES, np.ones_like(phantom), SETTINGS))
    with pytest.raises(ParameterError, match="The mask is"):
        next(refine(particles, HALVES, phantom, SETTINGS, mask=phantom[1:, 1:, 1:]))
    with pytest.raises(ParameterError, match="holds nothing within the mask"):
        next(refine(particles, HALVES, phantom, SETTINGS, mask=np.zeros_like(phantom)))
    with pytest.raises(ParameterError, match="point group"):
        RefinementSettings(symmetry="X3")
    assert "agree about noise" in RefinementSettings(initial_resolution=8.0).warnings(2.0)[0]
    assert not SETTINGS.warnings(PIXEL)


LOCAL = replace(SETTINGS, initial_resolution=20.0)
TURNED, MOVED = 8.0, 6.0  # degrees and Å, one pixel, by which poses are wrong that a local search goes on from


def astray(rotations, shifts, seed):
    """Each pose turned about an axis of its own, and moved in a direction of its own."""
    random = np.random.default_rng(seed)
    axes = random.normal(size=(len(rotations), 3))
    turns = Rotation.from_rotvec(TURNED * axes / np.linalg.norm(axes, axis=1)[:, None], degrees=True).as_matrix()
    direction = random.uniform(0, 2 * np.pi, len(rotations))
    return KnownPoses(turns @ rotations, shifts + MOVED * np.stack([np.cos(direction), np.sin(direction)], axis=1))


@pytest.fixture(scope="module")
def given(truth):
    return astray(*truth, seed=14)


@pytest.fixture(scope="module")
def local_states(particles, phantom, given):
    return list(refine(particles, HALVES, 250.0 * phantom, LOCAL, poses=given, threads=2))


def test_poses_that_are_a_little_wrong_come_back(local_states, given, truth):
    """As good as those of a search everywhere; see above for the tolerances."""
    last = local_states[-1]
    errors = angular_distance(last.rotations, truth[0], OPERATORS)
    assert np.median(errors) < 2.6
    assert errors.max() < 10.0
    assert np.median(np.hypot(*(last.shifts - truth[1]).T)) < 0.3 * PIXEL
    assert last.has_signal
    assert last.resolution < 2.3 * PIXEL
    assert not any(state.everywhere for state in local_states)


def test_the_first_iteration_looks_no_farther_than_is_told(local_states, given, particles):
    reach = local_reach(particles, LOCAL)
    assert TURNED < reach.angle < 15.0
    assert MOVED < reach.shift < 10.0
    assert angular_distance(local_states[0].rotations, given.rotations).max() < reach.angle + 1e-3
    assert np.abs(local_states[0].shifts - given.shifts).max() < reach.shift + 1e-6
    # Half the wave, half the search.
    coarse = local_reach(particles, replace(LOCAL, initial_resolution=40.0))
    assert coarse.angle > 1.5 * reach.angle


def test_a_local_search_goes_on_to_the_same_bits(particles, phantom, given, local_states):
    again = list(refine(particles, HALVES, phantom, LOCAL, poses=given, state=local_states[-3], threads=2))
    assert len(again) == 2
    for name in ("rotations", "shifts", "scale", "half_maps", "combined_map"):
        assert np.array_equal(getattr(again[-1], name), getattr(local_states[-1], name))


def test_each_half_set_goes_on_from_its_own_map(particles, phantom, given, local_states):
    """What is shown to the second half changes nothing in the first."""
    references = 250.0 * np.stack([phantom, np.roll(phantom, 2, axis=0)])
    alike = replace(LOCAL, shared_resolution=LOCAL.initial_resolution)  # as of one map for both
    apart = next(refine(particles, HALVES, references, alike, poses=given, threads=2))
    first, state = HALVES == 1, local_states[0]
    assert np.array_equal(apart.half_maps[0], state.half_maps[0])
    assert not np.array_equal(apart.half_maps[1], state.half_maps[1])
    for name in ("rotations", "shifts"):
        assert np.array_equal(getattr(apart, name)[first], getattr(state, name)[first])
        assert not np.array_equal(getattr(apart, name)[~first], getattr(state, name)[~first])


def expanded(particles, poses, images=None):
    """The first sixty particles three times over, in poses that the symmetry makes equal."""
    rows = np.repeat(np.arange(60), 3)
    rotations = (poses.rotations[:60, None] @ OPERATORS).reshape(-1, 3, 3)
    copies = replace(
        particles, images=(particles.images if images is None else images)[rows], optics=particles.optics[rows]
    )
    return copies, KnownPoses(rotations, poses.shifts[rows]), rows


def test_copies_by_symmetry_stay_where_they_are(particles, phantom, truth):
    copies, poses, rows = expanded(particles, KnownPoses(*truth))
    alone = replace(LOCAL, symmetry="C1", iterations=3)
    *_, last = refine(copies, HALVES[rows], phantom, alone, poses=poses, sources=rows, threads=2)
    # Three images of one particle in poses a third of a turn apart: none has gone over to another one.
    assert angular_distance(last.rotations, poses.rotations).max() < 10.0
    assert last.has_signal


def test_copies_of_noise_give_no_evidence(particles, phantom, truth):
    """Each image is three times in the map of its half, which makes chance larger by √3."""
    noise = np.random.default_rng(9).normal(size=(60, BOX, BOX)).astype(np.float32)
    copies, poses, rows = expanded(particles, KnownPoses(*truth), noise)
    alone = replace(LOCAL, symmetry="C1", iterations=3)
    *_, last = refine(copies, HALVES[rows], phantom, alone, poses=poses, sources=rows, threads=2)
    assert not last.has_signal


def test_poses_are_led_astray_as_far_as_is_told(particles, truth):
    by = local_reach(particles, LOCAL) * 0.5
    made = led_astray(KnownPoses(*truth), by, seed=3)
    assert np.allclose(angular_distance(made.rotations, truth[0]), by.angle, atol=1e-4)
    assert np.allclose(np.hypot(*(made.shifts - truth[1]).T), by.shift)
    other = led_astray(KnownPoses(*truth), by, seed=4)
    assert not np.allclose(made.shifts, other.shifts)


def test_a_pose_for_each_image_is_needed(particles, phantom, truth):
    few = KnownPoses(truth[0][:5], truth[1][:5])
    with pytest.raises(ParameterError, match="5 poses and 180 images"):
        next(refine(particles, HALVES, phantom, LOCAL, poses=few))
