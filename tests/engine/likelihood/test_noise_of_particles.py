"""The noise of two optics groups, and of micrographs of which half have twice the power, is found with the particle."""

from dataclasses import fields, replace
from itertools import islice

import numpy as np
import pytest
from phantoms import found_state, threefold
from scipy.spatial.transform import Rotation

from cryoloom.engine.abinitio import AbInitioSettings, ab_initio
from cryoloom.engine.classes2d import Classes2DSettings, classify2d
from cryoloom.engine.classes3d import KnownPoses
from cryoloom.engine.classes3d._residuals import consensus
from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.likelihood import ParticleImages
from cryoloom.engine.maps import soft_sphere
from cryoloom.engine.optics import ContrastTransfer, GroupOptics, ParticleOptics, transfer_image
from cryoloom.engine.orientations import angular_distance, euler_angles
from cryoloom.engine.projection import project_volume
from cryoloom.engine.refinement import RefinementSettings, refine
from cryoloom.engine.symmetry import point_group
from cryoloom.protocols.checkpoints import packed, unpacked

BOX, PIXEL, DIAMETER, COUNT, EACH = 32, 6.0, 130.0, 240, 20
OPERATORS = point_group("C3").operators
MICROGRAPH = np.arange(COUNT) // EACH
GROUP = MICROGRAPH % 2
FACTORS = 2.0 ** np.where(np.arange(COUNT // EACH) // 2 % 2 == 0, 0.25, -0.25)  # of the deviation
RING = np.rint(np.hypot(np.fft.fftfreq(BOX)[:, None], np.fft.rfftfreq(BOX)) * BOX).astype(int)
SHAPES = np.array([0.4 + 1.6 * np.exp(-np.arange(24) / 12.0), 0.5 + np.arange(24) / 16.0])  # red and blue
HALVES = np.arange(COUNT) % 2 + 1
SETTINGS = RefinementSettings(symmetry="C3", initial_resolution=40.0, seed=4)
NOISE = 3.0  # of the images, root mean square
VIEWS = Rotation.from_euler("ZYZ", [[0, 0, 0], [50, 90, 0], [10, 50, 0]], degrees=True).as_matrix()


@pytest.fixture(scope="module")
def phantom():
    return threefold(5)


def seen(phantom, rotations, seed):
    """Particles, and the power of the noise (g, r) in their transforms."""
    random = np.random.default_rng(seed)
    defocus = random.uniform(1e4, 2.5e4, COUNT)
    transfers = [ContrastTransfer(300.0, 2.7, 0.1, one, one, 0.0) for one in defocus]
    ctfs = np.stack([transfer_image((BOX, BOX), PIXEL, transfer) for transfer in transfers])
    images = project_volume(phantom, euler_angles(rotations), np.zeros((COUNT, 2)), ctfs, pixel_size=PIXEL)
    power = (NOISE * images.std() * BOX) ** 2 * SHAPES
    white = np.fft.rfft2(random.standard_normal(images.shape)) / BOX
    images += np.fft.irfft2(white * FACTORS[MICROGRAPH, None, None] * np.sqrt(power[GROUP][:, RING]), (BOX, BOX))
    groups, none = (GroupOptics(300.0, 2.7, 0.1),) * 2, np.zeros(COUNT)
    optics = ParticleOptics(groups, GROUP, defocus, defocus, none, none, MICROGRAPH)
    return ParticleImages(images.astype(np.float32), optics, PIXEL, DIAMETER), power


def held(particles):
    """The same particles, of micrographs that are not known, so that their factors stay 1."""
    return replace(particles, optics=replace(particles.optics, micrograph=None))


@pytest.fixture(scope="module")
def rotations():
    return Rotation.random(COUNT, np.random.default_rng(6)).as_matrix()


@pytest.fixture(scope="module")
def particles(phantom, rotations):
    return seen(phantom, rotations, 7)


def nearly_found(particles, rotations, phantom):
    """A refinement that has come within two degrees, and knows nothing of groups and micrographs yet."""
    off = Rotation.from_rotvec(np.random.default_rng(8).normal(0.0, 1.2, (COUNT, 3)), degrees=True).as_matrix()
    not_yet = {"iteration": 3, "finished": False, "ending": False, "stalled": 0, "moved": 2.0}
    not_yet |= {"radius": 12, "compared": 12, "best_shell": 11.0}
    return found_state(particles, off @ rotations, np.zeros((COUNT, 2)), np.stack([phantom] * 2), **not_yet)


@pytest.fixture(scope="module")
def refined(particles, rotations, phantom):
    images, _ = particles
    return [
        list(islice(refine(one, HALVES, phantom, SETTINGS, state=nearly_found(one, rotations, phantom)), 2))
        for one in (images, held(images))
    ]


def test_refinement_finds_the_noise_of_groups_and_micrographs_in_each_half(particles, refined):
    power = particles[1]
    for noise in refined[0][-1].noise:
        # 10 particles of 376 coefficients tell a deviation to 0.8 %; their prior of 100 draws 3 % of the way to 1.
        assert noise.scale == pytest.approx(FACTORS, rel=0.04)
        # Rings of 5 to 40 coefficients in 60 particles to 6 to 2 %; where a map is made of few particles it has taken
        # a part of their noise, some hundredths, for its own.
        assert noise.power[:, 2:15] == pytest.approx(power[:, 2:15], rel=0.17)
    for noise in refined[1][-1].noise:
        assert np.array_equal(noise.scale, [1.0, 1.0])


def test_the_map_is_better_than_when_all_micrographs_count_alike(rotations, phantom, refined):
    sphere = soft_sphere(BOX, 0.5 * DIAMETER / PIXEL, 3.0)
    agreed, errors = (
        [
            fourier_shell_correlation(one[-1].combined_map, phantom, pixel_size=PIXEL, mask=sphere).correlation[3:15]
            for one in refined
        ],
        [angular_distance(one[-1].rotations, rotations, OPERATORS) for one in refined],
    )
    # Weights by the power, 1 and 2 in equal parts, raise the signal over the noise by 0.75 · 1.5, an eighth.
    assert agreed[0].mean() > agreed[1].mean()
    # Of single images the order of poses that are compared does not depend on the level of the noise: a tie, within the
    # standard error of a mean of 240.
    assert errors[0].mean() < errors[1].mean() + errors[1].std() / np.sqrt(COUNT)


def test_a_half_tells_its_noise_alone_and_goes_on_from_its_bytes(particles, refined, rotations, phantom):
    images, _ = particles
    states = refined[0]
    back = unpacked(packed(states[0]))
    for one, other in zip(back.noise, states[0].noise, strict=True):
        assert np.array_equal(one.power, other.power)
        assert np.array_equal(one.scale, other.scale)
    changed = images.images.copy()
    changed[HALVES == 2] *= np.where(MICROGRAPH[HALVES == 2] < 5, 1.5, 1.0).astype(np.float32)[:, None, None]
    other = next(refine(replace(images, images=changed), HALVES, phantom, SETTINGS, state=back))
    assert np.array_equal(other.noise[0].scale, states[1].noise[0].scale)
    assert np.array_equal(other.noise[0].power, states[1].noise[0].power)
    # Five of twelve became 1.5 times as strong, less what all have in common: a factor of 1.5 ** (7 / 12) or so.
    assert np.all(other.noise[1].scale[:5] > 1.2 * states[1].noise[1].scale[:5])


def test_2d_classes_find_the_noise_and_go_on_from_their_bytes(phantom):
    random = np.random.default_rng(11)
    view = random.integers(0, 3, COUNT)
    turns = Rotation.from_euler("Z", random.uniform(0, 360, (COUNT, 1)), degrees=True).as_matrix()
    images, power = seen(phantom, turns @ VIEWS[view], 12)
    settings = Classes2DSettings(
        classes=3, mini_batches=8, images_per_class=30, full_passes=10, final_resolution=20.0, shift_radius=12.0, seed=2
    )
    states = list(classify2d(images, settings))
    noise = states[-1].noise
    # Averages of a sixth of the images are damped, and what they do not explain counts as noise of all micrographs
    # alike: factors come nine tenths of the way, spectra some tenths too high where the particle is strongest.
    assert noise.scale == pytest.approx(FACTORS, rel=0.06)
    assert noise.power[:, 2:10] / images.masked_share == pytest.approx(power[:, 2:10], rel=0.35)
    *_, alike = classify2d(held(images), settings)

    def right(state):
        counts = np.zeros((3, 3), int)
        np.add.at(counts, (state.poses.classes, view), 1)
        return counts.max(axis=1).sum()

    assert right(states[-1]) > right(alike) - 0.01 * COUNT  # both all but a few
    *_, again = classify2d(images, settings, state=unpacked(packed(states[-3])))
    for field in fields(noise):
        assert np.array_equal(getattr(again.noise, field.name), getattr(noise, field.name))
    assert np.array_equal(again.averages, states[-1].averages)


def test_ab_initio_finds_the_noise(particles):
    images, power = particles
    settings = AbInitioSettings(
        iterations=24, batch_size=80, initial_resolution=32.0, final_resolution=26.0, shift_radius=6.0, seed=3
    )
    *_, last = ab_initio(images, settings)
    # Of an image there are 56 coefficients, 7 images of a micrograph in a batch, and a map that grows as it goes.
    assert last.noise.scale == pytest.approx(FACTORS, rel=0.1)
    assert last.noise.power[:, 1:6] / images.masked_share == pytest.approx(power[:, 1:6], rel=0.25)
    *_, alike = ab_initio(held(images), settings)
    assert last.log_likelihood > alike.log_likelihood


def test_3d_classes_whiten_every_micrograph(particles, rotations):
    images, _ = particles
    poses = KnownPoses(rotations, np.zeros((COUNT, 2)))
    members = tuple(map(np.flatnonzero, (HALVES == 1, HALVES == 2)))

    def levels(particles):
        known = consensus(particles, poses, members, 12, OPERATORS, threads=1)
        for chosen, half in zip(members, known.halves, strict=True):
            power = (np.abs(half.values) ** 2).mean(axis=1)
            yield np.bincount(MICROGRAPH[chosen], power) / np.bincount(MICROGRAPH[chosen])

    for level in levels(images):
        # Noise of power 1 but for seven nuisances in 200 coefficients of two parts; a micrograph of 10 images is told
        # to 2 %, and the prior of 100 beside 2000 leaves up to 2 %.
        assert level == pytest.approx(np.full(len(FACTORS), 0.97), abs=0.06)
    for level in levels(held(images)):
        assert level.max() > 1.25
        assert level.min() < 0.8
