"""Movies as TIFF files."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray


def encode_tiff(counts: NDArray[np.uint8]) -> bytes:
    """Encode a movie (frame, y, x) in MRC's order of rows as TIFF with LZW.

    RELION and IMOD read the rows of a TIFF movie from the bottom up, so they are written that way here.
    """
    import tifffile

    buffer = io.BytesIO()
    upside_down = np.ascontiguousarray(counts[:, ::-1])
    tifffile.imwrite(buffer, upside_down, compression="lzw", photometric="minisblack", metadata=None)
    return buffer.getvalue()
