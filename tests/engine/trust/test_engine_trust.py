"""What is told of a refinement is true of particles whose poses, noise and twins are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from phantoms import found_state, threefold
from scipy.spatial.transform import Rotation

from cryoloom.engine.alignment import RigidMotion, move_map, move_poses
from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.likelihood import NoiseSpectrum, ParticleImages
from cryoloom.engine.maps import soft_sphere
from cryoloom.engine.optics import ContrastTransfer, GroupOptics, ParticleOptics, transfer_image
from cryoloom.engine.orientations import euler_angles, rotation_matrices
from cryoloom.engine.projection import project_volume
from cryoloom.engine.refinement import RefinementState
from cryoloom.engine.symmetry import point_group
from cryoloom.engine.trust import (
    NoiseControl,
    group_deviations,
    nested_subsets,
    noise_control,
    noise_of,
    particle_scaling,
    pose_agreement,
    session_drift,
    shared_noise,
)

BOX, PIXEL, DIAMETER, COUNT, NOISE = 32, 6.0, 130.0, 240, 2.0
OPERATORS = point_group("C3").operators
HALVES = np.arange(COUNT) % 2 + 1
SPHERE = soft_sphere(BOX, 0.5 * DIAMETER / PIXEL, 4.0)


@pytest.fixture(scope="module")
def phantom() -> np.ndarray:
    return threefold(15)


@pytest.fixture(scope="module")
def particles(phantom) -> tuple[ParticleImages, np.ndarray, np.ndarray]:
    """Images, with their true rotations and shifts."""
    random = np.random.default_rng(16)
    rotations, shifts = Rotation.random(COUNT, random).as_matrix(), random.normal(0, 5.0, (COUNT, 2))
    defocus = random.uniform(8e3, 2e4, COUNT)
    ctfs = np.stack([transfer_image((BOX, BOX), PIXEL, ContrastTransfer(300.0, 2.7, 0.1, d, d, 0.0)) for d in defocus])
    images = project_volume(phantom, euler_angles(rotations), shifts, ctfs, pixel_size=PIXEL)
    images += random.normal(0, NOISE * images.std(), images.shape)
    group = np.zeros(COUNT, np.int64)
    optics = ParticleOptics((GroupOptics(300.0, 2.7, 0.1),), group, defocus, defocus, np.zeros(COUNT), np.zeros(COUNT))
    return ParticleImages(images.astype(np.float32), optics, PIXEL, DIAMETER), rotations, shifts


@pytest.fixture(scope="module")
def state(particles, phantom) -> RefinementState:
    """A refinement that has found everything as it is."""
    images, rotations, shifts = particles
    return found_state(images, rotations, shifts, np.stack([phantom] * 2))


def with_twins(particles: ParticleImages, state: RefinementState, twins: np.ndarray, originals: np.ndarray):
    """Particles of which some are pictures of others, moved by whole pixels; and the poses that would be found."""
    images, shifts, rotations = particles.images.copy(), state.shifts.copy(), state.rotations.copy()
    images[twins] = np.roll(particles.images[originals], (2, -1), axis=(1, 2))
    shifts[twins] = state.shifts[originals] - PIXEL * np.array([-1.0, 2.0])
    tilted = Rotation.from_rotvec([2.0, -1.5, 1.0], degrees=True).as_matrix()
    rotations[twins] = tilted @ rotations[originals] @ OPERATORS[1]  # as far as two halves may disagree
    shifts[twins] += 0.8 * PIXEL
    where = np.arange(COUNT)
    where[twins] = originals
    changed = replace(particles, images=images, optics=particles.optics[where])
    return changed, replace(state, shifts=shifts, rotations=rotations)


def test_twins_are_found_by_their_noise(particles, state):
    images, *_ = particles
    assert shared_noise(images, HALVES, state, "C3").share == 0.0
    originals, twins = np.arange(0, 48, 2), np.arange(1, 49, 2)  # a fifth of each half
    found = shared_noise(*shuffled(images, state, twins, originals), "C3")
    assert found.share == pytest.approx(0.2, abs=0.021)  # all but at most two or three of 24
    assert {(int(a), int(b)) for a, b in found.pairs} <= set(zip(originals.tolist(), twins.tolist(), strict=True))
    assert found.examined == COUNT // 2
    assert found.correlations.min() > 0.6


def shuffled(images, state, twins, originals):
    changed, poses = with_twins(images, state, twins, originals)
    return changed, HALVES, poses


def test_clear_pictures_of_one_view_are_no_twins(particles, state, phantom):
    """Without noise they look alike, but what their map leaves of them does not."""
    images, rotations, shifts = particles
    alike = np.repeat(rotations[::2], 2, axis=0)
    defocus = images.optics.defocus_u
    ctfs = np.stack([transfer_image((BOX, BOX), PIXEL, ContrastTransfer(300.0, 2.7, 0.1, d, d, 0.0)) for d in defocus])
    clear = project_volume(phantom, euler_angles(alike), shifts, ctfs, pixel_size=PIXEL)
    clear += np.random.default_rng(1).normal(0, 0.2 * clear.std(), clear.shape)
    clear = replace(images, images=clear.astype(np.float32))
    noise = NoiseSpectrum.of_images(clear.images).shared_by(clear.optics)
    found = shared_noise(clear, HALVES, replace(state, rotations=alike, noise=(noise, noise)), "C3")
    assert found.compared >= COUNT // 2
    assert found.share < 0.01


def test_images_that_are_magnified_are_told_of_as_well(particles, state):
    """Their frequencies are those of finer details of the particle than their pixels show."""
    images, *_ = particles
    stretched = GroupOptics(300.0, 2.7, 0.1, magnification=(1.04, 0.0, 0.0, 0.97))
    magnified = replace(images, optics=replace(images.optics, groups=(stretched,)))
    assert shared_noise(magnified, HALVES, state, "C3").share == 0.0
    (subset,) = nested_subsets(magnified, HALVES, state, "C3", shares=(1.0,))
    assert subset.count == COUNT


def test_maps_of_more_particles_are_better(particles, state, phantom):
    images, *_ = particles
    subsets = list(nested_subsets(images, HALVES, state, "C3", shares=(0.02, 0.125, 0.5, 1.0)))
    assert [subset.count for subset in subsets] == [30, 120, 240]  # of two each none is made
    agreed = [
        fourier_shell_correlation(*subset.half_maps, pixel_size=PIXEL, mask=SPHERE).correlation[5:12].mean()
        for subset in subsets
    ]
    assert agreed[0] < agreed[1] < agreed[2]
    whole = subsets[-1].half_maps.mean(axis=0)
    assert fourier_shell_correlation(whole, phantom, pixel_size=PIXEL, mask=SPHERE).correlation[1:12].min() > 0.9
    (less,) = nested_subsets(images, HALVES, state, "C3", shares=(1.0,), left_out=np.arange(1, 101, 2))
    assert less.count == COUNT - 50
    assert less.half_maps[0] == pytest.approx(subsets[-1].half_maps[0], abs=1e-4 * float(whole.max()))


def test_the_line_of_rosenthal_and_henderson_is_found():
    counts = (500, 1000, 2000, 4000)
    resolutions = [(0.004 + 2 / 150.0 * np.log(count / 500)) ** -0.5 for count in counts]
    found = particle_scaling(counts, resolutions)
    assert found.b_factor == pytest.approx(150.0)
    assert found.expected(8000) == pytest.approx((0.004 + 2 / 150.0 * np.log(16)) ** -0.5)
    assert particle_scaling(counts, [9.0, 9.5, 10.0, 11.0]).b_factor is None
    limited = particle_scaling((*counts, 8000, 16000), [*resolutions, 5.9, 5.9], finest=5.85)
    assert limited.b_factor == pytest.approx(150.0)
    assert particle_scaling(counts, [9.0, None, None, 8.0]).expected(1000) is None


def test_only_the_micrograph_that_differs_stands_out():
    random = np.random.default_rng(5)  # of 300 seeds, 3 % have a micrograph beyond four standard deviations by chance
    groups = np.repeat(np.arange(30), 25)
    values = random.normal(10.0, 2.0, len(groups)) + random.normal(0.0, 0.5, 30)[groups]
    assert len(group_deviations(values, groups).outlying) == 0
    values[groups == 7] -= 5.0
    found = group_deviations(values, groups)
    assert found.outlying.tolist() == [7]
    assert found.deviations[7] < -5
    assert found.counts.tolist() == [25] * 30
    assert found.means[7] == pytest.approx(values[groups == 7].mean())


def test_a_drift_is_told_from_the_scatter_of_micrographs():
    random = np.random.default_rng(6)
    places, counts = np.arange(40), random.integers(5, 60, 40)
    line = 300.0 * places / 39
    assert session_drift(line, counts, places).change == pytest.approx(300.0)
    found = np.array(
        [
            (one.change, one.error, one.is_certain)
            for one in (session_drift(line + random.normal(0, 30.0, 40), counts, places) for _ in range(200))
        ]
    )
    assert found[:, 0].mean() == pytest.approx(300.0, abs=4 * found[:, 0].std() / np.sqrt(200))
    # The means scatter alike, whatever their counts, so the error that is told is that of unequal weights, on average.
    assert found[:, 0].std() == pytest.approx(found[:, 1].mean(), rel=0.25)
    still = [session_drift(random.normal(0, 30.0, 40), counts, places).is_certain for _ in range(200)]
    assert sum(still) <= 3  # 4 standard errors, by 38 degrees of freedom and unequal weights
    assert session_drift(line[:3], counts[:3], places[:3]) is None


def test_poses_agree_after_the_maps_were_brought_together(state, phantom):
    motion = RigidMotion(Rotation.from_rotvec([0.0, 0.0, 0.06]).as_matrix(), np.array([0.0, 0.0, 3.0]))
    angles, shifts = move_poses(euler_angles(state.rotations), state.shifts, motion)
    moved = move_map(phantom, motion, pixel_size=PIXEL)
    turned = rotation_matrices(angles)
    shape = {"pixel_size": PIXEL, "diameter": DIAMETER, "mask": SPHERE}
    second = replace(state, rotations=turned @ OPERATORS[2], shifts=shifts, combined_map=moved)
    found = pose_agreement(state, second, "C3", **shape)
    assert found.share == 1.0
    assert found.median_angle < 0.3  # degrees: a hundredth of a voxel at the rim
    assert found.resolution is not None
    assert found.resolution < 2.2 * PIXEL
    other = second.rotations.copy()
    other[: COUNT // 3] = Rotation.random(COUNT // 3, 5).as_matrix()
    assert pose_agreement(state, replace(second, rotations=other), "C3", **shape).share == pytest.approx(2 / 3)
    far = second.shifts.copy()
    far[: COUNT // 2] += 2.5 * PIXEL
    assert pose_agreement(state, replace(second, shifts=far), "C3", **shape).share == pytest.approx(0.5)


def test_noise_has_the_amplitudes_of_its_image_and_nothing_else_of_it(particles):
    images = particles[0].images[:40]
    noise = noise_of(images, np.random.default_rng(2))
    given, made = (np.fft.rfft2(one) for one in (images, noise))
    np.testing.assert_allclose(np.abs(made), np.abs(given), atol=1e-4 * np.abs(given).max())
    np.testing.assert_allclose(noise.mean(axis=(1, 2)), images.mean(axis=(1, 2)), atol=1e-6 * images.std())
    shared = [np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in zip(images, noise, strict=True)]
    assert abs(np.mean(shared)) < 0.05  # each scatters by the root of some 100 strong coefficients


def pure_noise(images: np.ndarray, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, images.std(), images.shape).astype(np.float32)


ALIGNED = {"resolution": 15.0, "shift_radius": 15.0, "threads": 2}


def test_particles_align_better_than_noise(particles, state):
    shares = []
    found = noise_control(particles[0], HALVES, state, "C3", **ALIGNED, report=shares.append)
    assert found.deviations > 5.0  # of 48 pairs, which can give 6
    assert found.more_than_noise > 0.9
    assert len(found.noise) == len(found.particles) == 48
    assert shares == [0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize("underestimated", [1.0, 1.3])
def test_noise_aligns_as_well_as_noise(particles, state, underestimated):
    """Also where a refinement has found too little noise, since it took for signal what it had aligned of it."""
    images = replace(particles[0], images=pure_noise(particles[0].images, 3))
    spectrum = replace(state.noise[0], power=state.noise[0].power / underestimated)
    state = replace(state, noise=(spectrum, spectrum))
    found = [noise_control(images, HALVES, state, "C3", **ALIGNED, seed=seed) for seed in range(3)]
    assert max(abs(one.deviations) for one in found) < 3.0  # of 48 pairs each time, many of them the same images
    assert max(one.more_than_noise for one in found) < 3.0 * found[0].error


def test_a_few_particles_among_noise_are_found_and_counted(particles, state, monkeypatch):
    """Three tenths of the images show the particle: no coin may decide whether their map is one of noise."""
    monkeypatch.setattr("cryoloom.engine.trust._noise_control.SHARE", 1.0)  # as many as of 1200 images
    images, real = particles[0].images.copy(), np.arange(COUNT) % 20 < 6
    images[~real] = pure_noise(particles[0].images, 5)[~real]
    found = noise_control(replace(particles[0], images=images), HALVES, state, "C3", **ALIGNED)
    assert found.deviations > 4.0  # 7 are expected, with a scatter of 1
    assert found.more_than_noise == pytest.approx(0.3, abs=3 * found.error)


def test_few_that_align_much_better_are_as_sure_a_sign_as_many_that_align_a_little_better():
    random, noise = np.random.default_rng(7), np.zeros(200)
    chance = random.normal(size=(400, 200))
    scores = [NoiseControl(one, noise).deviations for one in chance]
    assert np.std(scores) == pytest.approx(1.0, abs=0.15)  # of 400
    assert abs(np.mean(scores)) < 0.2
    few = [NoiseControl(one + 6.0 * (np.arange(200) < 60), noise) for one in chance]
    assert np.mean([one.deviations > 2.5 for one in few]) > 0.99
    assert np.mean([one.more_than_noise for one in few]) == pytest.approx(0.3, abs=0.02)
    little = [NoiseControl(one + 0.5, noise).deviations for one in chance]
    assert np.mean(little) == pytest.approx(np.mean([one.deviations for one in few]), rel=0.2)
