"""Sums of weighted slices, and the map that they give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.fourier import forward_transform
from cryoloom.engine.kernels import insert_slices
from cryoloom.engine.orientations import rotation_matrices
from cryoloom.engine.reconstruction._sums import PADDING, FourierSums
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH = 256  # images transformed at once, which bounds the memory beyond the sums


class Backprojection:
    """Particle images gathered in Fourier space, batch after batch, until the map is asked for.

    The sums take 12 bytes a voxel of about 4 box³ voxels: 0.8 GB for a box of 256.

    Parameters
    ----------
    box_size : edge of the images and the map in pixels
    pixel_size : in Å
    """

    def __init__(self, box_size: int, *, pixel_size: float) -> None:
        self.box_size = box_size
        self.pixel_size = pixel_size
        self.image_count = 0
        self._sums = FourierSums((box_size + 1) // 2)

    def insert(
        self,
        images: NDArray[np.floating[Any]],
        angles: NDArray[np.floating[Any]],
        shifts: NDArray[np.floating[Any]],
        ctfs: NDArray[np.float32] | None = None,
        *,
        threads: int = 1,
    ) -> None:
        """Add images to the sums.

        Parameters
        ----------
        images : (n, box, box) protein-white images, of even background
        angles : (n, 3) rot, tilt and psi in degrees, RELION's ZYZ
        shifts : (n, 2) x and y in Å with RELION's sign: what to add to a particle's position to bring it to the centre
        ctfs : (n, box, box // 2 + 1) contrast transfer function of each image; None for images without
        threads : threads to use; the result does not depend on it

        Raises
        ------
        ParameterError
            If the arrays do not fit each other.

        Notes
        -----
        Time O(n · box² log box).
        """
        self._check(images, angles, shifts, ctfs)
        rotations = rotation_matrices(angles)
        for start in range(0, len(images), BATCH):
            part = slice(start, start + BATCH)
            slices = forward_transform(images[part], threads=threads)
            self._centre(slices, shifts[part])
            if ctfs is None:
                slice_weights = np.ones(slices.shape, np.float32)
            else:
                slices *= ctfs[part]
                slice_weights = ctfs[part] ** 2
            insert_slices(
                self._sums.total,
                self._sums.weight,
                slices,
                slice_weights,
                rotations[part],
                radius=self._sums.radius,
                padding=PADDING,
                threads=threads,
            )
        self.image_count += len(images)

    def map(self, *, threads: int = 1) -> NDArray[np.float32]:
        """Reconstruct what has been inserted so far.

        Returns
        -------
        (box, box, box) map whose projections, sums over voxels, are the images; beyond a radius of box / 2 it is even

        Raises
        ------
        ParameterError
            If nothing has been inserted.

        Notes
        -----
        Each Fourier voxel is a weighted sum over its weight, without a prior; what the interpolation does to the map is
        then undone in real space. Time O(box³ log box).
        """
        if not self.image_count:
            raise ParameterError("No image has been inserted, so there is nothing to reconstruct.")
        return self._sums.map(self.box_size, threads=threads)

    def _centre(self, slices: NDArray[np.complex64], shifts: NDArray[np.floating[Any]]) -> None:
        """Move every particle's centre to the origin of the array, in place."""
        distance = self.box_size // 2 - np.asarray(shifts, np.float64) / self.pixel_size
        frequency_x = np.fft.rfftfreq(self.box_size)
        frequency_y = np.fft.fftfreq(self.box_size)
        slices *= np.exp(2j * np.pi * distance[:, 0, None] * frequency_x).astype(np.complex64)[:, None, :]
        slices *= np.exp(2j * np.pi * distance[:, 1, None] * frequency_y).astype(np.complex64)[:, :, None]

    def _check(
        self,
        images: NDArray[np.floating[Any]],
        angles: NDArray[np.floating[Any]],
        shifts: NDArray[np.floating[Any]],
        ctfs: NDArray[np.float32] | None,
    ) -> None:
        count, box = len(images), self.box_size
        expected = {"images": (count, box, box), "angles": (count, 3), "shifts": (count, 2)}
        given = {"images": images.shape, "angles": np.shape(angles), "shifts": np.shape(shifts)}
        if ctfs is not None:
            expected["ctfs"] = (count, box, box // 2 + 1)
            given["ctfs"] = ctfs.shape
        for name, shape in expected.items():
            if given[name] != shape:
                raise ParameterError(f"The {name} have the shape {given[name]}; it must be {shape}.")
