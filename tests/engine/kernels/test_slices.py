"""Slices are what the projection-slice theorem says, and inserting is the adjoint of reading."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cryoloom.engine.kernels import extract_slices, half_transform_shape, insert_slices
from cryoloom.errors import ParameterError

BOX, RADIUS = 12, 6


def hermitian_transform(random, shape):
    """A half transform of some real volume: its plane x = 0 is its own mate."""
    transform = random.normal(size=shape) + 1j * random.normal(size=shape)
    transform[:, :, 0] += transform[::-1, ::-1, 0].conj()
    return transform.astype(np.complex64)


def inner_product(first, second):
    """Of two real arrays given as half transforms, both mates of each pair counted."""
    weight = np.full(first.shape[-1], 2.0)
    weight[0] = 1
    return float((weight * (first.conj().astype(complex) * second)).sum().real)


def image_transforms(random, count, box=BOX):
    return np.fft.rfft2(random.normal(size=(count, box, box))).astype(np.complex64)


@pytest.mark.parametrize("box", [12, 13])
@pytest.mark.parametrize("padding", [1, 2])
def test_insertion_is_the_adjoint_of_extraction(box, padding):
    random = np.random.default_rng(1)
    radius = (box + 1) // 2
    shape = half_transform_shape(radius, padding)
    rotations = np.concatenate([np.eye(3)[None], Rotation.random(20, random).as_matrix()])
    volume = hermitian_transform(random, shape)
    images = image_transforms(random, len(rotations), box)
    images[:, :, box // 2 :] = images[:, :, box // 2 :] if box % 2 else 0  # the Nyquist column is its own mate

    sections = extract_slices(volume, rotations, box_size=box, radius=radius, padding=padding)
    summed, weight = np.zeros(shape, np.complex64), np.zeros(shape, np.float32)
    weights = np.ones(images.shape, np.float32)
    insert_slices(summed, weight, images, weights, rotations, radius=radius, padding=padding)
    summed[:, :, 0] += summed[::-1, ::-1, 0].conj()

    assert inner_product(sections, images) == pytest.approx(inner_product(volume, summed), rel=1e-5)


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
    images = image_transforms(random, 50)
    weights = random.uniform(size=images.shape).astype(np.float32)
    shape = half_transform_shape(RADIUS)
    results = []
    for threads in (1, 2, 5):
        summed, weight = np.zeros(shape, np.complex64), np.zeros(shape, np.float32)
        insert_slices(summed, weight, images, weights, rotations, radius=RADIUS, threads=threads)
        sections = extract_slices(summed, rotations, box_size=BOX, radius=RADIUS, threads=threads)
        results.append((summed, weight, sections))
    for other in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_weights_are_spread_over_the_neighbours_without_loss():
    shape = half_transform_shape(RADIUS)
    images = np.ones((1, BOX, BOX // 2 + 1), np.complex64)
    summed, weight = np.zeros(shape, np.complex64), np.zeros(shape, np.float32)
    matrix = Rotation.from_euler("ZYZ", [20, 40, 60], degrees=True).as_matrix()[None]
    insert_slices(summed, weight, images, np.ones(images.shape, np.float32), matrix, radius=RADIUS)
    ky, kx = np.fft.fftfreq(BOX)[:, None] * BOX, np.arange(BOX // 2 + 1)[None]
    pairs = ((kx**2 + ky**2 < RADIUS**2) & ((kx > 0) | (ky > 0))).sum() + 0.5  # and the origin, half
    assert weight.sum() == pytest.approx(pairs, rel=1e-6)
    assert summed.real.sum() == pytest.approx(pairs, rel=1e-6)


def test_refuses_arrays_that_do_not_fit():
    volume = np.zeros(half_transform_shape(5), np.complex64)
    with pytest.raises(ParameterError, match="radius 6 and padding 2 need"):
        extract_slices(volume, np.eye(3)[None], box_size=BOX, radius=6)
    with pytest.raises(ParameterError, match="does not fit images of 8 pixels"):
        extract_slices(volume, np.eye(3)[None], box_size=8, radius=5)
    with pytest.raises(ParameterError, match="must be"):
        extract_slices(volume, np.eye(3), box_size=BOX, radius=5)
