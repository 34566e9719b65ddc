"""The supporting film beside a hole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.picking._smoothing import connected_to, smooth

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMOOTHING = 0.3  # diameters, before dark is told from bright
LEAST_AREA, MOST_AREA = 9.0, 0.85  # in squared diameters; as a share of the image
SHARPNESS = 4.0  # least slope at the edge of film, in terms of the usual slope
ROUGHNESS = 1.15  # least noise on film, in terms of that in the hole
DEEP = 0.75  # diameters: a region with no pixel that far from its edge is no film
PASSES = 3  # dark crystals may hide film from the first split


def film(values: NDArray[np.float32], diameter: float) -> NDArray[np.bool_]:
    """Find large dark areas with a sharp edge and a rougher texture than the rest.

    A gradient of the ice has no sharp edge, and thick ice is not rougher at the scale of a particle.

    Parameters
    ----------
    values : (y, x) micrograph, protein white (so film is bright here), not flattened
    diameter : of the particle in pixels

    Returns
    -------
    (y, x) True on film

    References
    ----------
    Otsu (1979), IEEE Trans. Syst. Man Cybern. 9:62-66, for the split into dark and bright.
    """
    from scipy.ndimage import distance_transform_edt, label

    found = np.zeros(values.shape, bool)
    level = smooth(values, SMOOTHING * diameter)
    slope = np.hypot(*np.gradient(level))
    texture = np.abs(smooth(values, 1.0) - smooth(values, 0.25 * diameter))
    for _ in range(PASSES):
        rest = ~found
        dark = rest & (level > _otsu_threshold(level[rest]))
        thick = connected_to(distance_transform_edt(dark) > DEEP * diameter, dark)
        regions, count = label(thick)
        areas = np.bincount(regions.ravel(), minlength=count + 1)
        film_regions = [
            number
            for number in range(1, count + 1)
            if LEAST_AREA * diameter**2 < areas[number] < MOST_AREA * values.size
            and _is_film(regions == number, dark, rest, slope, texture, diameter)
        ]
        if not film_regions:
            break
        found |= np.isin(regions, film_regions)
    return found


def _is_film(
    region: NDArray[np.bool_],
    dark: NDArray[np.bool_],
    rest: NDArray[np.bool_],
    slope: NDArray[np.float32],
    texture: NDArray[np.float32],
    diameter: float,
) -> bool:
    from scipy.ndimage import distance_transform_edt

    depth, distance = distance_transform_edt(region), distance_transform_edt(~region)
    edge = (depth > 0) & (depth <= 1.5)
    away = rest & ((depth > diameter) | (distance > diameter))
    hole = rest & ~dark & (distance > diameter)
    inner = depth > 0.5 * diameter
    if not (edge.any() and away.any() and hole.any() and inner.any()):
        return False
    is_sharp = np.median(slope[edge]) > SHARPNESS * np.median(slope[away])
    is_rough = np.median(texture[inner]) > ROUGHNESS * np.median(texture[hole])
    return bool(is_sharp and is_rough)


def _otsu_threshold(sample: NDArray[np.float32]) -> float:
    """Level that splits values into two groups with the largest variance between them."""
    counts, edges = np.histogram(np.clip(sample, *np.quantile(sample, [0.005, 0.995])), 256)
    middle = 0.5 * (edges[1:] + edges[:-1])
    below, sum_below = np.cumsum(counts), np.cumsum(counts * middle)
    above, sum_above = below[-1] - below, sum_below[-1] - sum_below
    both = (below > 0) & (above > 0)
    between = below[both] * above[both] * (sum_below[both] / below[both] - sum_above[both] / above[both]) ** 2
    return float(middle[both][np.argmax(between)]) if both.any() else float(edges[-1])
