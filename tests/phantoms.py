"""Maps of blobs, and refinements that have found what is known of them, for tests of whatever goes on from there."""

from __future__ import annotations

from typing import Any

import numpy as np

from cryoloom.engine.fsc import ShellCorrelation
from cryoloom.engine.likelihood import NoiseSpectrum, ParticleImages
from cryoloom.engine.refinement import RefinementState
from cryoloom.engine.symmetry import point_group


def blobs(positions: np.ndarray, weights: np.ndarray, width: float, *, box: int = 32) -> np.ndarray:
    """(box, box, box) Gaussians of a standard deviation, at places (n, 3) x, y, z from the centre; all in pixels."""
    grid = np.arange(box) - box // 2
    x, y, z = (np.exp(-((grid - p[:, None]) ** 2) / (2 * width**2)) for p in positions.T)
    return np.einsum("p,pz,py,px->zyx", weights, z, y, x).astype(np.float32)


def threefold(seed: int) -> np.ndarray:
    """Blobs of unequal weight with a threefold axis along Z, within a diameter of 22 pixels."""
    random = np.random.default_rng(seed)
    one = random.normal(size=(10, 3)) * [4.0, 4.0, 3.5] + [2.0, 0.0, 0.0]
    positions = np.concatenate([one @ operator.T for operator in point_group("C3").operators])
    return blobs(positions, np.tile(random.uniform(0.5, 1.5, 10), 3), 0.9)


def uneven(random: np.random.Generator, spread: tuple[float, float, float] = (5.0, 3.5, 2.5)) -> np.ndarray:
    """Fourteen blobs of unequal weight without symmetry."""
    return blobs(random.normal(size=(14, 3)) * spread, random.uniform(0.5, 1.5, 14), 1.2)


def found_state(
    particles: ParticleImages, rotations: np.ndarray, shifts: np.ndarray, half_maps: np.ndarray, **changes: Any
) -> RefinementState:
    """The last state of a refinement that has found these poses and half maps, but for what is to be changed."""
    count, nothing = len(particles), np.zeros(particles.box_size // 2 + 1)
    noise = NoiseSpectrum.of_images(np.asarray(particles.images)).shared_by(particles.optics)
    values: dict[str, Any] = {
        "iteration": 7,
        "finished": True,
        "rotations": rotations,
        "shifts": shifts,
        "scale": np.ones(count),
        "log_likelihood": np.zeros(count),
        "half_maps": half_maps,
        "combined_map": half_maps.mean(axis=0),
        "references": half_maps,
        "noise": (noise, noise),
        "curve": ShellCorrelation(nothing, nothing, nothing.astype(np.int64)),
        "radius": 14,
        "compared": 14,
        "has_signal": True,
        "everywhere": False,
        "moved": 0.0,
        "shifted": 0.0,
        "jumped": 0.0,
        "best_shell": 13.0,
        "stalled": 2,
        "ending": True,
    }
    return RefinementState(**values | changes)


def symmetrised_d4(volume: np.ndarray) -> np.ndarray:
    """The mean of all eight mates of a cubic map under D4 about the voxel n // 2, which are on voxels themselves."""

    def turned(one: np.ndarray, *axes: int) -> np.ndarray:
        """By half a turn about the third axis; of a transposed one, by a quarter."""
        return np.roll(np.flip(one, axes), 1, axes)

    halved = volume + turned(volume, 0, 1)
    halved = halved + turned(halved, 1, 2)
    return ((halved + turned(halved.swapaxes(1, 2), 2)) / 8).astype(np.float32)
