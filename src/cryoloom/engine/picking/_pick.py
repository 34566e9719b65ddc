"""Find particles of which only the diameter is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.picking._appearance import Appearance, learn_appearance, likelihood_ratio, without_particles
from cryoloom.engine.picking._background import APART, allowed_peaks, noise_between, with_even_noise
from cryoloom.engine.picking._blobs import find_blobs
from cryoloom.engine.picking._peaks import Peaks, echoes, refine
from cryoloom.engine.picking._threshold import count_within_false_share
from cryoloom.engine.picking._working_image import WorkingImage, prepare

if TYPE_CHECKING:
    from numpy.typing import NDArray

FALSE_SHARE = 0.05  # of the picks that noise is expected to have at most
ALONE = 1.0  # diameters: nearer ones may be parts of the same particle, unless they stand without it
ECHO_REACH, ECHO = 1.3, 0.1  # diameters from a particle, and the share of its score that another one reaches
ROUNDS = 3
BLOBS_SHARE = 0.1  # of the time, which goes into the first guess; a round takes two measures of the rest, the end one


@dataclass(frozen=True)
class Picks:
    """Particles found in a micrograph.

    Parameters
    ----------
    coordinates : (n, 2) x and y in pixels of the micrograph, origin at the centre of the first pixel
    scores : (n,) falling
    classes : (n,) from 0, the template that fits best; 0 without templates
    excluded_share : of the area of the micrograph, taken by film, crystals, gold and aggregates
    """

    coordinates: NDArray[np.float64]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]
    excluded_share: float


def pick_particles(
    micrograph: NDArray[np.number[Any]],
    *,
    diameter: float,
    pixel_size: float,
    contrast_sign: int = -1,
    threads: int = 1,
    report: Callable[[float], None] | None = None,
) -> Picks:
    """Find particles of which only the diameter is known.

    Blobs of about the diameter are the first guess. What particles look like, whatever their orientation, is then
    learned from the guess, and every place is given the logarithm of how much more likely it is a particle than noise;
    the places that are found teach the next round. How high a score must be is read from noise made with the spectrum
    of the micrograph's own background. Near a particle only what remains after subtracting it counts.

    Parameters
    ----------
    micrograph : (y, x)
    diameter : of the particle, in Å
    pixel_size : of the micrograph, in Å
    contrast_sign : -1 if protein is dark in the micrograph, +1 if it is white
    threads : threads to use; the result does not depend on it
    report : told what share of the work has been done

    Returns
    -------
    Particles at least half a diameter from the edge and 0.7 diameters from each other, none on film, crystals, gold or
    aggregates. Scores are natural logarithms of likelihood ratios.

    Raises
    ------
    ParameterError
        If the micrograph is not an image of numbers, or the diameter does not fit it.

    Notes
    -----
    Time O(N log N) for the N pixels of the micrograph, and about 1000 transforms of an image in which the diameter has
    16 pixels.
    """
    tell = report or (lambda _share: None)
    prepared = prepare(
        micrograph, diameter=diameter, pixel_size=pixel_size, contrast_sign=contrast_sign, threads=threads
    )
    if not prepared.usable.any():
        return as_picks(prepared, [])
    peaks = find_blobs(prepared)
    for number in range(ROUNDS):
        tell(BLOBS_SHARE + (1 - BLOBS_SHARE) * 2 * number / (2 * ROUNDS + 1))
        if not len(peaks):
            return as_picks(prepared, [])
        image = with_even_noise(prepared, peaks)
        noise = noise_between(image, peaks)
        appearance = learn_appearance(image, peaks, noise)
        scores = likelihood_ratio(image.values, appearance, threads=threads)
        of_noise = likelihood_ratio(noise.sample(image.values.shape, number), appearance, threads=threads)
        noise_scores = allowed_peaks(image, of_noise, apart=APART).scores
        found = allowed_peaks(image, scores, apart=ALONE)
        found = found.where((found.scores > 0) & ~echoes(found, reach=ECHO_REACH * image.diameter, share=ECHO))
        peaks = found.first(count_within_false_share(found.scores, noise_scores, FALSE_SHARE))
    tell(BLOBS_SHARE + (1 - BLOBS_SHARE) * 2 * ROUNDS / (2 * ROUNDS + 1))
    neighbours, remaining_scores = _neighbours(image, peaks, appearance, noise_scores, threads)
    return as_picks(image, [(peaks, scores), (neighbours, remaining_scores)])


def as_picks(
    image: WorkingImage,
    found: list[tuple[Peaks, NDArray[np.float32]]],
    classes: NDArray[np.int64] | None = None,
) -> Picks:
    """Turn peaks of score maps into coordinates.

    Parameters
    ----------
    image : where they were found
    found : peaks, and the map they were found in
    classes : (y, x) class of the particle that a place may hold
    """
    parts = [np.empty((0, 2))] + [image.to_micrograph(*refine(scores, peaks)) for peaks, scores in found]
    coordinates = np.concatenate(parts)
    heights = np.concatenate([np.empty(0, np.float32)] + [peaks.scores for peaks, _ in found])
    kinds = np.zeros(len(heights), np.int64)
    if classes is not None:
        kinds = np.concatenate([classes[peaks.y, peaks.x] for peaks, _ in found])
    order = np.argsort(-heights, kind="stable")
    return Picks(coordinates[order], heights[order], kinds[order], 1.0 - float(image.usable.mean()))


def _neighbours(
    image: WorkingImage,
    peaks: Peaks,
    appearance: Appearance,
    noise_scores: NDArray[np.float32],
    threads: int,
) -> tuple[Peaks, NDArray[np.float32]]:
    """Particles that are seen once those found are subtracted, and the map they are seen in."""
    from scipy.spatial import KDTree

    remaining = without_particles(image.values, peaks, appearance)
    scores = likelihood_ratio(remaining, appearance, threads=threads)
    found = allowed_peaks(image, scores, apart=APART)
    if len(peaks):
        distance, _ = KDTree(np.stack([peaks.x, peaks.y], axis=1)).query(np.stack([found.x, found.y], axis=1))
        found = found.where(distance >= APART * image.diameter)
    is_echo = echoes(found, beside=peaks, reach=ECHO_REACH * image.diameter, share=ECHO)
    found = found.where((found.scores > 0) & ~is_echo)
    both = -np.sort(-np.concatenate([peaks.scores, found.scores]))
    count = count_within_false_share(both, noise_scores, FALSE_SHARE)
    return found.where(found.scores >= both[count - 1] if count else np.zeros(len(found), bool)), scores
