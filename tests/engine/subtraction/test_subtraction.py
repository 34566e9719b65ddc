"""What is left of particles is what they would be without the part: made by a simulator that shares no code."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cryoloom.engine.ctf_refinement import Reference, reference_of_halves
from cryoloom.engine.kernels import shift_factors
from cryoloom.engine.likelihood import NoiseSpectrum, ParticleImages
from cryoloom.engine.maps import soft_mask, soft_sphere
from cryoloom.engine.optics import GroupOptics, ParticleOptics
from cryoloom.engine.reconstruction import FourierSums
from cryoloom.engine.subtraction import centre_of_mask, prepare_subtraction, recentre
from cryoloom.errors import InputError, ParameterError

sys.path.insert(0, str(Path(__file__).parents[1] / "ctf_refinement"))

from aberrated_particles import BOX, PIXEL, blobs, make_scene, volume

PART = blobs()[0][:, 0] > 4.0  # Å along x
WIDTH = 1.5  # Å; wider blobs than elsewhere, of which nothing lies beyond Nyquist's frequency
TILT = (0.5, -0.8)


def images_of(scene, images=None, **optics):
    count = len(scene.images)
    columns = (np.array([getattr(one, f"defocus_{name}") for one in scene.transfers]) for name in ("u", "v", "angle"))
    _, _, sine, _, _, cosine = scene.transfers[0].odd_zernike
    group = GroupOptics(300.0, 2.7, 0.1, odd_zernike=(0.0, 0.0, sine, 0.0, 0.0, cosine), **optics)
    together = ParticleOptics((group,), np.zeros(count, int), *columns, np.zeros(count))
    return ParticleImages(scene.images if images is None else images, together, PIXEL, BOX * PIXEL)


def left_of(scene, images, *, map_=None, part=None, **more):
    whole = volume(width=WIDTH) if map_ is None else map_
    part = volume(chosen=PART, width=WIDTH) if part is None else part
    zero = np.zeros(len(scene.images), int)
    work = prepare_subtraction(images, scene.rotations, scene.shifts, zero, Reference((whole,)), [part], **more)
    return np.concatenate(list(work.images()))


def pair(**settings):
    """The same particles with and without the part, free of noise."""
    return (
        make_scene(micrographs=2, each=10, noise=0.0, chosen=chosen, width=WIDTH, **settings)
        for chosen in (slice(None), ~PART)
    )


@pytest.mark.parametrize("kind", ["plain", "aberrated", "magnified"])
def test_what_is_left_is_the_particle_without_the_part(kind):
    distortion = np.array([[1.010, 0.004], [-0.002, 0.994]])
    made, known = {
        "plain": ({}, {}),
        "aberrated": (
            {"beam_tilt": TILT, "threefold_astigmatism": 9000.0, "threefold_angle": 20.0},
            {"beam_tilt": TILT},
        ),
        "magnified": ({"magnification": distortion}, {"magnification": tuple(distortion.ravel())}),
    }[kind]
    whole, rest = pair(**made)
    left = left_of(whole, images_of(whole, **known))
    removed = whole.images - rest.images
    # Linear interpolation in a transform that is padded twofold is off by about 1 %.
    assert np.sqrt(((left - rest.images) ** 2).mean() / (removed**2).mean()) < 0.02


def test_a_map_on_another_grey_scale_serves_as_well():
    whole, rest = pair()
    left = left_of(whole, images_of(whole), map_=3.0 * volume(width=WIDTH), part=3.0 * volume(chosen=PART, width=WIDTH))
    assert np.sqrt(((left - rest.images) ** 2).mean() / ((whole.images - rest.images) ** 2).mean()) < 0.02


def test_strong_particles_lose_more():
    whole, rest = pair()
    strength = np.random.default_rng(1).uniform(0.7, 1.3, len(whole.images))
    factor = strength[:, None, None].astype(np.float32)
    left = left_of(whole, images_of(whole, factor * whole.images), strength=strength)
    removed = factor * (whole.images - rest.images)
    assert np.sqrt(((left - factor * rest.images) ** 2).mean() / (removed**2).mean()) < 0.02


def test_noise_stays_as_it_is():
    whole, rest = pair()
    noise = np.random.default_rng(2).normal(0, 5 * whole.images.std(), whole.images.shape).astype(np.float32)
    left = left_of(whole, images_of(whole, whole.images + noise)) - noise
    removed = whole.images - rest.images
    assert np.sqrt(((left - rest.images) ** 2).mean() / (removed**2).mean()) < 0.5  # 20 particles tell the scale
    assert np.corrcoef((left - whole.images).ravel(), -removed.ravel())[0, 1] > 0.9


def half_maps(scene, images):
    """Reconstructed from the particles of each half set, in their true poses."""
    for half in (1, 2):
        chosen, sums = np.flatnonzero(scene.half_sets == half), FourierSums(BOX // 2)
        seen = images.observe(chosen, BOX // 2, NoiseSpectrum(np.ones(BOX)))
        centring = shift_factors(seen.frequencies, scene.shifts[chosen] / PIXEL, BOX)
        sums.insert(seen.whole * centring * seen.transfer, seen.transfer**2, scene.rotations[chosen], seen.frequencies)
        yield sums.map(BOX)


def spectrum(images):
    """Power by ring, (32,)."""
    power = (np.abs(np.fft.rfft2(images)) ** 2).mean(axis=0)
    ring = np.rint(np.hypot(np.fft.fftfreq(BOX)[:, None], np.fft.rfftfreq(BOX)) * BOX).astype(int)
    return np.bincount(ring.ravel(), power.ravel())[:32]


def test_half_maps_made_of_the_particles_take_away_what_they_know_and_no_noise():
    """A map of correlation F takes F of a signal away, whether or not the particle is in it."""
    whole = make_scene(micrographs=4, each=100, noise=0.0, width=WIDTH)
    noise = np.random.default_rng(5).normal(0, 10 * whole.images.std(), whole.images.shape).astype(np.float32)
    images = images_of(whole, whole.images + noise)
    truth = volume(width=WIDTH)
    mask, goes = (
        soft_mask(volume(width=WIDTH, chosen=chosen) > 0.03, extension=extension, edge=2 + extension)
        for chosen, extension in ((slice(None), 1.0), (PART, 0.0))
    )
    reference = reference_of_halves(*half_maps(whole, images), pixel_size=PIXEL, copies=1, mask=mask)
    half, everyone = whole.half_sets - 1, np.arange(len(noise))
    poses, parts = (whole.rotations, whole.shifts), [goes * one for one in reference.maps]
    work = prepare_subtraction(images, *poses, half, reference, parts)
    apart = prepare_subtraction(images, *poses, 1 - half, replace(reference, noise_share=None), parts)
    exact = prepare_subtraction(images_of(whole), *poses, 0 * half, Reference((truth,)), [goes * truth])
    expected = exact.contribution(everyone)
    wrong, independent = (each.contribution(everyone) - expected for each in (work, apart))
    frequency, share = reference.noise_share.T
    known = np.where(frequency * reference.resolution <= 1, 1 / (1 + share), 0.0)[:32]
    compared = work.comparison.scale[0][:, 1:].mean(axis=0)
    assert len(compared) == int(BOX * PIXEL / reference.resolution)
    # 400 noisy particles tell the scale of a ring to 5 to 10 %.
    assert np.average(compared, weights=known[1 : len(compared) + 1]) == pytest.approx(1.0, abs=0.1)
    # The other half map holds nothing of the particle: the same error, but for that of the scale.
    assert (wrong**2).sum() < 1.1 * (independent**2).sum()
    power = spectrum(expected)
    assert spectrum(wrong).sum() < power @ (1 - known)
    # An image is one of 200 in its half map, and the part covers a tenth of it.
    assert abs((wrong * noise).sum() / (noise**2).sum()) < 1 / 2000


def test_results_do_not_depend_on_threads():
    whole, _ = pair()
    assert np.array_equal(left_of(whole, images_of(whole)), left_of(whole, images_of(whole), threads=2))


def test_a_map_of_another_particle_is_refused():
    whole, _ = pair()
    with pytest.raises(InputError, match="do not resemble"):
        left_of(whole, images_of(whole), map_=-volume(width=WIDTH))


def test_recentred_particles_have_the_part_in_their_middle():
    """A lone blob comes to within half a pixel of the centre, and the shift that is left says where it is."""
    lone = np.arange(len(PART)) == int(np.argmax(blobs()[0][:, 1]))
    scene = make_scene(micrographs=1, each=6, noise=0.0, chosen=lone)
    (centre,) = blobs()[0][lone]
    moved = recentre(scene.rotations, scene.shifts, centre, pixel_size=PIXEL)
    assert np.abs(moved.shifts).max() <= 0.5 * PIXEL + 1e-9
    assert np.abs(moved.moved).max() > 3
    placed = moved.images(scene.images, slice(0, 6))
    # Squares, since the CTF makes rings of both signs about a point.
    axis = np.arange(BOX) - BOX // 2
    near = np.hypot(axis[:, None], axis) < 12
    for image, shift in zip((placed * near) ** 2, moved.shifts, strict=True):
        x, y = (float((image.sum(axis=axis_) @ axis) / image.sum()) * PIXEL for axis_ in (0, 1))
        assert (x, y) == pytest.approx(-shift, abs=0.6)


def test_particles_that_are_magnified_unevenly_are_recentred_where_their_part_is_seen():
    """Of images that are a fifth larger a part lies a fifth farther out.

    Where it is seen, an image filtered by its own transfer function is brightest: all waves of the blob meet there.
    """
    lone = np.arange(len(PART)) == int(np.argmax(blobs()[0][:, 1]))
    distortion = np.array([[1.2, 0.05], [0.0, 0.88]])
    scene = make_scene(micrographs=1, each=6, noise=0.0, chosen=lone, magnification=distortion)
    optics = images_of(scene, magnification=tuple(distortion.ravel())).optics
    (centre,) = blobs()[0][lone]
    matrices = optics.slicing_matrices(scene.rotations, np.arange(6))
    moved = recentre(matrices, scene.shifts, centre, pixel_size=PIXEL)
    ky, kx = np.fft.fftfreq(BOX, PIXEL), np.fft.rfftfreq(BOX, PIXEL)
    grid = np.stack(np.meshgrid(kx, ky), axis=-1).reshape(-1, 2)
    waves = np.fft.rfft2(np.fft.ifftshift(moved.images(scene.images, slice(0, 6)), axes=(1, 2))).reshape(6, -1)
    finer = 8
    fine = np.zeros((6, BOX * finer, BOX * finer // 2 + 1), np.complex64)
    rows = np.rint(np.fft.fftfreq(BOX) * BOX).astype(int)
    fine[:, rows, : BOX // 2 + 1] = (waves * optics.transfer(grid)).reshape(6, BOX, -1)
    bright = np.fft.irfft2(fine, s=(BOX * finer, BOX * finer))
    for image, shift in zip(bright, moved.shifts, strict=True):
        y, x = np.unravel_index(image.argmax(), image.shape)
        seen = [(each + BOX * finer // 2) % (BOX * finer) - BOX * finer // 2 for each in (x, y)]
        # Within the half pixel that whole pixels leave, and an eighth of a pixel of this search.
        assert np.array(seen) * PIXEL / finer == pytest.approx(-shift, abs=PIXEL / finer)
    assert np.abs((matrices - scene.rotations) @ centre).max() > PIXEL  # without magnification it would be missed


def test_the_centre_of_a_mask_is_its_centre_of_gravity():
    mask = np.roll(soft_sphere(32, 5.0, 3.0), (2, -3, 4), axis=(0, 1, 2))
    assert centre_of_mask(mask, pixel_size=1.5) == pytest.approx((6.0, -4.5, 3.0), abs=1e-3)
    with pytest.raises(ParameterError, match="empty"):
        centre_of_mask(np.zeros((8, 8, 8)), pixel_size=1.0)
