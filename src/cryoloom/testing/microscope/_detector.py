"""The counting detector: unequal pixels, hot pixels, and electrons that arrive at random."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from cryoloom.testing.microscope import _kernels as kernels
from cryoloom.testing.microscope._parameters import DetectorParameters


@dataclass(frozen=True)
class Detector:
    """A detector and its flaws, which never move.

    Parameters
    ----------
    sensitivity : (y, x) share of the electrons that each pixel counts, about 1
    hot_pixels : (n, 2) x and y of the pixels that count what is not there
    hot_rates : (n,) what they count, in counts a frame
    gain : (y, x) gain reference, what counts are to be multiplied with; zero where the detector is dead
    """

    sensitivity: NDArray[np.float32]
    hot_pixels: NDArray[np.int64]
    hot_rates: NDArray[np.float64]
    gain: NDArray[np.float32]

    @classmethod
    def draw(cls, parameters: DetectorParameters, random: np.random.Generator) -> Detector:
        """Make a detector: fine and coarse differences between pixels, columns and tiles."""
        shape = (parameters.height, parameters.width)
        columns = random.normal(0.0, 1.0, (1, parameters.width))
        rows, tiles = np.arange(parameters.height) * 4 // parameters.height, np.arange(parameters.width) * 4
        tile = random.normal(0.0, 1.0, (4, 4))[rows][:, tiles // parameters.width]
        pattern = random.normal(0.0, 1.0, shape) + 0.5 * columns + 0.5 * tile
        sensitivity = 1.0 + parameters.gain_spread * (pattern - pattern.mean()) / pattern.std()
        sensitivity = np.clip(sensitivity, 0.5, 1.5).astype(np.float32)
        count = parameters.hot_pixel_count
        pixels = random.choice(parameters.width * parameters.height, count, replace=False)
        places = np.stack([pixels % parameters.width, pixels // parameters.width], axis=1)
        rates = random.uniform(40.0, 200.0, count)
        dead = random.choice(parameters.width, parameters.dead_column_count, replace=False)
        sensitivity[:, dead] = 0.0
        with np.errstate(divide="ignore"):
            gain = np.where(sensitivity > 0.0, 1.0 / sensitivity, 0.0)
        gain *= 1.0 + parameters.gain_error * _patches(parameters, random)
        return cls(sensitivity, places, rates, gain.astype(np.float32))

    def record(self, contrast: NDArray[np.float32], dose: float, seed: int, counts: NDArray[np.uint8]) -> None:
        """Record one frame.

        Parameters
        ----------
        contrast : (y, x) of the noiseless image about 1
        dose : electrons a pixel
        seed : 63 bits, another for every frame
        counts : (y, x) overwritten
        """
        kernels.record(contrast, dose, self.sensitivity, _poisson_table(), np.uint64(seed), counts)
        self.heat(seed, counts)

    def heat(self, seed: int, counts: NDArray[np.uint8]) -> None:
        """Overwrite what the hot pixels of one frame (y, x) have counted."""
        noise = np.random.default_rng(seed).poisson(self.hot_rates)
        counts[self.hot_pixels[:, 1], self.hot_pixels[:, 0]] = np.minimum(noise, 255)


def _patches(parameters: DetectorParameters, random: np.random.Generator) -> NDArray[np.float64]:
    """Draw where a gain reference is wrong: +1 or -1 in a few round places (y, x), 0 elsewhere."""
    y, x = np.ogrid[0 : parameters.height, 0 : parameters.width]
    error = np.zeros((parameters.height, parameters.width))
    for sign in (1.0, -1.0, 1.0, -1.0):
        centre = random.uniform(0.0, 1.0, 2) * (parameters.width, parameters.height)
        radius = random.uniform(0.05, 0.15) * parameters.width
        error[np.hypot(x - centre[0], y - centre[1]) < radius] = sign
    return error


def mend(image: NDArray[np.float32], flawed: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Replace flawed pixels by the median of the sound ones in 5 × 5 around them."""
    y, x = np.nonzero(flawed)
    rows = (y[:, None, None] + np.arange(-2, 3)[:, None]) % image.shape[0]
    columns = (x[:, None, None] + np.arange(-2, 3)) % image.shape[1]
    around = np.where(flawed[rows, columns], np.nan, image[rows, columns]).reshape(y.size, -1)
    image[y, x] = np.nanmedian(around, axis=1)
    return image


@cache
def _poisson_table() -> NDArray[np.uint32]:
    return kernels.poisson_table()
