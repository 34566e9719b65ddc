"""Half transforms against NumPy in double precision and against SciPy's resampling."""

import numpy as np
import pytest
import scipy.signal

from cryoloom.engine.fourier import (
    forward_transform,
    frequency_axes,
    good_even_size,
    good_even_size_below,
    half_shape,
    inverse_transform,
    radial_frequency,
    resize_image,
    resize_transform,
    shift_phases,
)
from cryoloom.errors import ParameterError

SINGLE = 2e-6  # a few units in the last place of single precision, for values of order one


@pytest.fixture
def random():
    return np.random.default_rng(20240101)


@pytest.mark.parametrize("shape", [(12, 15), (7, 8), (6, 5, 9)])
def test_forward_agrees_with_numpy_and_inverse_undoes_it(random, shape):
    array = random.standard_normal((2, *shape))
    transform = forward_transform(array, dimensions=len(shape))
    assert transform.dtype == np.complex64
    assert transform.shape == (2, *half_shape(shape))
    expected = np.fft.rfftn(array, axes=range(1, array.ndim))
    np.testing.assert_allclose(transform, expected, atol=SINGLE * np.sqrt(array.size) * 10)
    back = inverse_transform(transform, shape)
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, array, atol=SINGLE)


@pytest.mark.parametrize("shape", [(123, 155), (128, 130)])
def test_the_number_of_threads_changes_no_bit(random, shape):
    array = random.standard_normal(shape).astype(np.float32)
    one, two = (forward_transform(array, threads=threads) for threads in (1, 2))
    assert np.array_equal(one, two)
    assert np.array_equal(inverse_transform(one, shape, threads=1), inverse_transform(two, shape, threads=2))


def test_integers_are_transformed_in_single_precision():
    assert forward_transform(np.ones((4, 4), np.uint8)).dtype == np.complex64


def test_frequencies_are_in_inverse_angstrom():
    k_y, k_x = frequency_axes((4, 6), pixel_size=2.0)
    np.testing.assert_allclose(k_y[:, 0], [0, 0.125, -0.25, -0.125])
    np.testing.assert_allclose(k_x[0], np.array([0, 1, 2, 3]) / 12.0, rtol=1e-6)
    assert radial_frequency((4, 6), 2.0)[2, 3] == pytest.approx(np.hypot(0.25, 0.25), rel=1e-6)
    assert radial_frequency((4, 6, 8)).shape == (4, 6, 5)


@pytest.mark.parametrize("new_shape", [(8, 10), (9, 11), (24, 30), (25, 31), (8, 31), (12, 15), (11, 14)])
@pytest.mark.parametrize("shape", [(12, 15), (12, 16), (13, 16)])
def test_resizing_agrees_with_scipy(random, shape, new_shape):
    image = random.standard_normal(shape)
    expected = scipy.signal.resample(scipy.signal.resample(image, new_shape[0], axis=0), new_shape[1], axis=1)
    resized = resize_image(image, new_shape)
    np.testing.assert_allclose(resized, expected, atol=10 * SINGLE)
    assert resized.mean() == pytest.approx(image.mean(), abs=SINGLE)


def test_padding_then_cropping_is_the_identity(random):
    shape, larger = (8, 6, 10), (12, 7, 15)
    transform = forward_transform(random.standard_normal(shape), dimensions=3)
    padded = resize_transform(transform, shape, larger)
    np.testing.assert_allclose(resize_transform(padded, larger, shape), transform, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("shape", [(16, 20), (15, 21)])
def test_whole_pixel_shifts_roll_the_image(random, shape):
    image = random.standard_normal(shape)
    phase_y, phase_x = shift_phases(shape, (3, -2))
    shifted = inverse_transform(forward_transform(image) * phase_y * phase_x, shape)
    np.testing.assert_allclose(shifted, np.roll(image, (3, -2), axis=(0, 1)), atol=5 * SINGLE)


def test_fractional_shift_moves_a_wave_by_that_fraction():
    shape, shift = (16, 24), (0.3, -1.6)
    y, x = np.indices(shape)

    def wave(dy, dx):
        return np.cos(2 * np.pi * (3 * (y - dy) / 16 + 5 * (x - dx) / 24))

    phase_y, phase_x = shift_phases(shape, shift)
    shifted = inverse_transform(forward_transform(wave(0, 0)) * phase_y * phase_x, shape)
    np.testing.assert_allclose(shifted, wave(*shift), atol=5 * SINGLE)


@pytest.mark.parametrize(("size", "above", "below"), [(1023, 1024, 1000), (4092, 4096, 4050), (2, 2, 2), (27, 30, 24)])
def test_good_sizes_are_even_and_smooth(size, above, below):
    assert good_even_size(size) == above
    assert good_even_size_below(size) == below


def test_no_even_size_below_two():
    with pytest.raises(ParameterError, match="below 1"):
        good_even_size_below(1)
