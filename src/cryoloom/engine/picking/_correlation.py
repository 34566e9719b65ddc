"""Correlate an image with small filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Correlator:
    """An image ready to be correlated with many small filters; beyond its edges it is mirrored.

    Parameters
    ----------
    image : (y, x)
    reach : no filter reaches further than this many pixels from its centre
    threads : threads to use; the results do not depend on it
    """

    def __init__(self, image: NDArray[np.float32], reach: int, *, threads: int = 1) -> None:
        import scipy.fft

        self._shape = image.shape
        self._reach = reach
        self._threads = threads
        self._size = tuple(scipy.fft.next_fast_len(n + 2 * reach) for n in image.shape)
        padding = [(reach, size - n - reach) for n, size in zip(image.shape, self._size, strict=True)]
        self._transform = scipy.fft.fft2(np.pad(image, padding, mode="reflect"), workers=threads)

    def __call__(self, kernel: NDArray[np.complex64] | NDArray[np.float32]) -> NDArray[np.complex64]:
        """Correlation Σ image(p + u) conj(kernel(u)) at every pixel p of the image.

        Parameters
        ----------
        kernel : (k, k), k odd, its origin in the middle

        Returns
        -------
        (y, x) complex values; of a real kernel the imaginary part is rounding
        """
        import scipy.fft

        product = scipy.fft.fft2(kernel.astype(np.complex64, copy=False), self._size, workers=self._threads)
        np.conjugate(product, out=product)
        product *= self._transform
        correlation = scipy.fft.ifft2(product, overwrite_x=True, workers=self._threads)
        # Without padding the kernel's first pixel, not its middle, lies at p.
        start = self._reach - kernel.shape[0] // 2
        result: NDArray[np.complex64] = correlation[start : start + self._shape[0], start : start + self._shape[1]]
        return result
