"""Slices are what the projection-slice theorem says."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cryoloom.engine.kernels import extract_slices, half_transform_shape
from cryoloom.errors import ParameterError

BOX, RADIUS = 12, 6


def test_a_slice_of_a_gaussian_is_the_gaussian_of_its_rotated_frequencies():
    shape = half_transform_shape(16)
    z, y, x = np.meshgrid(*[np.arange(n) - n // 2 for n in shape[:2]], np.arange(shape[2]), indexing="ij")
    widths = np.array([9.0, 14.0, 22.0])  # along x, y, z, in padded pixels
    volume = np.exp(-(x**2 / widths[0] ** 2 + y**2 / widths[1] ** 2 + z**2 / widths[2] ** 2) / 2)
    rotations = Rotation.random(5, np.random.default_rng(2)).as_matrix()
    sections = extract_slices(volume.astype(np.complex64), rotations, box_size=32, radius=16)
    ky, kx = np.fft.fftfreq(32)[:, None] * 32, np.arange(17)[None]
    for matrix, section in zip(rotations, sections, strict=True):
        # Reference axes become image axes under the matrix, so image frequencies go back by its transpose.
        point = np.einsum("ri,iyx->ryx", matrix.T, np.stack(np.broadcast_arrays(kx, ky, 0.0 * kx))) * 2
        expected = np.exp(-((point / widths[:, None, None]) ** 2).sum(0) / 2)
        expected[kx**2 + ky**2 >= 16**2] = 0
        assert section == pytest.approx(expected, abs=6e-3)  # linear interpolation errs by h²f''/8 an axis: 1/648 + …


def test_the_result_does_not_depend_on_the_number_of_threads():
    random = np.random.default_rng(3)
    rotations = Rotation.random(50, random).as_matrix()
    shape = half_transform_shape(RADIUS)
    volume = (random.normal(size=shape) + 1j * random.normal(size=shape)).astype(np.complex64)
    first, *others = (extract_slices(volume, rotations, box_size=BOX, radius=RADIUS, threads=n) for n in (1, 2, 5))
    assert all(np.array_equal(first, other) for other in others)


def test_refuses_arrays_that_do_not_fit():
    volume = np.zeros(half_transform_shape(5), np.complex64)
    with pytest.raises(ParameterError, match="radius 6 and padding 2 need"):
        extract_slices(volume, np.eye(3)[None], box_size=BOX, radius=6)
    with pytest.raises(ParameterError, match="does not fit images of 8 pixels"):
        extract_slices(volume, np.eye(3)[None], box_size=8, radius=5)
    with pytest.raises(ParameterError, match="must be"):
        extract_slices(volume, np.eye(3), box_size=BOX, radius=5)
