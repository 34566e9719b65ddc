"""How the transform of a map is held that slices are read from and inserted into.

A *half transform* is the Fourier transform of a real volume within a sphere, stored as ``(z, y, x)`` with ``x >= 0``
and its origin at ``(c, c, 0)``, where ``c`` is the middle of the (odd) first two axes. Its grid is ``padding`` times
finer than the Fourier grid of the images.
"""

from __future__ import annotations

import math


def half_transform_shape(radius: float, padding: int = 2) -> tuple[int, int, int]:
    """Shape ``(z, y, x)`` of the half transform that holds slices up to a radius.

    Parameters
    ----------
    radius : slices are read and inserted for frequencies of the volume below this many Fourier pixels of the image
    padding : how much finer the grid of the volume's transform is than the image's
    """
    reach = math.ceil(radius * padding) + 1
    return 2 * reach + 1, 2 * reach + 1, reach + 1
