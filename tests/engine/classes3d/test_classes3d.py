"""A part that is there or not is found, the same by both half sets; particles that are all alike are not believed."""

from dataclasses import fields, replace

import numpy as np
import pytest
from phantoms import blobs
from scipy.spatial.transform import Rotation

from cryoloom.engine.classes3d import (
    Classes3DSettings,
    KnownPoses,
    adjusted_rand_index,
    class_map,
    classify3d,
    matched,
)
from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.likelihood import ParticleImages
from cryoloom.engine.maps import soft_sphere
from cryoloom.engine.optics import ContrastTransfer, GroupOptics, ParticleOptics, transfer_image
from cryoloom.engine.orientations import euler_angles
from cryoloom.engine.projection import project_volume
from cryoloom.errors import ParameterError

BOX, PIXEL, DIAMETER, COUNT = 32, 6.0, 130.0, 400
SETTINGS = Classes3DSettings(resolution=15.0, start_resolution=20.0, start_iterations=10, iterations=10, seed=3)
HALVES = np.arange(COUNT) % 2 + 1
MASK = soft_sphere(BOX, 0.5 * DIAMETER / PIXEL, 3.0)
TURNED, SHIFTED = 1.5, 1.2  # standard deviations of the poses' errors, about each axis in degrees and along each in Å


@pytest.fixture(scope="module")
def phantoms():
    """A body of 20 blobs, and the same without 4 of them that lie together."""
    random = np.random.default_rng(5)
    positions = random.normal(size=(20, 3)) * [4.5, 3.5, 3.0]
    weights = random.uniform(0.7, 1.3, 20)
    stay = np.argsort(np.linalg.norm(positions - positions[np.argmax(positions[:, 0])], axis=1))[4:]
    return blobs(positions, weights, 1.0), blobs(positions[stay], weights[stay], 1.0)


def simulated(phantoms, kinds, seed=6, noise=2.0):
    """Images of phantoms, and their poses with such errors as a refinement leaves."""
    random = np.random.default_rng(seed)
    count = len(kinds)
    true = Rotation.random(count, random)
    shifts = random.normal(0, 5, size=(count, 2))
    transfers = [ContrastTransfer(300.0, 2.7, 0.1, d, d - 300, 30.0) for d in random.uniform(1e4, 2.5e4, count)]
    ctfs = np.stack([transfer_image((BOX, BOX), PIXEL, transfer) for transfer in transfers])
    angles = euler_angles(true.as_matrix())
    both = np.stack([project_volume(one, angles, shifts, ctfs, pixel_size=PIXEL) for one in phantoms])
    images = both[kinds, np.arange(count)]
    images += random.normal(0, noise * images.std(), images.shape).astype(np.float32)
    errors = Rotation.from_rotvec(random.normal(0, TURNED, (count, 3)), degrees=True)
    poses = KnownPoses((errors * true).as_matrix(), shifts + random.normal(0, SHIFTED, shifts.shape))
    return ParticleImages(images, ParticleOptics.of(transfers), PIXEL, DIAMETER), poses


KINDS = (np.random.default_rng(7).random(COUNT) < 0.35).astype(int)  # those of the second kind are fewer


@pytest.fixture(scope="module")
def particles(phantoms):
    return simulated(phantoms, KINDS)


@pytest.fixture(scope="module")
def states(particles):
    return list(classify3d(*particles, HALVES, MASK, SETTINGS, threads=2))


def balanced_accuracy(classes, kinds):
    return np.mean([(classes[kinds == kind] == kind).mean() for kind in (0, 1)])


def test_particles_are_sorted_and_both_halves_agree(states):
    last = states[-1]
    assert last.finished
    assert not any(state.finished for state in states[:-1])
    # The largest class comes first, so classes are numbered as the kinds are.
    assert balanced_accuracy(last.classes, KINDS) > 0.9
    assert balanced_accuracy(last.rivals.argmax(axis=1), KINDS) > 0.9
    assert last.is_reproducible
    assert last.agreement > 0.5
    assert last.posteriors.sum(axis=1) == pytest.approx(1.0)


def test_the_maps_of_the_classes_are_those_of_the_phantoms(particles, phantoms, states):
    for number in range(2):
        made = class_map(*particles, HALVES, states[-1].posteriors[:, number], threads=2)
        correlations = []
        for other in phantoms:
            curve = fourier_shell_correlation(made.combined, other, pixel_size=PIXEL, mask=MASK)
            correlations.append(curve.correlation[1:10].mean())
        assert correlations[number] == max(correlations)
        assert correlations[number] > 0.9
        assert np.corrcoef(made.halves.mean(axis=0).ravel(), made.combined.ravel())[0, 1] > 0.95


def test_particles_that_are_all_alike_are_not_believed(phantoms):
    alike = simulated(phantoms, np.zeros(COUNT, int), seed=8)
    few = replace(SETTINGS, start_iterations=8, iterations=5)
    *_, last = classify3d(*alike, HALVES, MASK, few, threads=2)
    assert last.finished
    assert not last.is_reproducible
    assert abs(last.agreement) < 0.1


