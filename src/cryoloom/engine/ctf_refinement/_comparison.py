"""Particles beside the projections that they should be images of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.kernels import extract_coefficients, shift_factors
from cryoloom.engine.likelihood import ParticleImages, fourier_disc, ring_of
from cryoloom.engine.projection import volume_transform
from cryoloom.engine.threads import results_in_order
from cryoloom.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.optics import ParticleOptics

BATCH = 32  # particles compared at once
_SAMPLE = 512  # particles of a group and half from which scale and noise are told
_SIGNIFICANT = 2.0  # standard errors by which a ring's scale must exceed nothing


@dataclass(frozen=True)
class Compared:
    """Some particles and their projections, weighted so that squares of differences are logarithms of likelihood.

    Parameters
    ----------
    products : (m, k) image times conjugate projection
    powers : (m, k) square of the projection
    phases : (m, k) whose sine is the transfer function
    """

    products: NDArray[np.complex64]
    powers: NDArray[np.float32]
    phases: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Particles with known poses, and maps that they are images of.

    The projection is put on the scale of the images ring by ring, so that a map may have any grey scale and sharpness.

    Parameters
    ----------
    images : n particles
    rotations : (n, 3, 3) from reference axes to image axes
    shifts : (n, 2) x and y in Å that centre the images
    half : (n,) number of the map that each particle is compared with, from 0: its own half set's, or the other's
    transforms : of the maps, for slices
    frequencies : (k, 2) that are compared, in Fourier pixels, by growing length
    ring : (k,) of each
    scale : (g, h, r) of images of group g against map h in each ring; 0 where they have nothing in common
    noise : (g, h, r) mean square modulus of what the images hold beside
    noise_share : (r,) noise over signal of the maps in each ring, if the particles are in them; else 0
    own : (g, h, r) share by which an image, times its transfer function, is in the projection that it is compared with
    made_with : optics of the particles with which the maps were made
    """

    images: ParticleImages
    rotations: NDArray[np.float64]
    shifts: NDArray[np.float64]
    half: NDArray[np.int64]
    transforms: tuple[NDArray[np.complex64], ...]
    frequencies: NDArray[np.float32]
    ring: NDArray[np.int64]
    scale: NDArray[np.float64]
    noise: NDArray[np.float64]
    noise_share: NDArray[np.float64]
    own: NDArray[np.float64]
    made_with: ParticleOptics

    @property
    def in_angstrom(self) -> NDArray[np.float64]:
        """(k, 2) frequencies in 1/Å."""
        return self.frequencies.astype(np.float64) / (self.images.box_size * self.images.pixel_size)

    def with_optics(self, optics: ParticleOptics, shifts: NDArray[np.float64]) -> Comparison:
        """The same particles, their optics better known."""
        return replace(self, images=replace(self.images, optics=optics), shifts=shifts)

    def weights(self, chosen: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(m, k) weights of products and of powers."""
        group, half = self.images.optics.group[chosen], self.half[chosen]
        scale, noise = (values[group, half][:, self.ring] for values in (self.scale, self.noise))
        return (scale / noise).astype(np.float32), (scale**2 / noise).astype(np.float32)

    def centred(self, chosen: NDArray[np.int64]) -> NDArray[np.complex64]:
        """(m, k) coefficients of centred images, free of the odd aberrations that are known."""
        values = self.images.coefficients(chosen, self.frequencies)
        values *= shift_factors(self.frequencies, self.shifts[chosen] / self.images.pixel_size, self.images.box_size)
        return self.images.optics[chosen].demodulate(values, self.in_angstrom)

    def projected(
        self, chosen: NDArray[np.int64], displacement: tuple[float, float] = (0.0, 0.0)
    ) -> NDArray[np.complex64]:
        """(m, k) coefficients of projections, at frequencies displaced by so many Fourier pixels."""
        matrices = self.images.optics.slicing_matrices(self.rotations[chosen], chosen)
        frequencies = self.frequencies + np.array(displacement, np.float32)
        values = np.empty((len(chosen), len(frequencies)), np.complex64)
        for number, transform in enumerate(self.transforms):
            here = np.flatnonzero(self.half[chosen] == number)
            if len(here):
                values[here] = extract_coefficients(transform, matrices[here], frequencies)
        return values

    def contribution(self, chosen: NDArray[np.int64], images: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """(m, k) what is in a map of centred images, but for their share."""
        # An odd aberration that has become known since was not taken out when the map was made.
        now, then = self.images.optics[chosen], self.made_with[chosen]
        turned = then.demodulate(now.modulate(images, self.in_angstrom), self.in_angstrom)
        return turned * then.transfer(self.in_angstrom)

    def of(self, chosen: NDArray[np.int64]) -> Compared:
        """Compare particles with their projections, from which they have been taken out themselves."""
        projection, images = self.projected(chosen), self.centred(chosen)
        if self.own.any():
            share = self.own[self.images.optics.group[chosen], self.half[chosen]][:, self.ring].astype(np.float32)
            projection -= share * self.contribution(chosen, images)
        for_products, for_powers = self.weights(chosen)
        products = images * projection.conj() * for_products
        powers = (projection.real**2 + projection.imag**2) * for_powers
        optics = self.images.optics[chosen]
        damping = optics.damping(self.in_angstrom)
        if damping is not None:
            products, powers = products * damping, powers * damping**2
        return Compared(products, powers, optics.phase(self.in_angstrom))


def compare(
    images: ParticleImages,
    rotations: NDArray[np.float64],
    shifts: NDArray[np.float64],
    half: NDArray[np.int64],
    maps: Sequence[NDArray[np.float32]],
    *,
    coarsest: float,
    finest: float | None,
    noise_share: NDArray[np.float64] | None = None,
    threads: int = 1,
) -> Comparison:
    """Put particles beside maps.

    Parameters
    ----------
    images : n particles
    rotations, shifts, half : of each, see `Comparison`
    maps : (box, box, box) on the grid of the images
    coarsest, finest : resolutions between which they are compared, in Å; ``finest`` may be None
    noise_share : (f, 2) of the maps, see `Reference`; None if the particles are not in them
    threads : threads to use; the result does not depend on it

    Raises
    ------
    InputError
        If particles and maps have nothing in common.
    """
    extent = images.box_size * images.pixel_size
    radius = images.largest_radius - 1
    if finest is not None:
        radius = min(radius, int(extent / finest))
    disc = fourier_disc(max(radius, 1))
    length = np.hypot(*disc.astype(np.float64).T)
    kept = np.flatnonzero(length >= extent / coarsest)
    if not len(kept):
        raise InputError(
            f"There is nothing to compare between {coarsest:g} and {extent / max(radius, 1):.1f} Å; let coarser "
            "details take part, or use particles with smaller pixels."
        )
    frequencies = disc[kept[np.argsort(length[kept], kind="stable")]]
    ring = ring_of(frequencies)
    transforms = tuple(volume_transform(each, threads=threads) for each in maps)
    shape = (len(images.optics.groups), len(maps), int(ring.max()) + 1)
    empty = np.zeros(shape)
    ratio = np.zeros(shape[-1])
    if noise_share is not None:
        ratio = np.interp(np.arange(shape[-1]) / extent, *noise_share.T)
    bare = Comparison(
        images,
        rotations,
        shifts,
        half,
        transforms,
        frequencies,
        ring,
        scale=empty,
        noise=empty,
        noise_share=ratio,
        own=empty,
        made_with=images.optics,
    )
    return measured(bare, threads=threads)


def measured(comparison: Comparison, *, threads: int = 1) -> Comparison:
    """The same comparison, with scale and noise measured anew.

    Raises
    ------
    InputError
        If particles and maps have nothing in common.
    """
    scale, noise, own = (np.zeros_like(comparison.scale) for _ in range(3))
    for group, number in np.ndindex(scale.shape[:2]):
        place = group, number
        scale[place], noise[place], own[place] = _scale_and_noise(comparison, group, number, threads)
    if not scale.any():
        raise InputError(
            "The particles do not resemble the reference in their poses: it may be another particle's, inverted in "
            "contrast or of the other hand, or the poses may belong to another map."
        )
    return replace(comparison, scale=scale, noise=noise, own=own)


def across_halves(comparison: Comparison, *, threads: int = 1) -> Comparison:
    """The same particles, each compared with the map of the other half set, which does not hold it.

    What many particles share is told from this: noise of an image has no counterpart in its projection. With one map
    the comparison stays as it is.

    Raises
    ------
    InputError
        If the particles have nothing in common with that map.
    """
    if len(comparison.transforms) == 1:
        return comparison
    apart = replace(comparison, half=1 - comparison.half, noise_share=np.zeros_like(comparison.noise_share))
    return measured(apart, threads=threads)


def batches(chosen: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Particles in parts that are compared at once."""
    return [chosen[start : start + BATCH] for start in range(0, len(chosen), BATCH)]


def thinned(chosen: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most so many of them, evenly spread."""
    if len(chosen) <= most:
        return chosen
    return chosen[np.linspace(0, len(chosen) - 1, most).astype(np.int64)]


def _scale_and_noise(
    bare: Comparison, group: int, number: int, threads: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Scale, noise, and share of an image in its own projection, (r,) each."""
    rings = bare.scale.shape[-1]
    mine = np.flatnonzero((bare.images.optics.group == group) & (bare.half == number))
    sample = thinned(mine, _SAMPLE)

    def sums(part: NDArray[np.int64]) -> NDArray[np.float64]:
        images, projections = bare.centred(part), bare.projected(part)
        transfer = bare.images.optics[part].transfer(bare.in_angstrom)
        self_made = bare.contribution(part, images)
        products = (
            transfer * (images * projections.conj()).real,
            transfer**2 * (projections.real**2 + projections.imag**2),
            images.real**2 + images.imag**2,
            projections.real**2 + projections.imag**2,
            transfer * (images * self_made.conj()).real,
            transfer**2 * (projections * self_made.conj()).real,
            transfer**2 * (self_made.real**2 + self_made.imag**2),
        )
        return np.stack([np.bincount(bare.ring, each.sum(axis=0, dtype=np.float64), rings) for each in products])

    total = sum(results_in_order(sums, batches(sample), threads), np.zeros((7, rings)))
    product, power, whole, bright, with_own, between, own_power = total
    count = np.maximum(np.bincount(bare.ring, minlength=rings) * max(len(sample), 1), 1)
    noise = _noise(product, power, whole, count)
    own = bare.noise_share * bright / count / noise
    product = product - own * with_own
    power = np.maximum(power - 2 * own * between + own**2 * own_power, 0.0)
    noise = _noise(product, power, whole, count)
    significant = product > _SIGNIFICANT * np.sqrt(0.5 * noise * power)
    scale = np.divide(product, power, out=np.zeros(rings), where=significant & (power > 0))
    return scale, noise, own


def _noise(
    product: NDArray[np.float64], power: NDArray[np.float64], whole: NDArray[np.float64], count: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Mean square modulus of what projections do not explain."""
    explained = np.divide(product**2, power, out=np.zeros(len(power)), where=power > 0)
    noise = np.maximum(whole - explained, 1e-6 * whole) / count
    return np.where(noise > 0, noise, 1.0)
