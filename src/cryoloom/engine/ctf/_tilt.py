"""The tilt of the field, from the defocus of its tiles."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.ctf._fit import Tilt

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.ctf._evidence import Evidence
    from cryoloom.engine.ctf._polar import PolarSpectra
    from cryoloom.engine.ctf._rings import Defocus, RingModel

_STEEPEST = math.tan(math.radians(60.0))
_OFFSET_STEP = 60.0


def find_tilt(
    spectra: PolarSpectra,
    centres: NDArray[np.float64],
    defocus: Defocus,
    evidence: Evidence,
    model: RingModel,
    *,
    least_gain: float,
) -> Tilt | None:
    """Look for the defocus gradient with which the rings of all tiles agree best.

    Each tile's agreement with a range of defocus offsets is tabulated once; a gradient is then a sum of one value per
    tile. The cost is O(tiles · sectors · shells · offsets).

    Parameters
    ----------
    spectra : relative deviations of every tile from its background
    centres : (tiles, 2) places ``(y, x)`` of the tiles, in Å from the centre
    defocus : of the whole field
    evidence : weights of the shells, and strengths of the rings
    least_gain : of the log-likelihood, without which there is no tilt

    Returns
    -------
    None if no tilt makes the rings clearly more likely
    """
    from scipy import optimize

    radius = float(np.hypot(*centres.T).max())
    if len(centres) < 4 or radius == 0.0:
        return None
    reach = math.ceil(min(_STEEPEST * radius, 0.8 * defocus.mean) / _OFFSET_STEP)
    offsets = np.arange(-reach, reach + 1, dtype=np.float64) * _OFFSET_STEP
    table = _tile_agreements(spectra, offsets, defocus, evidence, model)

    def gain(gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        position = np.clip((gradient @ centres.T) / _OFFSET_STEP + reach, 0.0, 2.0 * reach - 1e-6)
        left = position.astype(np.int64)
        share = position - left
        tiles = np.arange(len(centres))
        agreement = np.sum((1.0 - share) * table[tiles, left] + share * table[tiles, left + 1], axis=-1)
        log_likelihood: NDArray[np.float64] = 0.5 * np.maximum(agreement, 0.0) ** 2
        return log_likelihood

    step = 2.0 * _OFFSET_STEP / radius
    axis = np.arange(-math.ceil(_STEEPEST / step), math.ceil(_STEEPEST / step) + 1) * step
    gradients = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    gradients = gradients[np.hypot(*gradients.T) <= _STEEPEST]
    start = gradients[int(np.argmax(gain(gradients)))]
    result = optimize.minimize(
        lambda gradient: -float(gain(gradient)),
        start,
        method="Nelder-Mead",
        options={
            "initial_simplex": start + np.array([[0.0, 0.0], [step, 0.0], [0.0, step]]),
            "xatol": 1e-4,
            "fatol": 1e-3,
        },
    )
    if -float(result.fun) - float(gain(np.zeros(2))) < least_gain:
        return None
    slope_y, slope_x = result.x
    return Tilt(
        angle=math.degrees(math.atan(math.hypot(slope_y, slope_x))),
        axis=math.degrees(math.atan2(-slope_x, slope_y)) % 360.0,
    )


def _tile_agreements(
    spectra: PolarSpectra, offsets: NDArray[np.float64], defocus: Defocus, evidence: Evidence, model: RingModel
) -> NDArray[np.float64]:
    """Contribution of each tile at each offset of defocus to the agreement of the whole, in standard deviations.

    Returns
    -------
    (tiles, offsets)
    """
    counts = spectra.counts.mean(axis=0)
    weight = evidence.counts.sum(axis=0) / np.maximum(counts.sum(axis=0), 1e-9)
    deviations = evidence.background.remove(spectra.sums * weight, counts * weight)
    flat = deviations.reshape(len(deviations), -1)
    patterns = np.empty((len(offsets), flat.shape[1]))
    for column, offset in enumerate(offsets):
        rings = model.visible_rings(spectra.frequencies, spectra.azimuths, replace(defocus, mean=defocus.mean + offset))
        patterns[column] = (rings * evidence.strength).ravel()
    central = model.visible_rings(spectra.frequencies, spectra.azimuths, defocus)
    return flat @ patterns.T / (len(flat) * evidence.deviation_of(central * evidence.strength))
