"""Moving frames back and adding them, against transforms and splines that do it one frame at a time."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from cryoloom.engine.fourier import forward_transform, inverse_transform, radial_frequency, resize_image, shift_phases
from cryoloom.engine.motion import (
    DetectorFrames,
    Exposure,
    LocalModel,
    Motion,
    dose_weights,
    sum_aligned,
)
from cryoloom.errors import ParameterError

SHAPE = (150, 182)


@pytest.fixture
def random():
    return np.random.default_rng(77)


@pytest.fixture
def frames(random):
    raw = random.poisson(20.0, (7, *SHAPE)).astype(np.uint8)
    return DetectorFrames.of(raw, random.normal(1.0, 0.05, SHAPE).astype(np.float32))


@pytest.fixture
def drift(random):
    motion = np.cumsum(random.normal(0, 1.0, (7, 2)), axis=0)
    return motion - motion[0]


def ring_correlation(first, second, edge=16):
    """Correlation of two images in rings of a fortieth of the Nyquist frequency, without their borders."""
    inside = np.s_[edge:-edge, edge:-edge]
    a, b = (forward_transform(image[inside] - image[inside].mean()) for image in (first, second))
    ring = (radial_frequency(first[inside].shape) / 0.5 * 40).astype(int).ravel()

    def total(values):
        return np.bincount(ring, values.ravel().astype(np.float64))[:40]

    return total((a * b.conj()).real) / np.sqrt(total(np.abs(a) ** 2) * total(np.abs(b) ** 2))


def shifted_exactly(frames, shifts):
    """Sum of frames, each moved by its shift (x, y) in Fourier space."""
    total = np.zeros(frames.shape, np.float64)
    for raw, (x, y) in zip(frames.raw, shifts, strict=True):
        phase_y, phase_x = shift_phases(frames.shape, (y, x))
        total += inverse_transform(forward_transform(raw * frames.gain) * phase_y * phase_x, frames.shape)
    return total


def test_frames_that_do_not_move_add_up_exactly(frames):
    expected = (frames.raw * frames.gain).sum(axis=0)
    summed = sum_aligned(frames, Motion(np.zeros((7, 2))), pixel_size=1.0)
    np.testing.assert_allclose(summed.plain, expected, rtol=2e-4)
    assert summed.dose_weighted is None


def test_whole_pixels_roll_the_frames_with_the_sign_of_the_shift(frames):
    shifts = np.array([[0, 0], [3, -2], [-1, 4], [5, 5], [0, -6], [-3, 0], [2, 1]], float)
    rolled = [
        np.roll(raw * frames.gain, (int(y), int(x)), axis=(0, 1))
        for raw, (x, y) in zip(frames.raw, shifts, strict=True)
    ]
    summed = sum_aligned(frames, Motion(shifts), pixel_size=1.0).plain
    np.testing.assert_allclose(summed, np.sum(rolled, axis=0), rtol=2e-4)


def test_fractions_of_pixels_agree_with_exact_shifts_in_every_ring(frames, drift):
    summed = sum_aligned(frames, Motion(drift), pixel_size=1.0).plain
    correlation = ring_correlation(summed, shifted_exactly(frames, drift))
    # 40 rings to the Nyquist frequency: the spline of degree seven keeps 0.999 to 0.4 cycles a pixel and 0.98 to 0.45
    assert correlation[1:32].min() > 0.998
    assert correlation[1:36].min() > 0.97


def test_a_field_that_differs_from_place_to_place_is_followed(random):
    texture = gaussian_filter(random.standard_normal((7, *SHAPE)), (0, 3.0, 3.0)) + 5.0
    frames = DetectorFrames.of(texture.astype(np.float32))
    time, terms = np.array([0.3, -0.05, 0.003]), random.normal(0, 0.4, (2, 10))
    motion = Motion(random.normal(0, 2.0, (7, 2)), LocalModel(terms[:, :, None] * time))
    y, x = np.indices(SHAPE)
    shifts = motion.shifts_at(np.stack([x.ravel(), y.ravel()], axis=1), SHAPE).reshape(7, *SHAPE, 2)
    expected = sum(
        map_coordinates(frame, [y - shift[..., 1], x - shift[..., 0]], order=5, mode="mirror")
        for frame, shift in zip(texture, shifts, strict=True)
    )
    summed = sum_aligned(frames, motion, pixel_size=1.0).plain
    inside = np.s_[20:-20, 20:-20]
    assert np.abs(shifts[:, :, 0] - shifts[:, :, -1]).max() > 0.2  # it does differ
    # groups of pixels move as one to within 0.03 px; the texture changes by up to 0.1 a pixel
    np.testing.assert_allclose(summed[inside], expected[inside], atol=7 * 0.03 * 0.1)


@pytest.mark.parametrize("voltage", [200.0, 300.0])
def test_dose_weighting_agrees_with_weighting_every_frame(frames, drift, voltage):
    pixel_size, exposure = 1.2, Exposure(dose_per_frame=3.0, voltage=voltage, pre_exposure=1.5)
    summed = sum_aligned(frames, Motion(drift), pixel_size=pixel_size, exposure=exposure)
    frequency = radial_frequency(SHAPE, pixel_size).astype(np.float64)
    weights = dose_weights(frequency.ravel(), frames=7, dose_per_frame=3.0, voltage=voltage, pre_exposure=1.5).reshape(
        7, *frequency.shape
    )
    total = np.zeros(frequency.shape, np.complex128)
    for index in range(7):
        alone = DetectorFrames.of(frames.raw[index : index + 1], frames.gain)
        # a movie of one frame, moved as this one is
        moved = sum_aligned(alone, Motion(drift[index : index + 1]), pixel_size=pixel_size).plain
        total += weights[index] * forward_transform(moved)
    total *= np.sqrt(7 / (weights**2).sum(axis=0))
    expected = inverse_transform(total.astype(np.complex64), SHAPE)
    scatter = expected.std()
    np.testing.assert_allclose(summed.dose_weighted, expected, atol=5e-3 * scatter)
    assert np.abs(summed.plain - expected).max() > 0.5 * scatter


def test_the_plain_sum_does_not_depend_on_the_dose(frames, drift):
    alone = sum_aligned(frames, Motion(drift), pixel_size=1.0).plain
    beside = sum_aligned(frames, Motion(drift), pixel_size=1.0, exposure=Exposure(2.0, 300.0)).plain
    np.testing.assert_allclose(beside, alone, rtol=1e-5)


def test_both_sums_have_the_same_mean_and_noise(frames, drift):
    summed = sum_aligned(frames, Motion(drift), pixel_size=1.0, exposure=Exposure(2.0, 300.0))
    assert summed.plain.mean() == pytest.approx(7 * 20.0, rel=0.01)
    assert summed.dose_weighted.mean() == pytest.approx(summed.plain.mean(), rel=1e-4)
    assert summed.dose_weighted.std() == pytest.approx(summed.plain.std(), rel=0.05)


@pytest.mark.parametrize(("binning", "shape"), [(2.0, (76, 92)), (1.5, (100, 122))])
def test_binning_crops_in_fourier_space(frames, drift, binning, shape):
    whole = sum_aligned(frames, Motion(drift), pixel_size=1.0).plain
    binned = sum_aligned(frames, Motion(drift), pixel_size=1.0, binning=binning).plain
    assert binned.shape == shape
    np.testing.assert_allclose(binned, resize_image(whole, shape), rtol=1e-4)


def test_threads_change_no_bit(frames, drift):
    one, two = (
        sum_aligned(frames, Motion(drift), pixel_size=1.0, exposure=Exposure(1.0, 300.0), threads=threads)
        for threads in (1, 2)
    )
    assert np.array_equal(one.plain, two.plain)
    assert np.array_equal(one.dose_weighted, two.dose_weighted)


def test_what_does_not_fit_is_refused(frames):
    with pytest.raises(ParameterError, match="motion has 3 frames, the movie 7"):
        sum_aligned(frames, Motion(np.zeros((3, 2))), pixel_size=1.0)
    with pytest.raises(ParameterError, match=r"Binning by 0\.5"):
        sum_aligned(frames, Motion(np.zeros((7, 2))), pixel_size=1.0, binning=0.5)
