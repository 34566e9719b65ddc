"""A soft mask around the particle, found without being told anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.maps import low_pass, soft_mask, soft_sphere

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SMOOTH = (15.0, 30.0)  # Å, to which the map is filtered; the second if nothing is seen at the first
_COARSEST = 8.0  # pixels a period at least: coarse maps are filtered less sharply
_SHARE_OF_INSIDE = 0.35  # of the density of the particle's inside: where its surface is drawn
_ABOVE_NOISE = 4.0  # standard deviations of the solvent
_STANDS_OUT = 4.0  # the same, for the inside of a particle
_SOLVENT = (0.80, 0.97)  # of the largest radius: where there is solvent, for measuring it
_DUST = 0.05  # of the largest part: smaller ones are left out
_SPHERE = 0.9  # of the largest radius, where no particle is seen


@dataclass(frozen=True)
class AutoMask:
    """A soft mask, and how it was found.

    Parameters
    ----------
    mask : (n, n, n), from 0 to 1
    core : (n, n, n) voxels whose smoothed density reaches the threshold
    threshold : of the smoothed density; None if nothing stands out, and
        the mask is a sphere
    """

    mask: NDArray[np.float32]
    core: NDArray[np.bool_]
    threshold: float | None


def soft_auto_mask(
    volume: NDArray[np.floating[Any]],
    *,
    pixel_size: float,
    extension: float | None = None,
    edge: float | None = None,
    threads: int = 1,
) -> AutoMask:
    """Draw a soft mask around whatever stands out of the solvent.

    The map is filtered to 15 Å, or to 30 Å if that shows nothing; the particle's inside and the solvent are told apart
    by Otsu's method, and the surface is drawn at a third of the inside's density, but above the noise of the solvent
    near the rim of the box. Dust is left out.

    Parameters
    ----------
    volume : (n, n, n) map, neither masked nor sharpened; its solvent is even
    pixel_size : in Å
    extension : voxels by which the surface is extended; by default 6 Å, at least 2 voxels
    edge : width of the cosine-shaped edge in voxels; by default 12 Å, at least 6 voxels
    threads : threads to use; the result does not depend on it

    Returns
    -------
    The mask; a wide sphere if nothing stands out. Time O(n³ log n).

    References
    ----------
    Otsu (1979), IEEE Trans. Syst. Man Cybern. 9:62-66.
    """
    box = len(volume)
    extension = max(2.0, 6.0 / pixel_size) if extension is None else extension
    edge = max(6.0, 12.0 / pixel_size) if edge is None else edge
    core, threshold = find_particle(volume, pixel_size=pixel_size, threads=threads)
    if threshold is None:
        sphere = soft_sphere(box, 0.5 * _SPHERE * box - edge, edge)
        return AutoMask(sphere, sphere == 1, None)
    return AutoMask(soft_mask(core, extension=extension, edge=edge), core, threshold)


def find_particle(
    volume: NDArray[np.floating[Any]], *, pixel_size: float, threads: int = 1
) -> tuple[NDArray[np.bool_], float | None]:
    """Where the particle is, and the smoothed density that its voxels reach; nowhere and None if nothing stands out."""
    box = len(volume)
    squared = ((np.arange(box) - box // 2) / (0.5 * box)) ** 2
    radius = np.sqrt(squared[:, None, None] + squared[:, None] + squared)
    for resolution in _SMOOTH:
        smooth = low_pass(volume, max(resolution, _COARSEST * pixel_size), pixel_size=pixel_size, threads=threads)
        threshold = _surface(smooth, radius)
        if threshold is not None:
            return _without_dust((smooth > threshold) & (radius < 1)), threshold
    return np.zeros(volume.shape, bool), None


def _surface(smooth: NDArray[np.float32], radius: NDArray[np.float64]) -> float | None:
    """Density at which the particle's surface is drawn; None if nothing stands out of the solvent."""
    solvent = smooth[(radius > _SOLVENT[0]) & (radius < _SOLVENT[1])]
    level = float(np.median(solvent))
    noise = 1.4826 * float(np.median(np.abs(solvent - level)))
    within = smooth[radius < 1]
    inside = float(np.median(within[within > _between_classes(within)]))
    if inside - level <= _STANDS_OUT * noise:
        return None
    return level + max(_SHARE_OF_INSIDE * (inside - level), _ABOVE_NOISE * noise)


def _between_classes(values: NDArray[np.float32]) -> float:
    """The threshold that leaves the least variance on both sides of it."""
    counts, edges = np.histogram(values, 512)
    middles = 0.5 * (edges[:-1] + edges[1:])
    below = np.cumsum(counts)[:-1]
    above = below[-1] + counts[-1] - below
    sum_below = np.cumsum(counts * middles)[:-1]
    sum_above = sum_below[-1] + counts[-1] * middles[-1] - sum_below
    filled = (below > 0) & (above > 0)
    distance = np.zeros(len(below))
    distance[filled] = sum_below[filled] / below[filled] - sum_above[filled] / above[filled]
    return float(edges[1 + np.argmax(below * above * distance**2)])


def _without_dust(core: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from scipy.ndimage import label

    parts, _ = label(core)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    kept: NDArray[np.bool_] = (sizes >= _DUST * sizes.max())[parts]
    return kept & core
