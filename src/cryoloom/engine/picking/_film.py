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
EVIDENCE = 2.0  # least of sharpness times excess of noise on film over that in the hole
NEARBY = 2.0  # smoothings: an edge that near to film found before is that of the film
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
            and _is_film(regions == number, dark, found, slope, texture, diameter)
        ]
        if not film_regions:
            break
        found |= np.isin(regions, film_regions)
    return found


def _is_film(
    region: NDArray[np.bool_],
    dark: NDArray[np.bool_],
    found: NDArray[np.bool_],
    slope: NDArray[np.float32],
    texture: NDArray[np.float32],
    diameter: float,
) -> bool:
    """Whether a dark region is film; the sharper its own edge, the less rough it has to be."""
    from scipy.ndimage import distance_transform_edt

    rest = ~found
    depth, distance = distance_transform_edt(region), distance_transform_edt(~region)
    edge = (depth > 0) & (depth <= 1.5)
    if found.any():
        edge &= distance_transform_edt(rest) > NEARBY * SMOOTHING * diameter
    away = rest & ((depth > diameter) | (distance > diameter))
    hole = rest & ~dark & (distance > diameter)
    inner = depth > 0.5 * diameter
    if not (edge.any() and away.any() and hole.any() and inner.any()):
        return False
    slope_at_edge, usual_slope = float(np.median(slope[edge])), float(np.median(slope[away]))
    grain_inside, usual_grain = float(np.median(texture[inner])), float(np.median(texture[hole]))
    is_sharp = slope_at_edge > SHARPNESS * usual_slope
    return is_sharp and slope_at_edge * (grain_inside - usual_grain) > EVIDENCE * usual_slope * usual_grain


def _otsu_threshold(sample: NDArray[np.float32]) -> float:
    """Level that splits values into two groups with the largest variance between them."""
    counts, edges = np.histogram(np.clip(sample, *np.quantile(sample, [0.005, 0.995])), 256)
    middle = 0.5 * (edges[1:] + edges[:-1])
    below, sum_below = np.cumsum(counts), np.cumsum(counts * middle)
    above, sum_above = below[-1] - below, sum_below[-1] - sum_below
    both = (below > 0) & (above > 0)
    between = below[both] * above[both] * (sum_below[both] / below[both] - sum_above[both] / above[both]) ** 2
    return float(middle[both][np.argmax(between)]) if both.any() else float(edges[-1])
