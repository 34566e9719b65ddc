"""Images that were magnified unevenly are compared, and classified, as if they had not been."""

from dataclasses import replace

import numpy as np
import pytest
from distorted_particles import BOX, DIAMETER, EVEN, PIXEL, images_of, optics_of, specimen
from scipy.spatial.transform import Rotation

from cryoloom.engine.abinitio import AbInitioSettings, ab_initio
from cryoloom.engine.classes2d import Classes2DSettings, classify2d
from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.likelihood import NoiseSpectrum, ParticleImages
from cryoloom.engine.maps import soft_sphere

COUNT = 60
# So uneven that what is at the rim of the specimen moves by more than half a pixel.
UNEVEN = replace(EVEN, magnification=(1.05, 0.01, 0.01, 0.95))
MATRIX = np.reshape(UNEVEN.magnification, (2, 2))
FLAT = NoiseSpectrum(np.ones(BOX))


def particles(group, rotations, shifts=0.0, *, noise=0.0):
    """Shifts, in Å, are told where the magnification is even."""
    count = len(rotations)
    shifts = np.broadcast_to(shifts, (count, 2)) @ np.reshape(group.magnification, (2, 2))
    optics = optics_of(count, group)
    return ParticleImages(images_of(rotations, shifts, optics, noise=noise), optics, PIXEL, DIAMETER)


def relative_difference(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@pytest.fixture(scope="module")
def rotations():
    return Rotation.random(COUNT, np.random.default_rng(3)).as_matrix()


def test_images_are_read_as_an_even_magnification_would_have_made_them(rotations):
    shift = np.array([7.0, -4.0])
    even, uneven = particles(EVEN, rotations, shift), particles(UNEVEN, rotations, shift)
    chosen = np.arange(COUNT)
    expected = even.observe(chosen, 14, FLAT)
    found = uneven.observe(chosen, 14, FLAT, undistorted=True)
    # Linear interpolation on a grid twice as fine, and rings of the CTF that reach the edge of the box.
    assert relative_difference(found.whole, expected.whole) < 0.03
    assert relative_difference(found.masked, expected.masked) < 0.03
    assert relative_difference(uneven.observe(chosen, 14, FLAT).whole, expected.whole) > 0.2
    assert found.transfer == pytest.approx(expected.transfer, abs=1e-6)
    assert np.array_equal(found.frequencies, expected.frequencies)
    places = uneven.optics.in_images(np.tile(shift, (COUNT, 1)), chosen)
    assert places == pytest.approx(np.tile(shift @ MATRIX, (COUNT, 1)))


def test_groups_keep_their_own(rotations):
    even, uneven = particles(EVEN, rotations), particles(UNEVEN, rotations)
    group = np.arange(COUNT) % 2
    mixed = replace(
        even,
        images=np.where(group[:, None, None] == 1, uneven.images, even.images),
        optics=replace(even.optics, groups=(EVEN, UNEVEN), group=group),
    )
    found = mixed.observe(np.arange(COUNT), 12, FLAT, undistorted=True)
    assert np.array_equal(found.whole[group == 0], even.observe(np.arange(COUNT), 12, FLAT).whole[group == 0])
    of_uneven = uneven.observe(np.arange(COUNT), 12, FLAT, undistorted=True).whole
    assert found.whole[group == 1] == pytest.approx(of_uneven[group == 1], abs=1e-4 * float(np.abs(of_uneven).max()))


def test_nothing_is_claimed_beyond_nyquist(rotations):
    """The image holds x up to 16 Fourier pixels, which are 16 · 0.95 of the specimen along y."""
    found = particles(UNEVEN, rotations[:3]).observe(np.arange(3), 16, FLAT, undistorted=True)
    along_y = (found.frequencies[:, 0] == 0) & (found.frequencies[:, 1] == 15)
    along_x = (found.frequencies[:, 0] == 15) & (found.frequencies[:, 1] == 0)
    assert found.transfer[:, along_x].all()
    beyond = np.hypot(*(found.frequencies @ np.linalg.inv(MATRIX).T).T) >= 16
    assert beyond.any()
    assert not along_y[beyond].any()
    assert not found.transfer[:, beyond].any()
    assert not found.whole[:, beyond].any()


def test_a_first_map_is_as_right_as_without_distortion(rotations):
    """One iteration from the truth, with the same noise and the same random grid."""
    settings = AbInitioSettings(iterations=30, batch_size=COUNT, final_resolution=14.0, shift_radius=6.0)
    sphere, curves = soft_sphere(BOX, 0.5 * DIAMETER / PIXEL, 3.0), []
    for group in (EVEN, UNEVEN):
        given = particles(group, rotations, noise=0.5)
        start = next(ab_initio(given, settings))
        known = replace(start, iteration=29, maps=specimen()[None])
        last = next(ab_initio(given, settings, state=known))
        curves.append(fourier_shell_correlation(last.maps[0], specimen(), pixel_size=PIXEL, mask=sphere).correlation)
    # Up to 15 Å; with the images as they are 0.04 is lost there.
    assert np.abs(np.subtract(*curves)[1:13]).max() < 0.015


def test_averages_are_those_of_an_even_magnification(rotations):
    random = np.random.default_rng(4)
    turns = Rotation.from_euler("z", random.uniform(0, 360, (2 * COUNT, 1)), degrees=True).as_matrix()
    views = turns @ rotations[0]
    shifts = random.normal(0, 5.0, (2 * COUNT, 2))
    settings = Classes2DSettings(
        classes=1,
        mini_batches=4,
        images_per_class=COUNT,
        full_passes=3,
        final_resolution=14.0,
        shift_radius=18.0,
        seed=2,
    )
    averages = []
    for group in (EVEN, UNEVEN):
        *_, last = classify2d(particles(group, views, shifts, noise=0.5), settings, threads=2)
        averages.append(last.averages[0].ravel())
    # From the same noise and turns. With the images as they are, it is another average, alike by 0.5.
    assert np.corrcoef(*averages)[0, 1] > 0.99
