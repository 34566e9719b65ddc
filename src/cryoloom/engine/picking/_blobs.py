"""The first guess: blobs of about the particle's size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.fourier import forward_transform, inverse_transform, radial_frequency
from cryoloom.engine.picking._background import APART, allowed_peaks, noise_before_picking, noise_between
from cryoloom.engine.picking._peaks import Peaks
from cryoloom.engine.picking._threshold import count_within_false_share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.picking._spectrum import NoiseSpectrum
    from cryoloom.engine.picking._working_image import WorkingImage

FALSE_SHARE = 0.3  # of the blobs; the first guess may err
ROUNDS = 3
SAMPLES = 4  # of noise, to know its highest peaks well in a small field
SCALES = (0.6, 0.85, 1.1, 1.4)  # of the particle's diameter, which may be stated wrongly


def find_blobs(image: WorkingImage) -> Peaks:
    """Find blobs of about the particle's size, few of which are noise.

    The noise is told from the quietest parts first, and then measured between the blobs that were found.
    """
    blobs = Peaks(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    for number in range(ROUNDS):
        noise = noise_between(image, blobs) if number else noise_before_picking(image)
        response = blob_response(image.values, image.diameter, noise)
        found = allowed_peaks(image, response, apart=APART)
        of_noise = np.concatenate([_noise_blobs(image, noise, SAMPLES * number + i) for i in range(SAMPLES)])
        blobs = found.first(count_within_false_share(found.scores, of_noise, FALSE_SHARE, samples=SAMPLES))
    return blobs


def _noise_blobs(image: WorkingImage, noise: NoiseSpectrum, seed: int) -> NDArray[np.float32]:
    response = blob_response(noise.sample(image.values.shape, seed), image.diameter, noise)
    return allowed_peaks(image, response, apart=APART).scores


def blob_response(image: NDArray[np.float32], diameter: float, noise: NoiseSpectrum) -> NDArray[np.float32]:
    """Strongest response to Laplacian-of-Gaussian filters of several sizes, in standard deviations of noise.

    Parameters
    ----------
    image : (y, x) protein white
    diameter : of the particle in pixels; the filters answer best to discs of 0.6, 0.85, 1.1 and 1.4 times it
    noise : its spectrum, which says how much noise each filter lets through

    Returns
    -------
    (y, x)

    References
    ----------
    Lindeberg (1998), Int. J. Comput. Vis. 30:79-116.
    """
    shape = image.shape
    squared = (2 * np.pi * radial_frequency(shape)) ** 2
    both_mates = np.where(np.arange(squared.shape[1]) % (shape[1] / 2) == 0, 1.0, 2.0)
    transform = forward_transform(image)
    power = noise.at(radial_frequency(shape))
    strongest = np.full(shape, -np.inf, np.float32)
    for scale in SCALES:
        variance = (scale * diameter) ** 2 / 8  # of the Gaussian whose Laplacian fits a disc best
        response = squared * np.exp(-0.5 * squared * variance)
        deviation = np.sqrt((both_mates * power * response**2).sum() / image.size)
        filtered = inverse_transform(transform * (response / deviation).astype(np.float32), shape)
        np.maximum(strongest, filtered, out=strongest)
    return strongest
