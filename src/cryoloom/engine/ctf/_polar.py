"""Spectra on a polar grid, where each sector sees the rings of one defocus."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.ctf._periodograms import Periodograms

_SECTORS = 36
_SHELLS_PER_PIXEL = 2


@dataclass(frozen=True)
class PolarSpectra:
    """Spectra summed over the cells of a polar grid.

    Parameters
    ----------
    azimuths : (sectors,) middles of the sectors, in radians from 0 to π
    frequencies : (shells,) in 1/Å, evenly spaced
    sums : (tiles, sectors, shells) sums over the pixels in a cell
    counts : (tiles, sectors, shells) numbers of those pixels, or (1, sectors, shells) if they are the same in all tiles
    """

    azimuths: NDArray[np.float64]
    frequencies: NDArray[np.float64]
    sums: NDArray[np.float64]
    counts: NDArray[np.float64]

    @property
    def spacing(self) -> float:
        """Distance of the shells, in 1/Å."""
        return float(self.frequencies[1] - self.frequencies[0])

    def cut(self, lowest: float, highest: float) -> PolarSpectra:
        """Only the shells between two frequencies in 1/Å."""
        inside = (self.frequencies >= lowest) & (self.frequencies <= highest)
        return replace(
            self,
            frequencies=self.frequencies[inside],
            sums=self.sums[..., inside],
            counts=self.counts[..., inside],
        )


def polar_cells(kept: int) -> int:
    """Largest number of cells for spectra that reach ``kept`` pixels along an axis."""
    return _SECTORS * _SHELLS_PER_PIXEL * kept


def sum_in_polar_cells(periodograms: Periodograms, usable: NDArray[np.bool_], lowest_frequency: float) -> PolarSpectra:
    """Sum each spectrum over sectors and shells; a pixel between two shells is shared by them.

    Parameters
    ----------
    periodograms : the spectra of the tiles
    usable : (2 m + 1, m + 1) pixels to be used; the axes are left out in any case, they carry the detector's lines
    lowest_frequency : of the first shell, in 1/Å
    """
    from scipy import sparse

    tiles, height, width = periodograms.power.shape
    rows, columns = np.nonzero(usable)
    off_axis = (rows != width - 1) & (columns != 0)
    rows, columns = rows[off_axis], columns[off_axis]
    y, x = rows - (width - 1), columns
    first = int(np.floor(lowest_frequency * periodograms.extent * _SHELLS_PER_PIXEL))
    last = (width - 2) * _SHELLS_PER_PIXEL
    position = np.hypot(y, x) * _SHELLS_PER_PIXEL - first
    inside = (position >= 0) & (position < last - first)
    y, x, rows, columns, position = (values[inside] for values in (y, x, rows, columns, position))
    shells = last - first + 1

    sector = (np.mod(np.arctan2(y, x), np.pi) * (_SECTORS / np.pi)).astype(np.int64) % _SECTORS
    shell = position.astype(np.int64)
    share = position - shell
    cell = sector * shells + shell
    pixel = rows * width + columns
    summation = sparse.csr_matrix(
        (np.concatenate([1.0 - share, share]), (np.concatenate([cell, cell + 1]), np.concatenate([pixel, pixel]))),
        shape=(_SECTORS * shells, height * width),
    )
    flat = periodograms.power.reshape(tiles, -1)
    sums = np.stack([(summation @ tile).reshape(_SECTORS, shells) for tile in flat])
    counts = np.asarray(summation.sum(axis=1)).reshape(1, _SECTORS, shells)
    return PolarSpectra(
        azimuths=(np.arange(_SECTORS, dtype=np.float64) + 0.5) * (np.pi / _SECTORS),
        frequencies=(np.arange(shells) + first) / (_SHELLS_PER_PIXEL * periodograms.extent),
        sums=sums,
        counts=counts,
    )
