"""The picture of a fit."""

import numpy as np
import pytest

from cryoloom.engine.ctf import CTFSettings, draw_ctf_fit, estimate_ctf

from ._scene import Scene, expose

SIZE = 400


@pytest.fixture(scope="module")
def fit():
    scene = Scene(defocus_u=16_000, defocus_v=13_000, defocus_angle=40, scattering=0.6, b_factor=60)
    return estimate_ctf(
        expose(scene, 1),
        pixel_size=scene.pixel_size,
        voltage=300,
        spherical_aberration=2.7,
        amplitude_contrast=0.07,
        settings=CTFSettings(),
    )


@pytest.fixture(scope="module")
def picture(fit):
    return draw_ctf_fit(fit, SIZE)


def test_picture_is_rgb_of_the_size_asked_for(picture):
    assert picture.shape == (SIZE, SIZE, 3)
    assert picture.dtype == np.uint8


def test_the_measured_half_shows_the_rings_of_the_fit_where_they_are(picture):
    """The fit, drawn lower right, is the upper left turned by 180°; the average, upper right, the lower left."""
    grey = picture[..., 0].astype(float)
    half = SIZE // 2
    measured_upper, measured_lower = grey[:half, :half], grey[half:, :half]
    average, fitted = grey[:half, half:], grey[half:, half:]
    y, x = np.mgrid[:half, :half] + 0.5
    radius = np.hypot(y, x)  # from the middle, for the lower right quadrant
    rings = (radius > 0.15 * half) & (radius < 0.7 * half)
    same = np.corrcoef(measured_upper[::-1, ::-1][rings], fitted[rings])[0, 1]
    mirrored = np.corrcoef(measured_lower[:, ::-1][rings], fitted[rings])[0, 1]
    assert same > 0.3  # a single pixel of a spectrum of noise is itself mostly noise
    assert same > mirrored + 0.2  # the rings are elliptic, so that a mirror image does not fit
    assert np.corrcoef(average[::-1, ::-1][:, ::-1][rings], measured_lower[:, ::-1][rings])[0, 1] > 0.3


def test_a_circle_marks_the_fit_resolution(picture, fit):
    colours = picture.astype(int)
    coloured = np.argwhere(colours[..., 0] > colours[..., 2] + 50)
    radius = np.hypot(*(coloured - (SIZE - 1) / 2).T)
    assert radius.std() < 1.0
    edge = max(1 / 4.0, 1.3 / fit.fit_resolution)
    edge = min(edge, (fit.spectrum.shape[1] - 1) / fit.spectrum_extent)
    assert radius.mean() * 2 * edge / SIZE == pytest.approx(1 / fit.fit_resolution, rel=0.01)
