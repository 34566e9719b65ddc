"""Maps that images are compared with: how a start is prepared, and what the agreement of the halves leaves of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.fsc import ShellCorrelation, fourier_shell_correlation
from cryoloom.engine.maps import limit_resolution, soft_sphere

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.likelihood import ParticleImages

EDGE = 5.0  # width of the soft edge of the sphere about the particle, in pixels
THRESHOLD = 0.143  # of the correlation of two half maps
HIGHEST = 0.999  # correlation that is believed


def particle_sphere(particles: ParticleImages) -> NDArray[np.float32]:
    """(box, box, box) soft mask about the particle; it knows nothing of any map."""
    return soft_sphere(particles.box_size, 0.5 * particles.diameter / particles.pixel_size, EDGE)


def start_map(reference: NDArray[np.float32], radius: float, sphere: NDArray[np.float32]) -> NDArray[np.float32]:
    """The part of a reference that both half sets are shown: nothing at or beyond a radius in Fourier pixels."""
    inside = (reference - _background(reference, sphere)) * sphere
    return limit_resolution(inside, radius - 0.5)


def _background(volume: NDArray[np.float32], sphere: NDArray[np.float32]) -> float:
    """Mean outside of a sphere, or 0 if there is no outside."""
    outside = 1.0 - sphere.astype(np.float64)
    return float((volume * outside).sum() / outside.sum()) if outside.sum() > 1 else 0.0


def agreement(
    halves: NDArray[np.float32], sphere: NDArray[np.float32], map_radius: int, *, pixel_size: float, threads: int
) -> ShellCorrelation:
    """Correlation of two half maps in a sphere; 0 in shells that hold nothing, where but the sphere's edge is left."""
    levelled = [half - _background(half, sphere) for half in halves]
    curve = fourier_shell_correlation(*levelled, pixel_size=pixel_size, mask=sphere, threads=threads)
    filled = np.arange(len(curve.correlation)) < map_radius
    return replace(curve, correlation=np.where(filled, curve.correlation, 0.0))


def resolved_shell(curve: ShellCorrelation) -> float:
    """Up to which shell, interpolated, two half maps agree; at least 1."""
    below = np.flatnonzero(curve.correlation[1:] < THRESHOLD) + 1
    if not below.size:
        return float(len(curve.correlation) - 1)
    shell = int(below[0])
    before, after = curve.correlation[shell - 1], curve.correlation[shell]
    return max(1.0, shell - 1 + float((before - THRESHOLD) / (before - after)))


def signal_to_noise(curve: ShellCorrelation) -> NDArray[np.float64]:
    """Ratio (s,) of the power of signal and noise in each shell of one half map.

    Beyond the first shell in which the halves disagree, no more is believed than that they could just be told to agree.
    """
    believed = np.clip(curve.correlation, 0.0, HIGHEST)
    believed[0] = HIGHEST
    beyond = int(resolved_shell(curve)) + 1
    believed[beyond:] = np.minimum(believed[beyond:], THRESHOLD)
    ratio: NDArray[np.float64] = believed / (1.0 - believed)
    return ratio
