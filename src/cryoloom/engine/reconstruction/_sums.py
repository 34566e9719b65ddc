"""Weighted sums of slices in Fourier space: what every reconstruction is divided from."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.kernels import half_transform_shape, insert_coefficients, symmetrise_sums
from cryoloom.engine.reconstruction._gridding import bound_by_sphere, grid_to_map, weighted_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

PADDING = 2
ON_GRID = 1e-9


class FourierSums:
    """Sums of CTF-weighted coefficients, and of their weights, over all slices that met a voxel.

    They take 12 bytes a voxel of about ``2 · (2 · padding · radius)³ / 2`` voxels: 0.8 GB for a radius of 128.

    Parameters
    ----------
    radius : slices are held for frequencies of the specimen below this many Fourier pixels; not a whole number where
        images are magnified unevenly, see `cryoloom.engine.optics.ParticleOptics.radius_in_specimen`
    """

    def __init__(self, radius: float) -> None:
        self.radius = radius
        shape = half_transform_shape(radius, PADDING)
        self.total = np.zeros(shape, np.complex64)
        self.weight = np.zeros(shape, np.float32)
        self._operators: NDArray[np.float64] | None = None

    def insert(
        self,
        values: NDArray[np.complex64],
        weights: NDArray[np.float32],
        rotations: NDArray[np.float64],
        frequencies: NDArray[np.float32],
        *,
        threads: int = 1,
    ) -> None:
        """Add points of slices; see `cryoloom.engine.kernels.insert_coefficients`."""
        insert_coefficients(
            self.total, self.weight, values, weights, rotations, frequencies, padding=PADDING, threads=threads
        )

    def faded(self, share: float) -> FourierSums:
        """A share of what has been summed, as a running mean over mini-batches keeps it."""
        result = FourierSums(self.radius)
        np.multiply(self.total, np.float32(share), out=result.total)
        np.multiply(self.weight, np.float32(share), out=result.weight)
        return result

    def added_to(self, other: FourierSums) -> FourierSums:
        """The sums of both, for example of two half sets."""
        result = FourierSums(self.radius)
        np.add(self.total, other.total, out=result.total)
        np.add(self.weight, other.weight, out=result.weight)
        result._operators = self._operators
        return result

    def without(self, part: FourierSums) -> FourierSums:
        """The sums less a part of them."""
        result = FourierSums(self.radius)
        np.subtract(self.total, part.total, out=result.total)
        # Differences of single precision: a weight of nothing must not become a small negative one.
        np.maximum(self.weight - part.weight, 0.0, out=result.weight)
        result._operators = self._operators
        return result

    def symmetrised(self, operators: NDArray[np.float64], *, threads: int = 1) -> FourierSums:
        """The sums as if every slice had also been inserted at its symmetry mates.

        Parameters
        ----------
        operators : (m, 3, 3) rotations of the point group, the identity first
        threads : threads to use; the result does not depend on it
        """
        if len(operators) == 1:
            return self
        result = FourierSums(self.radius)
        result.total, result.weight = symmetrise_sums(self.total, self.weight, operators, threads=threads)
        result._operators = operators
        return result

    def map(
        self, box_size: int, *, signal_to_noise: NDArray[np.float64] | None = None, threads: int = 1
    ) -> NDArray[np.float32]:
        """Divide the sums and bring the mean to real space.

        Parameters
        ----------
        box_size : edge of the map
        signal_to_noise : (s,) of each shell, for Wiener's filter; none for a mean that is not damped
        threads : threads to use; the result does not depend on it

        Returns
        -------
        (box, box, box) map whose projections, sums over voxels, are the images; beyond a radius of box / 2 it is even.
        Time O(box³ log box).
        """
        mean = weighted_mean(
            self.total, self.weight, self.radius, signal_to_noise=signal_to_noise, padding=PADDING, threads=threads
        )
        volume = grid_to_map(mean, box_size, PADDING, threads=threads)
        if self._operators is not None:
            volume /= _fall_off_of_mates(box_size, self._operators)
        bound_by_sphere(volume)
        return volume


def _fall_off_of_mates(box_size: int, operators: NDArray[np.float64]) -> NDArray[np.float32]:
    """What reading the sums at the mates of their grid points, by linear interpolation, does to the map."""
    return _fall_off(box_size, np.ascontiguousarray(operators).tobytes())


@lru_cache(maxsize=1)
def _fall_off(box_size: int, operators: bytes) -> NDArray[np.float32]:
    """The same for rotation matrices as bytes; both half maps of every iteration need it."""
    size = box_size * PADDING
    position = (np.arange(box_size) - box_size // 2) / size
    z, y, x = np.meshgrid(position, position, position, indexing="ij", sparse=True)
    mates = np.frombuffer(operators).reshape(-1, 3, 3)
    fall_off = np.zeros((box_size,) * 3)
    for operator in mates:
        one = np.ones_like(fall_off)
        for row in operator:
            if np.abs(row).max() < 1 - ON_GRID:  # along an axis of the grid nothing is read between its points
                one *= np.sinc(row[0] * x + row[1] * y + row[2] * z) ** 2
        fall_off += one
    return (fall_off / len(mates)).astype(np.float32)
