"""Find particles that look like given images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.fourier import resize_image
from cryoloom.engine.optics import transfer_function
from cryoloom.engine.picking._background import APART, allowed_peaks, noise_between
from cryoloom.engine.picking._blobs import find_blobs
from cryoloom.engine.picking._correlation import Correlator
from cryoloom.engine.picking._peaks import echoes
from cryoloom.engine.picking._pick import ALONE, Picks, as_picks
from cryoloom.engine.picking._threshold import count_within_false_share
from cryoloom.engine.picking._working_image import WorkingImage, prepare
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.optics import ContrastTransfer
    from cryoloom.engine.picking._spectrum import NoiseSpectrum

FALSE_SHARE = 0.01  # of the picks that noise is expected to have at most
ECHO = 0.5  # of the score of a higher peak within a diameter, which a particle reaches
RADIUS = 0.55  # diameters, the part of a template that is looked at
SOFT_EDGE = 1.5  # pixels
ROTATIONS = 60  # 6° apart: at most 0.8 pixels at the particle's rim


def pick_with_templates(
    micrograph: NDArray[np.number[Any]],
    templates: NDArray[np.floating[Any]],
    *,
    template_pixel_size: float,
    diameter: float,
    pixel_size: float,
    contrast_sign: int = -1,
    transfer: ContrastTransfer | None = None,
    threads: int = 1,
) -> Picks:
    """Find particles that look like projections or class averages, turned in the plane at any angle.

    Each template is a filter matched to the noise between the blobs of the micrograph. The best one at every place
    counts. How high a score must be is read from noise of the same spectrum.

    Parameters
    ----------
    micrograph : (y, x)
    templates : (t, n, n) protein white, centred at ``n // 2``
    template_pixel_size : in Å
    diameter : of the particle, in Å; what of a template lies beyond is ignored
    pixel_size : of the micrograph, in Å
    contrast_sign : -1 if protein is dark in the micrograph, +1 if it is white
    transfer : the micrograph's, which templates without one of their own are given; None leaves them as they are
    threads : threads to use; the result does not depend on it

    Returns
    -------
    Particles as `pick_particles` returns them; scores are in standard deviations of noise, classes count templates.

    Raises
    ------
    ParameterError
        If the templates are no stack of square images, or all flat, or the micrograph or diameter does not fit.

    Notes
    -----
    Time O(N log N) for the N pixels of the micrograph, and 120 transforms a template of an image in which the diameter
    has 16 pixels.

    References
    ----------
    Roseman (2003), Ultramicroscopy 94:225-236; Sigworth (2004), J. Struct. Biol. 145:111-122, for the matched filter.
    """
    if templates.ndim != 3 or templates.shape[1] != templates.shape[2] or not len(templates):
        raise ParameterError(f"Templates are a stack of square images; these have the shape {templates.shape}.")
    if not template_pixel_size > 0:
        raise ParameterError(f"The pixel size of the templates ({template_pixel_size:g} Å) must be positive.")
    image = prepare(micrograph, diameter=diameter, pixel_size=pixel_size, contrast_sign=contrast_sign, threads=threads)
    if not image.usable.any():
        return as_picks(image, [])
    noise = noise_between(image, find_blobs(image))
    kernels = _kernels(templates, template_pixel_size, image, pixel_size, noise, transfer)
    scores, classes = _best(image.values, kernels, threads)
    of_noise, _ = _best(noise.sample(image.values.shape, 0), kernels, threads)
    found = allowed_peaks(image, scores, apart=APART)
    found = found.where(~echoes(found, reach=ALONE * image.diameter, share=ECHO))
    noise_scores = allowed_peaks(image, of_noise, apart=APART).scores
    found = found.first(count_within_false_share(found.scores, noise_scores, FALSE_SHARE))
    return as_picks(image, [(found, scores)], classes)


def _kernels(
    templates: NDArray[np.floating[Any]],
    template_pixel_size: float,
    image: WorkingImage,
    pixel_size: float,
    noise: NoiseSpectrum,
    transfer: ContrastTransfer | None,
) -> NDArray[np.complex64]:
    """Matched filters (t, ROTATIONS / 2, s, s): two rotations each, one as real and one as imaginary part."""
    working_pixel_size = pixel_size * 0.5 * (image.scale_x + image.scale_y)
    reach = int(np.ceil(image.diameter))
    size = 4 * reach
    frequency_y, frequency_x = np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)
    frequency = np.hypot(frequency_y, frequency_x)
    spectrum = noise.at(frequency)
    # The image has lost what is wider than a diameter.
    change = 1 - np.exp(-2 * (np.pi * frequency * image.diameter) ** 2)
    if transfer is not None:
        change *= transfer_function(frequency_y / working_pixel_size, frequency_x / working_pixel_size, transfer)
    centre = slice(size // 2 - reach, size // 2 + reach + 1)
    kernels = []
    for template in templates:
        turned = _rotations(template, template_pixel_size / working_pixel_size, image.diameter, size)
        expected = np.fft.fft2(turned) * change
        power = (np.abs(expected) ** 2 / spectrum).sum(axis=(1, 2), keepdims=True) / size**2
        if not np.all(power > 0):
            raise ParameterError("A template is flat within the particle's diameter; leave it out.")
        filters = np.fft.ifft2(expected / spectrum).real / np.sqrt(power)
        kernels.append(filters[::2, centre, centre] + 1j * filters[1::2, centre, centre])
    return np.stack(kernels).astype(np.complex64)


def _rotations(template: NDArray[np.floating[Any]], scale: float, diameter: float, size: int) -> NDArray[np.float64]:
    """A template at all rotations, masked (ROTATIONS, size, size), its centre at ``size // 2``.

    Parameters
    ----------
    template : (n, n)
    scale : its pixel size over that of the image
    diameter : in pixels of the image
    size : edge of the result in pixels of the image
    """
    from scipy.ndimage import map_coordinates

    box = len(template)
    coarse_box = max(8, 2 * round(box * scale / 2))
    coarse = resize_image(template, (coarse_box, coarse_box)).astype(np.float64)
    step = coarse_box / (box * scale)
    axis = np.arange(size) - size // 2
    y, x = np.meshgrid(axis, axis, indexing="ij")
    angle = np.arange(ROTATIONS)[:, None, None] * (2 * np.pi / ROTATIONS)
    origin = box // 2 * coarse_box / box
    from_y = origin + step * (np.cos(angle) * y - np.sin(angle) * x)
    from_x = origin + step * (np.sin(angle) * y + np.cos(angle) * x)
    turned = map_coordinates(coarse, [from_y, from_x], order=3, mode="nearest")
    mask = np.clip((RADIUS * diameter - np.hypot(y, x)) / SOFT_EDGE + 0.5, 0.0, 1.0)
    turned -= (turned * mask).sum(axis=(1, 2), keepdims=True) / mask.sum()
    return np.asarray(turned * mask)


def _best(
    values: NDArray[np.float32], kernels: NDArray[np.complex64], threads: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Highest score at each pixel, and the template it belongs to."""
    correlate = Correlator(values, kernels.shape[-1] // 2, threads=threads)
    best = np.full(values.shape, -np.inf, np.float32)
    classes = np.zeros(values.shape, np.int64)
    for number, rotations in enumerate(kernels):
        for kernel in rotations:
            both = correlate(kernel)
            score = np.maximum(both.real, -both.imag)
            better = score > best
            best[better] = score[better]
            classes[better] = number
    return best, classes
