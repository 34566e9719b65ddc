"""What different micrographs share, which is of the detector and not of the specimen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SMOOTH = 0.03  # of the edge: what is coarser is illumination and ice
_CLIPPED = 3.0  # standard deviations, so that one speck of contamination does not decide


def shared_pattern(images: Sequence[NDArray[np.floating]]) -> float:
    """Correlation of the means of two halves of some images, coarse variations removed.

    The specimen differs from image to image and averages out; lines, tiles and dark spots of a gain reference that does
    not fit lie at the same place in all and remain.

    Parameters
    ----------
    images : (y, x) each, of one shape, of different places of the specimen; an even number, at least four

    Returns
    -------
    From about 0, if they share nothing, to 1.

    Raises
    ------
    ValueError
        If they are too few, odd in number or of different shapes.
    """
    shapes = {image.shape for image in images}
    if len(images) < 4 or len(images) % 2 or len(shapes) != 1:
        raise ValueError(f"shared_pattern takes four or more images, even in number, of one shape; not {len(images)}")
    first, second = (np.mean([_flat(one) for one in images[start::2]], axis=0) for start in (0, 1))
    strength = float(np.sqrt(np.mean(first**2) * np.mean(second**2)))
    return float(np.mean(first * second)) / strength if strength > 0 else 0.0


def _flat(image: NDArray[np.floating]) -> NDArray[np.float64]:
    """Without its coarse variations, of mean 0 and deviation 1; zero where it does not vary at all."""
    fine = image.astype(np.float64)
    fine -= gaussian_filter(fine, _SMOOTH * max(fine.shape), mode="nearest")
    fine -= fine.mean()
    deviation = fine.std()
    return np.clip(fine / deviation, -_CLIPPED, _CLIPPED) if deviation > 0 else np.zeros_like(fine)
