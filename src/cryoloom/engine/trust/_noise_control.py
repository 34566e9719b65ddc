"""Whether particles align better than images of nothing but noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.fourier import forward_transform, inverse_transform
from cryoloom.engine.refinement import find_poses

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.likelihood import ParticleImages
    from cryoloom.engine.refinement import RefinementState

SHARE, MOST = 0.2, 2000  # of the particles that are looked at, and how many at most
FEWEST = 10  # of a half set: of fewer, chance alone could explain whatever is found


@dataclass(frozen=True)
class NoiseControl:
    """How well particles, and noise made of each of them, align to a map that neither has entered.

    Parameters
    ----------
    particles, noise : (m,) logarithm of the likelihood of each image, less that of no particle at all
    """

    particles: NDArray[np.float64]
    noise: NDArray[np.float64]

    @property
    def more_than_noise(self) -> float:
        """Share of the particles that are more than noise, at least.

        Noise aligns better than the noise that is made of it as often as not. Whatever more than half of the particles
        do so are no noise, and as many again as are thought to be among them by chance.
        """
        better = float((self.particles > self.noise).mean())
        return max(0.0, 2.0 * better - 1.0)

    @property
    def error(self) -> float:
        """Standard error of that share, where it is small."""
        return float(1.0 / np.sqrt(len(self.particles)))

    @property
    def deviations(self) -> float:
        """By how many standard deviations of chance the particles align better than noise.

        By the ranks of the differences, with their signs (Wilcoxon 1945): few particles that align much better count as
        much as many that align a little better.
        """
        differences = self.particles - self.noise
        ranks = 1.0 + np.argsort(np.argsort(np.abs(differences)))
        return float((np.sign(differences) * ranks).sum() / np.sqrt((ranks**2).sum()))


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
    """Align some particles, and noise made of each of them, to the map of the other half set.

    The noise has the amplitudes of its particle, coefficient by coefficient, and phases that say nothing. If the
    particle is noise itself, the two are alike in all that matters, whatever the spectrum, and either may align better.
    A particle has not entered the map of the other half set, so neither of the two finds itself there.

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
    The likelihoods of a fifth of the particles, and of the noise that was made of them

    References
    ----------
    Wilcoxon (1945), Biometrics Bulletin 1:80-83, for the statistic.
    """
    random = np.random.default_rng([seed, 505])
    found: tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]] = ([], [])
    for number in (0, 1):
        half = random.permutation(np.flatnonzero(half_sets == number + 1))
        chosen = np.sort(half[: min(MOST // 2, max(FEWEST, round(SHARE * len(half))))])
        optics = particles.optics[chosen]
        seen = np.asarray(particles.images[chosen], np.float32)
        for kind, images in enumerate((seen, noise_of(seen, random, threads=threads))):

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


def noise_of(images: NDArray[np.float32], random: np.random.Generator, *, threads: int = 1) -> NDArray[np.float32]:
    """Images of noise with the amplitudes of others.

    Parameters
    ----------
    images : (m, box, box)
    random : gives the phases, those of white noise
    threads : threads to use; the result does not depend on it

    Returns
    -------
    (m, box, box), each with the mean and the power of its image at every frequency
    """
    noise = forward_transform(random.standard_normal(images.shape, np.float32), threads=threads)
    noise /= np.maximum(np.abs(noise), np.finfo(np.float32).tiny)
    transform = forward_transform(images, threads=threads)
    noise *= np.abs(transform)
    noise[:, 0, 0] = transform[:, 0, 0]
    return inverse_transform(noise, images.shape[1:], threads=threads, overwrite=True)
