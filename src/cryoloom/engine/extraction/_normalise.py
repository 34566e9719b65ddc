"""Bring the background of images to mean 0 and standard deviation 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Background:
    """The pixels of a square image that lie outside a circle around its centre.

    Parameters
    ----------
    size : edge of the images in pixels; the centre is the pixel at ``size // 2``
    diameter : of the circle, in pixels
    remove_ramp : subtract a plane fitted to these pixels, not only their mean
    """

    def __init__(self, size: int, diameter: float, *, remove_ramp: bool) -> None:
        axis = np.arange(size, dtype=np.float64) - size // 2
        self._pixels = (axis[:, None] ** 2 + axis**2 > (diameter / 2) ** 2).ravel()
        y, x = (plane.ravel() for plane in np.meshgrid(axis, axis, indexing="ij"))
        terms = [np.ones_like(x), x, y] if remove_ramp else [np.ones_like(x)]
        self._design = np.stack(terms)
        self._solve = np.linalg.pinv(self._design[:, self._pixels]).T

    def normalise(self, images: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Subtract the plane and divide by the standard deviation of the background, in place.

        Parameters
        ----------
        images : (n, size, size); changed

        Returns
        -------
        (n,) whether an image has a background that varies; the others are left without their plane only
        """
        flat = images.reshape(len(images), -1)
        background = flat[:, self._pixels].astype(np.float64)
        coefficients = background @ self._solve.T
        flat -= (coefficients @ self._design).astype(np.float32)
        deviation = (background - coefficients @ self._design[:, self._pixels]).std(axis=1)
        scale = np.abs(background).max(axis=1, initial=0.0)
        varies: NDArray[np.bool_] = deviation > 1e-6 * scale  # float32 resolves no less
        flat[varies] /= deviation[varies, None].astype(np.float32)
        return varies
