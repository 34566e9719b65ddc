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


def start_map(
    reference: NDArray[np.float32], radius: int, shared_radius: int, sphere: NDArray[np.float32], *, threads: int
) -> NDArray[np.float32]:
    """The part of a reference that a half set is shown first: nothing at or beyond a radius in Fourier pixels.

    Parameters
    ----------
    reference : (box, box, box)
    radius : in Fourier pixels
    shared_radius : in Fourier pixels, of what both half sets are shown; if it is less, the sphere carries none of that
        beyond it
    sphere : (box, box, box) mask about the particle
    """
    levelled = reference - _background(reference, sphere)
    apart = shared_radius < radius
    inside = masked(levelled, sphere, shared_radius, threads=threads) if apart else levelled * sphere
    return limit_resolution(inside, radius - 0.5)


def masked(volume: NDArray[np.float32], mask: NDArray[np.float32], radius: int, *, threads: int) -> NDArray[np.float32]:
    """A map in a mask that carries nothing of what both half sets were shown to where they know nothing of each other.

    A mask mixes neighbouring frequencies: what both have in common within the radius, times the same mask, would agree
    beyond it. So that part is kept within the radius, and only what the half has found by itself is masked freely.

    Parameters
    ----------
    volume : (box, box, box)
    mask : (box, box, box) from 0 to 1
    radius : in Fourier pixels, of what both were shown
    """
    apart = beyond(volume, radius, threads=threads)
    within = limit_resolution((volume - apart) * mask, radius - 0.5, threads=threads)
    return within + apart * mask


def _background(volume: NDArray[np.float32], sphere: NDArray[np.float32]) -> float:
    """Mean outside of a sphere, or 0 if there is no outside."""
    outside = 1.0 - sphere.astype(np.float64)
    return float((volume * outside).sum() / outside.sum()) if outside.sum() > 1 else 0.0


def agreement(
    halves: NDArray[np.float32],
    mask: NDArray[np.float32],
    shared_radius: int,
    map_radius: int,
    *,
    pixel_size: float,
    threads: int,
) -> ShellCorrelation:
    """Correlation of two half maps in a mask.

    A mask carries a little of each shell into its neighbours. Beyond the radius that both halves were shown, maps are
    therefore compared without all that lies within.

    Parameters
    ----------
    halves : (2, box, box, box) maps
    mask : (box, box, box)
    shared_radius : in Fourier pixels, of what both were shown
    map_radius : in Fourier pixels; at and beyond it the maps hold nothing
    pixel_size : in Å

    Returns
    -------
    The curve; 0 in shells that hold nothing, where but the edge of the mask would be compared
    """
    levelled = [half - _background(half, mask) for half in halves]
    apart = [beyond(half, shared_radius, threads=threads) for half in halves]
    near, far = (
        fourier_shell_correlation(*maps, pixel_size=pixel_size, mask=mask, threads=threads)
        for maps in (levelled, apart)
    )
    shells = np.arange(len(near.correlation))
    curve = np.where(shells <= shared_radius, near.correlation, far.correlation)
    return replace(near, correlation=np.where(shells < map_radius, curve, 0.0))


def beyond(volume: NDArray[np.float32], radius: int, *, threads: int) -> NDArray[np.float32]:
    """What of a map lies at and beyond a radius in Fourier pixels, softly."""
    return volume - limit_resolution(volume, radius - 0.5, threads=threads)


def joined(
    within: NDArray[np.float32], apart: NDArray[np.float32], radius: int, *, threads: int
) -> NDArray[np.float32]:
    """A map of one up to a radius in Fourier pixels, and of another beyond it."""
    return limit_resolution(within, radius - 0.5, threads=threads) + beyond(apart, radius, threads=threads)


def deviations_beyond(
    curve: ShellCorrelation, shared_radius: int, map_radius: int, coefficients_per_number: float
) -> float:
    """By how many standard deviations of chance two half maps agree beyond what they were shown.

    Parameters
    ----------
    curve : of `agreement`
    shared_radius, map_radius : in Fourier pixels
    coefficients_per_number : of which one is independent of the others, by symmetry and mask
    """
    shells = slice(shared_radius + 1, map_radius)
    counts = curve.coefficients[shells] / coefficients_per_number
    if not len(counts):
        return 0.0
    # The correlation of n complex coefficients of noise scatters by √(1 / 2n). However far the agreement reaches:
    agreed = np.cumsum(curve.correlation[shells] * counts) / np.sqrt(0.5 * np.cumsum(counts))
    return float(agreed.max())


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
