"""Whether images of nothing but noise align as well as particles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.refinement import find_poses

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.likelihood import NoiseSpectrum, ParticleImages
    from cryoloom.engine.optics import ParticleOptics
    from cryoloom.engine.refinement import RefinementState

SHARE, MOST = 0.2, 2000  # of the particles that are looked at, and how many at most
FEWEST = 4  # of a half set
RARE = 95.0  # percent of the images of noise that align less well


@dataclass(frozen=True)
class NoiseControl:
    """How well particles and images of noise align to a map that neither has entered.

    Parameters
    ----------
    particles, noise : (m,) logarithm of the likelihood of each image, less that of no particle at all
    """

    particles: NDArray[np.float64]
    noise: NDArray[np.float64]

    @property
    def noise_as_good(self) -> float:
        """Share of the images of noise that align as well as half of the particles."""
        return float((self.noise >= np.median(self.particles)).mean())

    @property
    def particles_as_bad(self) -> float:
        """Share of the particles that align no better than the best twentieth of the noise."""
        return float((self.particles <= np.percentile(self.noise, RARE)).mean())


def noise_control(
    particles: ParticleImages,
    half_sets: NDArray[np.int64],
    state: RefinementState,
    symmetry: str,
    *,
    resolution: float,
    shift_radius: float,
    seed: int = 0,
    threads: int = 1,
    report: Callable[[float], None] | None = None,
) -> NoiseControl:
    """Align some particles, and images of noise made for each of them, to the map of the other half set.

    An image of noise has the spectrum of the noise of its particle's optics group, micrograph and half set, and is
    looked for with the contrast transfer of its particle. A particle has not entered the map of the other half set, so
    neither of the two finds itself there.

    Parameters
    ----------
    particles : n images
    half_sets : (n,) 1 or 2
    state : of the finished refinement
    symmetry : point group
    resolution : to which images are compared, in Å
    shift_radius : within which they are looked for, in Å
    seed : of choice and noise
    threads : threads to use; the result does not depend on it
    report : told the share that is done

    Returns
    -------
    The likelihoods of a fifth of the particles, and of as many images of noise
    """
    random = np.random.default_rng([seed, 505])
    found: tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]] = ([], [])
    for number in (0, 1):
        half = random.permutation(np.flatnonzero(half_sets == number + 1))
        chosen = np.sort(half[: min(MOST // 2, max(FEWEST, round(SHARE * len(half))))])
        optics = particles.optics[chosen]
        pictures = (
            np.asarray(particles.images[chosen]),
            noise_images(state.noise[number], optics, particles.box_size, random),
        )
        for kind, images in enumerate(pictures):

            def told(share: float, done: int = 2 * number + kind) -> None:
                if report is not None:
                    report((done + share) / 4)

            poses = find_poses(
                replace(particles, images=images, optics=optics),
                state.references[1 - number],
                resolution=resolution,
                symmetry=symmetry,
                shift_radius=shift_radius,
                noise=state.noise[number],
                seed=seed,
                threads=threads,
                report=told,
            )
            found[kind].append(poses.log_likelihood)
    return NoiseControl(np.concatenate(found[0]), np.concatenate(found[1]))


def noise_images(
    noise: NoiseSpectrum, optics: ParticleOptics, box_size: int, random: np.random.Generator
) -> NDArray[np.float32]:
    """Images of noise of a known spectrum.

    Parameters
    ----------
    noise : spectrum of each optics group, with factors of each micrograph
    optics : of each image
    box_size : edge in pixels
    random : gives the noise

    Returns
    -------
    (m, box, box)
    """
    white = np.fft.rfft2(random.standard_normal((len(optics), box_size, box_size), np.float32))
    ring = np.rint(np.hypot(np.fft.fftfreq(box_size)[:, None], np.fft.rfftfreq(box_size)) * box_size).astype(np.int64)
    rings = np.minimum(ring, noise.power.shape[-1] - 1)
    deviation = noise.deviation(rings.ravel(), optics).reshape(-1, *ring.shape)
    return np.fft.irfft2(white * deviation / box_size, (box_size, box_size)).astype(np.float32)
