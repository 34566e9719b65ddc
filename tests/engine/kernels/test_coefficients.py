"""Points of slices are what the projection-slice theorem says."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cryoloom.engine.kernels import extract_coefficients, half_transform_shape


def frequencies_within(radius: int) -> np.ndarray:
    """(k, 2) x and y of one of each two mates."""
    x, y = np.meshgrid(np.arange(radius), np.arange(1 - radius, radius))
    within = x**2 + y**2 < radius**2
    return np.stack([x[within], y[within]], axis=1).astype(np.float32)


def test_a_slice_of_a_gaussian_is_the_gaussian_of_its_rotated_frequencies():
    shape = half_transform_shape(16)
    z, y, x = np.meshgrid(*[np.arange(n) - n // 2 for n in shape[:2]], np.arange(shape[2]), indexing="ij")
    widths = np.array([9.0, 14.0, 22.0])  # along x, y, z, in padded pixels
    volume = np.exp(-(x**2 / widths[0] ** 2 + y**2 / widths[1] ** 2 + z**2 / widths[2] ** 2) / 2)
    rotations = Rotation.random(5, np.random.default_rng(2)).as_matrix()
    frequencies = frequencies_within(16)
    sections = extract_coefficients(volume.astype(np.complex64), rotations, frequencies)
    flat = np.column_stack([frequencies, np.zeros(len(frequencies))])
    for matrix, section in zip(rotations, sections, strict=True):
        # Reference axes become image axes under the matrix, so image frequencies go back by its transpose.
        point = 2 * flat @ matrix
        expected = np.exp(-((point / widths) ** 2).sum(1) / 2)
        assert section == pytest.approx(expected, abs=6e-3)  # linear interpolation errs by h²f''/8 an axis: 1/648 + …


def test_the_result_does_not_depend_on_the_number_of_threads():
    random = np.random.default_rng(3)
    rotations = Rotation.random(50, random).as_matrix()
    shape = half_transform_shape(6)
    volume = (random.normal(size=shape) + 1j * random.normal(size=shape)).astype(np.complex64)
    first, *others = (extract_coefficients(volume, rotations, frequencies_within(6), threads=n) for n in (1, 2, 5))
    assert all(np.array_equal(first, other) for other in others)
