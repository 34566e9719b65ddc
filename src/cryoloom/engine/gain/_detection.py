"""Find out how a gain reference lies on the frames, from the frames themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.gain._orientation import GainOrientation, orient_gain
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEIGHBOURHOOD = 33  # pixels; specimen and illumination are smooth on this scale when seen against pixel-wise gain
_CLIP = 5.0  # standard deviations beyond which a pixel (hot, or dead) no longer counts more
_SIGNIFICANCE = 6.0  # standard errors
_LEAD = 1.5  # the best must score this many times the second


@dataclass(frozen=True)
class GainScores:
    """How well a gain reference fits the sum of raw frames in each orientation.

    Attributes
    ----------
    scores : correlation of the raw sum with the inverse of the gain, pixel by pixel, slow variations removed; around
        zero where the orientation is wrong. Orientations whose shape does not fit are absent.
    standard_error : scatter of a score where the orientation is wrong
    equivalent : orientations in which the gain is the same map as in the best one (the best one included)
    """

    scores: Mapping[GainOrientation, float]
    standard_error: float
    equivalent: frozenset[GainOrientation]

    @property
    def best(self) -> GainOrientation:
        """The orientation with the highest score."""
        return max(self.scores, key=lambda orientation: self.scores[orientation])

    @property
    def is_clear(self) -> bool:
        """Whether the best orientation leads so clearly that nobody needs to be asked.

        It is also clear when every orientation gives the same map, as for a gain of ones.
        """
        if self.equivalent >= self.scores.keys():
            return True
        best = self.scores[self.best]
        second = max(score for orientation, score in self.scores.items() if orientation not in self.equivalent)
        return best - max(second, 0.0) > _SIGNIFICANCE * self.standard_error and best > _LEAD * second

    @property
    def looks_like_a_divisor(self) -> bool:
        """Whether the frames say that the reference should divide, not multiply."""
        lowest = min(self.scores.values())
        return -lowest > _SIGNIFICANCE * self.standard_error and -lowest > _LEAD * max(self.scores.values())


def score_gain_orientations(frame_sum: NDArray[np.generic], gain: NDArray[np.float32]) -> GainScores:
    """Score a gain reference in all orientations that fit the frames.

    A pixel that counts too little has a gain above one, so the raw sum follows the inverse of the right gain.

    Parameters
    ----------
    frame_sum : (h, w) sum of raw frames, without gain; more electrons make it surer
    gain : (h, w) or (w, h) multiplicative reference

    Raises
    ------
    ParameterError
        When the gain has another size than the frames in every orientation.
    """
    fitting = [orientation for orientation in GainOrientation if _oriented_shape(gain, orientation) == frame_sum.shape]
    if not fitting:
        raise ParameterError(
            f"The gain reference is {gain.shape[1]} × {gain.shape[0]} pixels and fits frames of {frame_sum.shape[1]} × "
            f"{frame_sum.shape[0]} in no orientation; give the reference of this detector and binning."
        )
    counted = _pixelwise_deviation(frame_sum.astype(np.float32))
    usable = np.isfinite(gain) & (gain > 0)
    inverse = _pixelwise_deviation(np.divide(1.0, gain, out=np.ones(gain.shape, np.float32), where=usable))
    scores = {
        orientation: float(np.mean(counted * orient_gain(inverse, orientation), dtype=np.float64))
        for orientation in fitting
    }
    best = orient_gain(gain, max(scores, key=lambda orientation: scores[orientation]))
    equivalent = frozenset(
        orientation
        for orientation in fitting
        if np.allclose(orient_gain(gain, orientation), best, rtol=1e-3, atol=1e-6, equal_nan=True)
    )
    return GainScores(scores, standard_error=1.0 / float(np.sqrt(frame_sum.size)), equivalent=equivalent)


def _oriented_shape(gain: NDArray[np.float32], orientation: GainOrientation) -> tuple[int, ...]:
    return gain.shape[::-1] if orientation.exchanges_axes else gain.shape


def _pixelwise_deviation(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Relative deviation of each pixel from its neighbourhood, clipped, with mean 0 and variance 1 (or all zero)."""
    from scipy.ndimage import uniform_filter

    neighbourhood = uniform_filter(image, _NEIGHBOURHOOD, mode="nearest")
    level = max(float(np.median(neighbourhood)), 1e-6)
    deviation = image / np.maximum(neighbourhood, 0.05 * level) - 1.0
    spread = 1.4826 * float(np.median(np.abs(deviation)))
    if spread == 0.0:
        spread = float(deviation.std())
    np.clip(deviation, -_CLIP * spread, _CLIP * spread, out=deviation)
    deviation -= deviation.mean(dtype=np.float64)
    scale = deviation.std(dtype=np.float64)
    result: NDArray[np.float32] = deviation / np.float32(scale) if scale > 0 else deviation
    return result
