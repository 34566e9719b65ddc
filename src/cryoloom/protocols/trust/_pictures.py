"""Pictures of a trust page: sections through maps, and the distribution of views."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

LEAST_WIDTH = 240  # pixels of a picture
DIFFERENCE_RANGE = 5.0  # standard deviations, from black to white
GAP = 1  # voxels between sections


def pictures_of(
    volume: NDArray[np.float32],
    difference: NDArray[np.float32] | None,
    local: NDArray[np.float32],
    views: NDArray[np.float64],
) -> Mapping[str, bytes]:
    """Name → PNG.

    Parameters
    ----------
    volume : (n, n, n) map
    difference : (n, n, n) of its halves, in standard deviations of the solvent; None if there is none
    local : (n, n, n) local resolution in Å; not a number where there is none
    views : (r, 2 r) density of views on the map of Mollweide; not a number outside
    """
    central = _sections(volume)
    found = {"map": _grey(central, float(central.min()), float(np.percentile(central, 99.8)))}
    if difference is not None:
        found["difference"] = _grey(_sections(difference), -DIFFERENCE_RANGE, DIFFERENCE_RANGE)
    sections = _sections(local)
    known = sections[np.isfinite(sections)]
    if known.size:
        low, high = np.percentile(known, [2, 98])
        # Finer is brighter; where there is none it is black.
        found["local"] = _grey(-np.where(np.isfinite(sections), sections, np.inf), -float(high) - 1e-3, -float(low))
    most = max(2.0, float(np.nanmax(views)))
    found["views"] = _grey(np.where(np.isfinite(views), views, -most), -0.2 * most, most)  # outside is black
    return found


def _sections(volume: NDArray[np.float32]) -> NDArray[np.float64]:
    """Central sections normal to z, y and x, side by side; y or z points up, as in a report."""
    middle = len(volume) // 2
    gap = np.full((len(volume), GAP), np.nan)
    parts = [volume[middle][::-1], gap, volume[:, middle][::-1], gap, volume[:, :, middle][::-1]]
    joined = np.concatenate([np.asarray(part, np.float64) for part in parts], axis=1)
    fill = np.nanmin(joined) if np.isfinite(volume).all() else np.nan
    return np.where(np.isnan(joined), fill, joined)


def _grey(image: NDArray[np.float64], low: float, high: float) -> bytes:
    from PIL import Image

    scaled = np.clip((image - low) / max(high - low, 1e-12), 0.0, 1.0)
    grey = np.nan_to_num(255.0 * scaled).astype(np.uint8)
    factor = max(1, LEAST_WIDTH // grey.shape[0])
    target = io.BytesIO()
    Image.fromarray(np.repeat(np.repeat(grey, factor, axis=0), factor, axis=1)).save(target, "PNG")
    return target.getvalue()
