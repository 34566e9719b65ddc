"""How much memory an estimate takes, known before it starts."""

from __future__ import annotations

from cryoloom.engine.ctf._periodograms import TILE_EXTENT, kept_frequencies, tile_starts
from cryoloom.engine.ctf._polar import polar_cells
from cryoloom.engine.fourier import good_even_size_below

_PROGRAM = 105 * 2**20  # Python with NumPy and SciPy
_POLAR_COPIES = 5  # as measured, freed from background, levelled, and what is cut from them, in part at a time
_TILE_COPIES = 4  # a tile, its windowed pixels and two transforms


def predicted_memory(shape: tuple[int, int], *, pixel_size: float, threads: int = 1) -> int:
    """Peak memory in bytes of estimating one micrograph, the program itself included.

    Parameters
    ----------
    shape : (h, w) of the micrograph, which is there as float32
    pixel_size : in Å
    threads : threads used

    Notes
    -----
    A high defocus is measured again in larger tiles, which are fewer and take as much.
    """
    side = good_even_size_below(min(round(TILE_EXTENT / pixel_size), *shape))
    kept = kept_frequencies(side, pixel_size)
    tiles = len(tile_starts(shape[0], side)) * len(tile_starts(shape[1], side))
    spectrum = (2 * kept + 1) * (kept + 1) * 4
    cells = polar_cells(kept) * 8
    working = threads * _TILE_COPIES * side**2 * 4
    return _PROGRAM + 4 * shape[0] * shape[1] + tiles * (spectrum + _POLAR_COPIES * cells) + working
