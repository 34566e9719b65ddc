"""Bring a start that may be on any grey scale to that of the images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.fourier import forward_transform, inverse_transform
from cryoloom.engine.kernels import extract_coefficients, shift_factors
from cryoloom.engine.likelihood import ring_of
from cryoloom.engine.projection import volume_transform
from cryoloom.engine.refinement._poses import Compared, Slices, guess_everywhere

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.likelihood import ParticleImages
    from cryoloom.engine.refinement._half import EverywhereGrid, HalfInput

IMAGES = 400  # that the scale is told from
BATCH = 16  # images at most


def on_grey_scale_of(
    particles: ParticleImages, known: HalfInput, radius: int, grid: EverywhereGrid | None, *, threads: int
) -> NDArray[np.float32]:
    """Scale each shell of a map so that its projections explain images best.

    Poses, unless they are known, are found first with the scale left free, which makes the score a normalised
    correlation; then one factor per ring, not negative, follows by least squares.

    Parameters
    ----------
    particles : all images
    known : of one half set, with the map
    radius : frequencies below this many Fourier pixels are compared
    grid : where to look; none to take the known poses
    threads : threads to use; the result does not depend on it

    Returns
    -------
    (box, box, box) map
    """
    # So far only signs matter; a scale near 1 keeps squares within the range of single precision.
    reference = known.reference / np.float32(np.sqrt((known.reference.astype(np.float64) ** 2).sum()))
    volume = volume_transform(reference, radius=radius, threads=threads)
    explained, energy = np.zeros(radius + 1), np.zeros(radius + 1)
    slices: Slices | None = None
    size = BATCH if grid is None else min(BATCH, grid.images_at_once)
    for start in range(0, min(IMAGES, len(known.chosen)), size):
        rows = slice(start, min(start + size, IMAGES))
        chosen = known.chosen[rows]
        seen = particles.observe(chosen, radius, known.noise, threads=threads)
        compared = Compared(seen.whole, seen.transfer, seen.frequencies, particles.optics[chosen], particles.box_size)
        rotations, places = known.rotations[rows], known.places[rows]
        if grid is not None:
            if slices is None:
                slices = Slices.of(volume, grid.rotations, seen.frequencies, threads=threads)
            found = guess_everywhere(compared, slices, grid.places, free_scale=True, step=grid.step, threads=threads)
            best = found[np.flatnonzero(np.diff(found.owners, prepend=-1))]
            rotations, places = best.rotations, best.places
        slices_of_best = extract_coefficients(volume, rotations, seen.frequencies, threads=threads)
        slices_of_best *= compared.transfer * shift_factors(seen.frequencies, places, particles.box_size)
        product = (compared.values.conj() * slices_of_best).real.sum(axis=0, dtype=np.float64)
        square = (slices_of_best.real**2 + slices_of_best.imag**2).sum(axis=0, dtype=np.float64)
        explained += np.bincount(ring_of(seen.frequencies), product, radius + 1)
        energy += np.bincount(ring_of(seen.frequencies), square, radius + 1)
    factors = np.maximum(explained, 0.0) / np.maximum(energy, np.finfo(np.float64).tiny)
    factors[0] = factors[1]
    return _scaled(reference, factors, threads)


def _scaled(volume: NDArray[np.float32], factors: NDArray[np.float64], threads: int) -> NDArray[np.float32]:
    box = len(volume)
    axis = np.fft.fftfreq(box) * box
    distance = np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + np.arange(box // 2 + 1) ** 2)
    transform = forward_transform(volume, dimensions=3, threads=threads)
    transform *= np.interp(distance, np.arange(len(factors)), factors).astype(np.float32)
    return inverse_transform(transform, volume.shape, threads=threads, overwrite=True)
