"""What lies between the particles of an image, and where particles may lie."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.picking._peaks import Peaks, find_peaks
from cryoloom.engine.picking._smoothing import local_mean, smooth, within
from cryoloom.engine.picking._spectrum import NoiseSpectrum, measure_noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.picking._working_image import WorkingImage

APART = 0.7  # diameters, the smallest distance between two particles
EDGE = 0.5  # diameters, the smallest distance from the edge of the micrograph
OCCUPIED = 0.65  # diameters around the centre of a particle are no background
QUIET_SHARE = 0.2  # of the image, at most, to be free of particles
FINE_DETAIL, COARSE_DETAIL = 0.1, 0.4  # diameters; what is between them tells particles from noise
LEAST_BACKGROUND = 0.05  # of the image


def noise_before_picking(image: WorkingImage) -> NoiseSpectrum:
    """Spectrum of the noise, told from the quietest parts of an image of which nothing else is known.

    Quiet parts of pure noise are quieter than the rest as well. How much is seen in noise with the spectrum of the
    whole image, and made up for: in pure noise the result is the spectrum of the whole image.

    Parameters
    ----------
    image : some of it usable
    """
    whole = measure_noise(image.values, image.usable)
    quiet = _spectrum_of_quiet_part(image.values, image)
    quiet_in_noise = _spectrum_of_quiet_part(whole.sample(image.values.shape, 0), image)
    return NoiseSpectrum(whole.power * np.minimum(1.0, quiet.power / quiet_in_noise.power))


def _spectrum_of_quiet_part(values: NDArray[np.float32], image: WorkingImage) -> NoiseSpectrum:
    coarse = smooth(values, FINE_DETAIL * image.diameter) - smooth(values, COARSE_DETAIL * image.diameter)
    energy = smooth(coarse**2, 0.5 * image.diameter)
    return measure_noise(values, image.usable & (energy <= np.quantile(energy[image.usable], QUIET_SHARE)))


def with_even_noise(image: WorkingImage, particles: Peaks) -> WorkingImage:
    """The image divided by the deviation of what lies between its particles, over about two diameters.

    As it is prepared, an image has the same variance everywhere, that of particles included. Noise is then lower among
    strong particles than where there are none, and peaks of it there would pass for particles.

    Parameters
    ----------
    image : some of it usable
    particles : those known so far, the best first
    """
    variance = local_mean(image.values**2, _background(image, particles), 2 * image.diameter)
    return replace(image, values=image.values / np.sqrt(np.maximum(variance, 1e-6 * variance.max())))


def noise_between(image: WorkingImage, particles: Peaks) -> NoiseSpectrum:
    """Spectrum of the noise where there are no particles.

    Parameters
    ----------
    image : some of it usable
    particles : those known so far, the best first
    """
    return measure_noise(image.values, _background(image, particles))


def _background(image: WorkingImage, particles: Peaks) -> NDArray[np.bool_]:
    """What is no particle; where particles leave less than a twentieth of the image, only the better ones are spared.

    An image without background counts as a whole.
    """
    for count in (len(particles), len(particles) // 2, len(particles) // 4):
        centres = np.zeros(image.values.shape, bool)
        best = particles.first(count)
        centres[best.y, best.x] = True
        background = image.usable & ~within(centres, OCCUPIED * image.diameter)
        if background.mean() > LEAST_BACKGROUND:
            return background
    return image.usable


def allowed_peaks(image: WorkingImage, scores: NDArray[np.float32], *, apart: float) -> Peaks:
    """Peaks of a score map where particles may lie: not near the edge, nor where the image is unusable.

    Parameters
    ----------
    image : whose scores they are
    scores : (y, x)
    apart : smallest distance between two peaks, in diameters
    """
    distance, edge = apart * image.diameter, EDGE * image.diameter
    return find_peaks(scores, distance=distance, edge=edge, allowed=image.usable)
