"""The oversampled field around the detector on which the specimen is laid out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

OVERSAMPLING = 2
TABLE_SIZE = 1024


@dataclass(frozen=True)
class Field:
    """A periodic field, sampled at half the detector's pixel size.

    Parameters
    ----------
    width, height : of the detector in pixels
    pixel_size : of the detector in Å
    margin : pixels by which the field reaches beyond the detector on every side, at least
    limit : frequency in 1/Å on either axis from which on nothing is seen
    magnification : (2, 2) from offsets (x, y) about the detector's middle to those in the undistorted field
    """

    width: int
    height: int
    pixel_size: float
    margin: int
    limit: float
    magnification: NDArray[np.float64]

    @property
    def sampling(self) -> float:
        """Distance of samples in Å."""
        return self.pixel_size / OVERSAMPLING

    @property
    def middle(self) -> NDArray[np.float64]:
        """Middle of the detector, x and y in pixels."""
        return np.array([0.5 * (self.width - 1), 0.5 * (self.height - 1)])

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Samples along y and x."""
        from scipy import fft

        rows, columns = (
            fft.next_fast_len(OVERSAMPLING * (size + 2 * self.margin), real=True) for size in (self.height, self.width)
        )
        return rows, columns

    @cached_property
    def vertical(self) -> NDArray[np.float64]:
        """Frequency in 1/Å of every row of a spectrum."""
        from scipy import fft

        return np.asarray(fft.fftfreq(self.shape[0], self.sampling))

    @cached_property
    def horizontal(self) -> NDArray[np.float64]:
        """Frequency in 1/Å of every column of a spectrum: those below the limit."""
        from scipy import fft

        frequency = np.asarray(fft.rfftfreq(self.shape[1], self.sampling))
        return frequency[frequency < self.limit]

    @cached_property
    def radius(self) -> NDArray[np.float32]:
        """Frequency (ky, kx) in 1/Å."""
        return np.hypot(self.vertical[:, None], self.horizontal[None, :]).astype(np.float32)

    @cached_property
    def table(self) -> NDArray[np.float64]:
        """Frequencies in 1/Å, evenly spaced, at which curves are tabulated."""
        return np.linspace(0.0, np.sqrt(0.5) / self.sampling * 1.001, TABLE_SIZE)

    def offsets(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Offsets x (1, columns) and y (rows, 1) of the samples from the detector's middle in pixels, undistorted."""
        rows, columns = self.shape
        x = np.arange(columns) / OVERSAMPLING - self.margin - self.middle[0]
        y = np.arange(rows) / OVERSAMPLING - self.margin - self.middle[1]
        return x[None, :].astype(np.float32), y[:, None].astype(np.float32)

    def samples(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places (n, 2) in samples of `points` (n, 2) in pixels of the detector; x first."""
        undistorted = (points - self.middle) @ self.magnification.T + self.middle
        return np.asarray((undistorted + self.margin) * OVERSAMPLING)

    def transform(self, fields: NDArray[np.float32]) -> NDArray[np.complex64]:
        """Spectra (n, ky, kx) of fields (n, y, x), which are overwritten."""
        from scipy import fft

        kept = fft.rfft(fields, axis=-1, overwrite_x=True)[..., : self.horizontal.size]
        return np.asarray(fft.fft(kept, axis=-2))

    def inverse(self, spectra: NDArray[np.complex64]) -> NDArray[np.float32]:
        """Fields (n, y, x) of spectra (n, ky, kx)."""
        from scipy import fft

        rows, columns = self.shape
        fields = np.empty((len(spectra), rows, columns), dtype=np.float32)
        whole = np.zeros((rows, columns // 2 + 1), dtype=np.complex64)
        for spectrum, field in zip(spectra, fields, strict=True):
            whole[:, : self.horizontal.size] = fft.ifft(spectrum, axis=0)
            field[...] = fft.irfft(whole, n=columns, axis=1)
        return fields

    def spread(self, curve: NDArray[np.float64]) -> NDArray[np.float32]:
        """Values (ky, kx) of a curve that is tabulated at :attr:`table`."""
        return np.interp(self.radius, self.table, curve).astype(np.float32)
