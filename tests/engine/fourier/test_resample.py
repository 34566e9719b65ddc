"""Images on another grid are the same images: against Fourier cropping, an analytic particle, and white noise."""

import numpy as np
import pytest

from cryoloom.engine.fourier import resample_images, resize_image


def blob(box: int, pixel_size: float) -> np.ndarray:
    """A Gaussian of 12 Å about (6, -10) Å from the rotation centre."""
    y, x = (np.mgrid[:box, :box] - box // 2) * pixel_size
    return np.exp(-((x - 6.0) ** 2 + (y + 10.0) ** 2) / (2 * 12.0**2)).astype(np.float32)


@pytest.mark.parametrize(("box", "pixel_size"), [(64, 3.0), (96, 2.0), (80, 1.7), (101, 2.3), (48, 2.6)])
def test_a_particle_stays_where_it_is(box, pixel_size):
    made = resample_images(blob(96, 2.0)[None], 2.0, box, pixel_size)[0]
    assert made == pytest.approx(blob(box, pixel_size) * (pixel_size / 2.0), abs=1e-4)


def test_it_is_cropping_in_fourier_space_where_that_can_be_done():
    images = np.random.default_rng(1).normal(size=(3, 96, 96)).astype(np.float32)
    ours, cropped = resample_images(images, 2.0, 64, 3.0), 1.5 * resize_image(images, (64, 64))
    difference = np.fft.rfft2(ours - cropped)
    difference[:, 32, :] = difference[:, :, 32] = 0.0  # the Nyquist frequency itself stands for two
    assert np.abs(difference).max() < 1e-3


@pytest.mark.parametrize(("box", "pixel_size"), [(64, 3.0), (60, 2.3)])
def test_normalised_noise_stays_normalised(box, pixel_size):
    noise = np.random.default_rng(2).normal(size=(40, 96, 96)).astype(np.float32)
    made = resample_images(noise, 2.0, box, pixel_size)
    inner = made[:, box // 4 : -box // 4, box // 4 : -box // 4]
    assert inner.std() == pytest.approx(1.0, abs=0.02)  # of some 10⁴ independent pixels
