"""Local means that leave out what is not wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


TREND_LIMIT = 1.5  # standard deviations
TREND_ROUNDS = 12


def smooth(values: NDArray[np.float32], width: float) -> NDArray[np.float32]:
    """Gaussian mean around every pixel; beyond its edges the image is mirrored.

    Parameters
    ----------
    values : (y, x)
    width : standard deviation of the Gaussian in pixels
    """
    from scipy.ndimage import gaussian_filter

    result: NDArray[np.float32] = gaussian_filter(values, width, mode="reflect")
    return result


def local_mean(values: NDArray[np.float32], usable: NDArray[np.bool_], width: float) -> NDArray[np.float32]:
    """Gaussian mean of the usable pixels around every pixel; far from all of them, their overall mean.

    Parameters
    ----------
    values : (y, x)
    usable : (y, x) which pixels count
    width : standard deviation of the Gaussian in pixels
    """
    overall = np.float32(values[usable].mean())
    weight = smooth(usable.astype(np.float32), width)
    total = smooth(np.where(usable, values - overall, np.float32(0)), width)
    return np.asarray(overall + total / np.maximum(weight, np.float32(1e-3)), np.float32)


def trend(values: NDArray[np.float32], usable: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Quadratic surface through the usable pixels: what a gradient of the ice does to an image.

    Residuals beyond 1.5 standard deviations do not pull it more than those at 1.5 do.

    Parameters
    ----------
    values : (y, x)
    usable : (y, x) which pixels count
    """
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in values.shape)
    columns = np.broadcast_arrays(1.0, x, y[:, None], x**2, x * y[:, None], y[:, None] ** 2)
    terms = np.stack(columns).astype(np.float32)
    chosen = terms[:, usable].astype(np.float64)
    sample = values[usable].astype(np.float64)
    inverse = np.linalg.pinv(chosen @ chosen.T)
    coefficients = np.zeros(len(terms))
    coefficients[0] = np.median(sample)
    for _ in range(TREND_ROUNDS):
        residual = sample - coefficients @ chosen
        limit = TREND_LIMIT * 1.4826 * np.median(np.abs(residual))
        coefficients += inverse @ (chosen @ np.clip(residual, -limit, limit))
    return np.tensordot(coefficients.astype(np.float32), terms, 1)


def within(region: NDArray[np.bool_], distance: float) -> NDArray[np.bool_]:
    """Pixels of a region and all that are nearer to it than a distance.

    Parameters
    ----------
    region : (y, x)
    distance : in pixels
    """
    from scipy.ndimage import distance_transform_edt

    if not region.any():
        return region.copy()
    near: NDArray[np.bool_] = distance_transform_edt(~region) < distance
    return near


def connected_to(seeds: NDArray[np.bool_], region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The connected parts of a region that hold at least one seed.

    Parameters
    ----------
    seeds, region : (y, x)
    """
    from scipy.ndimage import label

    parts, count = label(region)
    chosen = np.zeros(count + 1, bool)
    chosen[np.unique(parts[seeds & region])] = True
    chosen[0] = False
    return np.asarray(chosen[parts])
