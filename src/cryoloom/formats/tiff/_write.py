"""Movies into TIFF files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cryoloom.durable import AtomicFile

_ROWS_A_STRIP = 64


def write_tiff_movie(
    path: Path | str,
    frames: Iterable[NDArray[Any]],
    *,
    pixel_size: float | None,
    compression: Literal["lzw", "zlib"] | None = "lzw",
    bigtiff: bool = False,
) -> None:
    """Write frames, each of shape (y, x), as the pages of a TIFF file, upside down as is the custom.

    Parameters
    ----------
    path : the file, which appears when it is complete
    frames : an array (n, y, x), or frames one by one; their type is kept
    pixel_size : in Å; None if it is not known
    compression : how strips of 64 rows are compressed
    bigtiff : use 64-bit offsets, needed beyond 4 GB
    """
    import tifffile

    resolution = None if pixel_size is None else (1e8 / pixel_size, 1e8 / pixel_size)
    with (
        AtomicFile(path) as output,
        tifffile.FileHandle(output.file, name=output.path.name) as handle,
        tifffile.TiffWriter(handle, bigtiff=bigtiff) as writer,
    ):
        for frame in frames:
            writer.write(
                np.ascontiguousarray(frame[::-1]),
                photometric="minisblack",
                compression=compression,
                rowsperstrip=_ROWS_A_STRIP,
                contiguous=False,
                metadata=None,
                software="cryoloom",
                resolution=resolution,
                resolutionunit="CENTIMETER" if resolution else None,
            )
