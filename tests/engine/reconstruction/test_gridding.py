"""From the grid to the map: against the sum over all frequencies, written out, and alike along every axis."""

import numpy as np
import pytest

from cryoloom.engine.kernels import half_transform_shape
from cryoloom.engine.projection import volume_transform
from cryoloom.engine.reconstruction._gridding import SIDE, grid_to_map

PADDING = 2


def random_grid(box):
    """(z, y, x) half transform of a real map, in the sphere that `weighted_mean` leaves."""
    random = np.random.default_rng(box)
    shape = half_transform_shape((box + 1) // 2, PADDING)
    grid = random.normal(size=shape) + 1j * random.normal(size=shape)
    grid[:, :, 0] += grid[::-1, ::-1, 0].conj()
    middle = shape[0] // 2
    z, y, x = np.ogrid[-middle : middle + 1, -middle : middle + 1, : middle + 1]
    return np.where(z**2 + y**2 + x**2 < middle**2, grid, 0).astype(np.complex64)


def written_out(grid, box):
    """Σ F(k) exp(2πi k·n / size) / size³ over both mates, times what undoes interpolation and smoothing."""
    size, middle = box * PADDING, len(grid) // 2
    mates = grid[::-1, ::-1, :0:-1].conj()
    full = np.concatenate([mates, grid], axis=2).astype(complex)
    frequency, position = np.arange(-middle, middle + 1), np.arange(box) - box // 2
    # ±size / 2 are one frequency of the padded map, which has none beyond.
    counts = np.select([2 * np.abs(frequency) < size, 2 * np.abs(frequency) == size], [1.0, 0.5], 0.0)
    waves = np.exp(2j * np.pi * np.outer(position, frequency) / size) * counts / size
    volume = np.einsum("Zz,Yy,Xx,zyx->ZYX", waves, waves, waves, full, optimize=True)
    fall_off = np.sinc(position / size) ** 2 * (1 - 2 * SIDE + 2 * SIDE * np.cos(2 * np.pi * position / size))
    return volume / (fall_off[:, None, None] * fall_off[:, None] * fall_off)


@pytest.mark.parametrize("box", [8, 9])
def test_the_map_is_the_sum_over_all_frequencies_of_the_grid(box):
    grid = random_grid(box)
    expected = written_out(grid, box)
    assert np.abs(expected.imag).max() < 1e-6 * np.abs(expected.real).max()
    made = grid_to_map(grid, box, PADDING, threads=2)
    # Single precision, over three transforms.
    assert made == pytest.approx(expected.real, abs=1e-5 * np.abs(expected.real).max())


@pytest.mark.parametrize("box", [32, 33])
def test_what_stands_on_either_side_along_any_axis_counts_alike(box):
    middle = half_transform_shape((box + 1) // 2, PADDING)[0] // 2
    for distance in range(box - 5, middle + 1):
        powers = []
        for place in [(distance, 0), (-distance, 0), (0, distance), (0, -distance)]:
            grid = np.zeros((2 * middle + 1, 2 * middle + 1, middle + 1), np.complex64)
            grid[middle + place[0], middle + place[1], 3] = 1
            powers.append(float((grid_to_map(grid, box, PADDING) ** 2).sum()))
        assert powers == pytest.approx([powers[0]] * 4, rel=1e-4)
        assert (powers[0] > 0) == (distance <= box)  # up to the Nyquist frequency of the padded map


def test_a_map_comes_back_from_its_transform():
    """Up to Nyquist's frequency: reading and summing agree on what is there."""
    volume = np.random.default_rng(1).normal(size=(16, 16, 16)).astype(np.float32)
    position = np.arange(16) - 8
    smoothing = 1 - 2 * SIDE + 2 * SIDE * np.cos(2 * np.pi * position / 32)
    both = np.sinc(position / 32) ** 4 * smoothing  # what either undoes though nothing was interpolated or smoothed
    back = grid_to_map(volume_transform(volume), 16, PADDING) * (both[:, None, None] * both[:, None] * both)
    # Single precision, over six transforms.
    assert back == pytest.approx(volume, abs=1e-5 * float(np.abs(volume).max()))
