"""What is compared is the image's own transform, centred, whitened and masked; optics are those of one by one."""

from dataclasses import replace

import numpy as np
import pytest

from cryoloom.engine.likelihood import NoiseSpectrum, ParticleImages, ResidualPower, fourier_disc, ring_of
from cryoloom.engine.optics import ContrastTransfer, ParticleOptics, transfer_function
from cryoloom.errors import ParameterError

BOX, PIXEL = 32, 3.0


@pytest.fixture(scope="module")
def transfers():
    random = np.random.default_rng(1)
    return [
        ContrastTransfer(300.0, 2.7, 0.1, u, u - astigmatism, angle, phase_shift=phase)
        for u, astigmatism, angle, phase in random.uniform([5e3, 0, 0, 0], [3e4, 1e3, 180, 120], size=(6, 4))
    ]


def noise_of(power):
    return NoiseSpectrum(np.full(BOX, float(power)))


@pytest.fixture(scope="module")
def particles(transfers):
    images = np.random.default_rng(2).normal(2.0, 3.0, size=(6, BOX, BOX)).astype(np.float32)
    return ParticleImages(images, ParticleOptics.of(transfers), PIXEL, 60.0)


def test_a_disc_lists_one_of_each_two_mates():
    listed = {tuple(one) for one in fourier_disc(9).astype(int)}
    x, y = np.meshgrid(np.arange(-9, 10), np.arange(-9, 10))
    inside = {(a, b) for a, b in zip(x.ravel(), y.ravel(), strict=True) if 0 < a**2 + b**2 < 81}
    assert listed | {(-a, -b) for a, b in listed} == inside
    assert 2 * len(listed) == len(inside)


def test_optics_of_many_are_those_of_each(transfers):
    frequencies = fourier_disc(12) / (BOX * PIXEL)
    together = ParticleOptics.of(transfers).transfer(frequencies)
    each = [transfer_function(frequencies[:, 1], frequencies[:, 0], one) for one in transfers]
    assert together == pytest.approx(np.stack(each), abs=2e-4)  # single precision of phases up to some hundred radians


def test_the_noise_of_white_images_is_white_and_whitened_to_one(particles):
    noise = NoiseSpectrum.of_images(particles.images - 2.0)
    assert noise.power[1 : BOX // 2].mean() == pytest.approx(9.0 * BOX**2, rel=0.1)
    whole = particles.observe(np.arange(6), 15, noise).whole
    assert (np.abs(whole) ** 2).mean() == pytest.approx(1.0, rel=0.05)


def test_offsets_move_the_particle_to_the_centre(particles):
    noise = NoiseSpectrum(np.ones(BOX))
    offsets = np.array([(3, -4)] * 6)
    moved = particles.observe(np.arange(6), 10, noise, offsets=offsets)
    still = particles.observe(np.arange(6), 10, noise)
    phases = np.exp(2j * np.pi * (moved.frequencies @ [3.0, -4.0]) / BOX)
    assert moved.whole == pytest.approx(still.whole * phases, abs=0.05)
    assert np.abs(moved.masked - still.masked * phases).max() > 1.0  # another background was masked away


def test_a_residual_renews_the_noise_where_something_was_compared(particles):
    residual = ResidualPower(particles.optics, 4)
    squares = np.tile(np.array([0.5, 2.0, 2.0], np.float32), (6, 1))
    residual.add(squares, np.array([1, 2, 2]), particles.optics)
    noise = NoiseSpectrum(np.full((1, 8), 4.0)).updated(residual, share=0.5)
    assert noise.power[0] == pytest.approx([4.0, 3.0, 6.0, 4.0, 4.0, 4.0, 4.0, 4.0])
    ring = ring_of(np.array([[2.0, 0.0]], np.float32))
    assert noise.deviation(ring, particles.optics) == pytest.approx(np.full((6, 1), 6**0.5))


def test_groups_have_noise_of_their_own(particles):
    optics = replace(particles.optics, groups=particles.optics.groups * 2, group=np.array([0, 1, 1, 0, 0, 1]))
    grouped = replace(particles, optics=optics)
    noise = NoiseSpectrum(np.stack([np.full(BOX, 4.0), np.full(BOX, 16.0)]))
    seen, plain = (
        one.observe(np.arange(6), 15, spectrum) for one, spectrum in ((grouped, noise), (particles, noise_of(4.0)))
    )
    for name in ("masked", "whole", "transfer"):
        ratio = getattr(plain, name)[:, :50] / getattr(seen, name)[:, :50]
        assert ratio == pytest.approx(np.array([1, 2, 2, 1, 1, 2])[:, None].repeat(50, axis=1), rel=1e-5)


def test_masks_leave_their_share_of_white_noise(particles):
    images = np.random.default_rng(3).normal(size=(200, BOX, BOX)).astype(np.float32)
    optics = particles.optics[np.zeros(200, int)]
    seen = ParticleImages(images, optics, PIXEL, 60.0).observe(np.arange(200), 15, noise_of(BOX**2))
    share = (np.abs(seen.masked) ** 2).mean() / (np.abs(seen.whole) ** 2).mean()
    assert share == pytest.approx(particles.masked_share, rel=0.03)


def test_what_does_not_fit_is_refused(particles, transfers):
    with pytest.raises(ParameterError, match="CTFs of 6"):
        ParticleImages(particles.images[:5], particles.optics, PIXEL, 60.0)
    with pytest.raises(ParameterError, match="diameter"):
        ParticleImages(particles.images, particles.optics, PIXEL, 100.0)
    with pytest.raises(ParameterError, match="squares"):
        ParticleImages(particles.images[0], particles.optics, PIXEL, 60.0)
