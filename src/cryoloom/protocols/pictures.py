"""Pictures that protocols keep beside their results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.durable import AtomicFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def write_png(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write a picture, which appears whole or not at all.

    Parameters
    ----------
    path : PNG file
    picture : (y, x) grey or (y, x, 3) colour, row 0 at the top
    """
    from PIL import Image

    with AtomicFile(path) as target:
        Image.fromarray(picture).save(target.file, "PNG")