def test_it_goes_on_to_the_same_bits(particles):
    short = replace(SETTINGS, start_iterations=2, iterations=2)
    once = list(classify3d(*particles, HALVES, MASK, short, threads=2))
    assert [state.iteration for state in once] == [1, 2, 3, 4]
    for place in (0, 2):
        again = list(classify3d(*particles, HALVES, MASK, short, state=once[place], threads=2))
        assert len(again) == len(once) - place - 1
        for field in fields(again[-1]):
            one, other = getattr(again[-1], field.name), getattr(once[-1], field.name)
            assert np.array_equal(one, other), field.name


def test_other_threads_give_the_same(particles, states):
    first = next(classify3d(*particles, HALVES, MASK, SETTINGS, threads=1))
    assert np.allclose(first.components, states[0].components, atol=1e-4)
    last = list(classify3d(*particles, HALVES, MASK, SETTINGS, state=states[-2], threads=1))[-1]
    assert np.allclose(last.posteriors, states[-1].posteriors, atol=1e-3)


@pytest.mark.full
def test_other_threads_give_the_same_classes_and_maps_at_the_end(particles, states):
    *_, alone = classify3d(*particles, HALVES, MASK, SETTINGS, threads=1)
    assert alone.iteration == states[-1].iteration
    assert np.array_equal(alone.classes, states[-1].classes)
    for number in range(2):
        one, other = (
            class_map(*particles, HALVES, each.posteriors[:, number]).combined.ravel() for each in (alone, states[-1])
        )
        assert np.corrcoef(one, other)[0, 1] > 0.9999


def test_copies_of_a_particle_are_compared_with_maps_in_which_none_of_them_is(particles):
    """Of the same image in the same pose, the same is found, if and only if both are compared with the same maps."""
    images, poses = particles
    rows = np.repeat(np.arange(COUNT // 2), 2)
    twice = (
        replace(images, images=images.images[rows], optics=images.optics[rows]),
        KnownPoses(poses.rotations[rows], poses.shifts[rows]),
        HALVES[rows],
    )
    known = next(classify3d(*twice, MASK, SETTINGS, sources=rows)).components
    assert np.allclose(known[::2], known[1::2], atol=1e-5)
    unknown = next(classify3d(*twice, MASK, SETTINGS)).components
    assert np.abs(unknown[::2] - unknown[1::2]).mean() > 0.1  # of the order of 1
    with pytest.raises(ParameterError, match="at least 120 particles in each half set, and one has 100"):
        next(classify3d(*twice, MASK, Classes3DSettings(classes=10), sources=rows))


def test_optics_groups_with_uneven_magnification_are_taken(particles):
    images, poses = particles
    groups = (*images.optics.groups, GroupOptics(300.0, 2.7, 0.1, magnification=(1.02, 0.0, 0.0, 0.98)))
    optics = replace(images.optics, groups=groups, group=np.arange(COUNT) // 2 % 2)
    state = next(classify3d(replace(images, optics=optics), poses, HALVES, MASK, SETTINGS))
    assert np.isfinite(state.components).all()


def test_what_cannot_be_sorted_is_refused(particles):
    images, poses = particles
    with pytest.raises(ParameterError, match="sorts nothing"):
        Classes3DSettings(classes=1)
    with pytest.raises(ParameterError, match="smaller number"):
        Classes3DSettings(resolution=20.0)
    with pytest.raises(ParameterError, match="at least 240 particles in each half set, and one has 200"):
        next(classify3d(images, poses, HALVES, MASK, Classes3DSettings(classes=20)))
    with pytest.raises(ParameterError, match="resample it"):
        next(classify3d(images, poses, HALVES, MASK[1:, 1:, 1:], SETTINGS))
    with pytest.raises(ParameterError, match="mask is empty"):
        next(classify3d(images, poses, HALVES, 0 * MASK, SETTINGS))
    noise = np.random.default_rng(1).normal(size=images.images.shape).astype(np.float32)
    with pytest.raises(ParameterError, match="refine the particles first"):
        next(classify3d(replace(images, images=noise), poses, HALVES, MASK, SETTINGS))


def test_agreement_of_divisions():
    first = np.array([0, 0, 0, 1, 1, 2])
    assert adjusted_rand_index(first, np.array([2, 2, 2, 0, 0, 1])) == 1.0
    # By Hubert and Arabie: pairs together in both 2, in the first 4, in the second 4; of 15.
    expected = (2 - 4 * 4 / 15) / (4 - 4 * 4 / 15)
    assert adjusted_rand_index(first, np.array([0, 0, 1, 1, 1, 2])) == pytest.approx(expected)
    random = np.random.default_rng(1)
    assert abs(adjusted_rand_index(random.integers(0, 2, 2000), random.integers(0, 2, 2000))) < 0.01
    assert adjusted_rand_index(np.zeros(5, int), np.zeros(5, int)) == 0.0
    assert matched(first, np.array([2, 2, 2, 0, 0, 1]), 3).tolist() == [2, 0, 1]
