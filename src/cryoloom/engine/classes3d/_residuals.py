"""What the map of all particles leaves of each image."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.fourier import good_even_size
from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.kernels import extract_coefficients, shift_factors
from cryoloom.engine.likelihood import NoiseSpectrum, ResidualPower, fourier_disc, ring_of
from cryoloom.engine.maps import soft_sphere
from cryoloom.engine.projection import volume_transform
from cryoloom.engine.reconstruction import FourierSums
from cryoloom.engine.refinement import signal_to_noise
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.likelihood import Observations, ParticleImages
    from cryoloom.engine.orientations import KnownPoses

BATCH = 128
NOISE_IMAGES = 1000  # of which the spectrum of the noise is taken
EDGE = 2.0  # width of the soft edge of the sphere about the particle, in voxels
TURN = np.deg2rad(1.0)  # by which the derivative of a slice with respect to its orientation is taken
DEFOCUS = 100.0  # Å, likewise
RIDGE = 1e-4  # of the power of a nuisance, which keeps like ones apart
LEAST_AGREEMENT = 0.5  # of the maps of both halves in the first shells, without which poses are no poses


@dataclass(frozen=True)
class Residuals:
    """Whitened images of one half set, less the projections of its map and less what errors of poses could do to them.

    Parameters
    ----------
    values : (n, k) residual coefficients
    transfer : (n, k) whitened transfer functions
    matrices : (n, 3, 3) at which slices are read
    frequencies : (k, 2) x and y in Fourier pixels
    """

    values: NDArray[np.complex64]
    transfer: NDArray[np.float32]
    matrices: NDArray[np.float64]
    frequencies: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.values)

    def slices(
        self, volume: NDArray[np.float32], radius: float, chosen: NDArray[np.int64], *, threads: int
    ) -> NDArray[np.complex64]:
        """What a map (box, box, box) adds to chosen images (m, k)."""
        transform = volume_transform(volume, radius=radius, threads=threads)
        slices = extract_coefficients(transform, self.matrices[chosen], self.frequencies, threads=threads)
        slices *= self.transfer[chosen]
        return slices


@dataclass(frozen=True)
class Consensus:
    """Both half sets as they are before any class is told.

    Parameters
    ----------
    halves : residuals of each half set
    signal_to_noise : (s,) of each shell of one half's map
    radius : of the sums of slices, in Fourier pixels
    box_size : of the grid on which differences are mapped, in voxels over the extent of the images
    pixel_size : of that grid, in Å
    """

    halves: tuple[Residuals, Residuals]
    signal_to_noise: NDArray[np.float64]
    radius: float
    box_size: int
    pixel_size: float


def consensus(
    particles: ParticleImages,
    poses: KnownPoses,
    members: tuple[NDArray[np.int64], NDArray[np.int64]],
    radius: int,
    operators: NDArray[np.float64],
    *,
    threads: int,
) -> Consensus:
    """Take a map away from all images of each half set.

    Parameters
    ----------
    particles, poses : of all
    members : (n1,) and (n2,) numbers of the particles of both half sets
    radius : frequencies below this many Fourier pixels are kept
    operators : of the symmetry
    threads : threads to use; the result does not depend on it

    Raises
    ------
    ParameterError
        If the maps of both halves have nothing in common, so that the poses cannot be right.
    """
    stretched = particles.optics.radius_in_specimen(radius)
    box = min(particles.box_size, good_even_size(2 * math.ceil(stretched) + 2))
    pixel_size = particles.pixel_size * particles.box_size / box
    sphere = soft_sphere(box, 0.5 * particles.diameter / pixel_size, EDGE)
    halves = [_Half(particles, poses, chosen, radius, stretched, threads) for chosen in members]
    sums = [half.summed().symmetrised(operators, threads=threads) for half in halves]
    first, second = (one.map(box, threads=threads) * sphere for one in sums)
    curve = fourier_shell_correlation(first, second, pixel_size=pixel_size, threads=threads)
    if curve.correlation[1:4].mean() < LEAST_AGREEMENT:
        raise ParameterError(
            "The maps of both halves that these poses give have next to nothing in common; refine the particles first, "
            "with the symmetry that is given here."
        )
    ratio = signal_to_noise(curve)
    references = [one.map(box, signal_to_noise=ratio, threads=threads) * sphere for one in sums]
    left = [half.residuals(reference) for half, reference in zip(halves, references, strict=True)]
    return Consensus((left[0], left[1]), ratio, stretched, box, pixel_size)


class _Half:
    def __init__(
        self,
        particles: ParticleImages,
        poses: KnownPoses,
        chosen: NDArray[np.int64],
        radius: int,
        stretched: float,
        threads: int,
    ) -> None:
        self._particles, self._poses, self._chosen = particles, poses, chosen
        self._radius, self._stretched, self._threads = radius, stretched, threads
        images = np.asarray(particles.images[chosen[:NOISE_IMAGES]])
        self._noise = NoiseSpectrum.of_images(images, threads=threads).shared_by(particles.optics)

    def _batches(self, most: int | None = None) -> list[NDArray[np.int64]]:
        """Numbers of all particles, or of so many that are evenly spread among them, part by part."""
        chosen = self._chosen
        if most is not None and most < len(chosen):
            chosen = chosen[np.linspace(0, len(chosen) - 1, most).astype(np.int64)]
        return [chosen[start : start + BATCH] for start in range(0, len(chosen), BATCH)]

    def _observe(self, batch: NDArray[np.int64]) -> tuple[Observations, NDArray[np.complex64], NDArray[np.float64]]:
        """Images, centred coefficients of them, and the matrices of their slices."""
        particles = self._particles
        seen = particles.observe(batch, self._radius, self._noise, threads=self._threads)
        places = self._poses.places(batch, particles.pixel_size)
        centred = seen.whole * shift_factors(seen.frequencies, places, particles.box_size).conj()
        return seen, centred, particles.optics.slicing_matrices(self._poses.rotations[batch], batch)

    def summed(self) -> FourierSums:
        """All images in Fourier space."""
        sums = FourierSums(self._stretched)
        for batch in self._batches():
            seen, centred, matrices = self._observe(batch)
            sums.insert(centred * seen.transfer, seen.transfer**2, matrices, seen.frequencies, threads=self._threads)
        return sums

    def residuals(self, reference: NDArray[np.float32]) -> Residuals:
        """What a map leaves, whitened by the noise that follows from that.

        The noise is told from some images first, and at the end, when all have been seen, from all.
        """
        volume = volume_transform(reference, radius=self._stretched, threads=self._threads)
        self._noise = self._noise.updated(self._noise_left(volume))
        frequencies = fourier_disc(self._radius)
        rings, left = ring_of(frequencies), ResidualPower(self._particles.optics, self._particles.box_size)
        count = len(self._chosen)
        values = np.empty((count, len(frequencies)), np.complex64)
        transfer = np.empty(values.shape, np.float32)
        matrices = np.empty((count, 3, 3))
        start = 0
        for batch in self._batches():
            seen, centred, matrices_of_batch = self._observe(batch)
            part = slice(start, start + len(batch))
            transfer[part], matrices[part] = seen.transfer, matrices_of_batch
            slices = extract_coefficients(volume, matrices_of_batch, frequencies, threads=self._threads)
            nuisances = self._nuisances(volume, batch, slices, seen)
            residual = centred - slices * seen.transfer
            left.add(residual.real**2 + residual.imag**2, rings, seen.optics)
            values[part] = _without(residual, nuisances)
            start += len(batch)
        former, self._noise = self._noise, self._noise.updated(left)
        for start in range(0, count, BATCH):
            part = slice(start, start + BATCH)
            optics = self._particles.optics[self._chosen[part]]
            better = former.deviation(rings, optics) / self._noise.deviation(rings, optics)
            values[part] *= better
            transfer[part] *= better
        return Residuals(values, transfer, matrices, frequencies)

    def _noise_left(self, volume: NDArray[np.complex64]) -> ResidualPower:
        """What a map leaves of some of the whitened images."""
        rings = ring_of(fourier_disc(self._radius))
        residual = ResidualPower(self._particles.optics, self._particles.box_size)
        for batch in self._batches(NOISE_IMAGES):
            seen, centred, matrices = self._observe(batch)
            slices = extract_coefficients(volume, matrices, seen.frequencies, threads=self._threads)
            left = centred - slices * seen.transfer
            residual.add(left.real**2 + left.imag**2, rings, seen.optics)
        return residual

    def _nuisances(
        self,
        volume: NDArray[np.complex64],
        batch: NDArray[np.int64],
        slices: NDArray[np.complex64],
        seen: Observations,
    ) -> NDArray[np.complex64]:
        """How each image (n, 7, k) changes with its grey scale, shift, orientation and defocus."""
        from scipy.spatial.transform import Rotation

        particles, frequencies = self._particles, seen.frequencies
        expected = slices * seen.transfer
        changes = [expected, 1j * frequencies[:, 0] * expected, 1j * frequencies[:, 1] * expected]
        for axis in np.eye(3):
            turns = Rotation.from_rotvec(np.outer([TURN, -TURN], axis)).as_matrix()
            ahead, behind = (
                extract_coefficients(
                    volume,
                    particles.optics.slicing_matrices(turn @ self._poses.rotations[batch], batch),
                    frequencies,
                    threads=self._threads,
                )
                for turn in turns
            )
            changes.append((ahead - behind) * seen.transfer)
        optics = particles.optics[batch]
        in_angstrom = frequencies / np.float32(particles.box_size * particles.pixel_size)
        deviation = self._noise.deviation(ring_of(frequencies), optics)
        farther_optics = replace(optics, defocus_u=optics.defocus_u + DEFOCUS, defocus_v=optics.defocus_v + DEFOCUS)
        farther = farther_optics.transfer(in_angstrom) - optics.transfer(in_angstrom)
        changes.append(slices * (farther / deviation))
        return np.stack(changes, axis=1, dtype=np.complex64)


def _without(values: NDArray[np.complex64], nuisances: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """Coefficients (n, k) without the part that nuisances (n, 7, k) with real factors explain best."""
    real = np.ascontiguousarray(values).view(np.float32)
    basis = nuisances.view(np.float32)
    length = np.sqrt((basis.astype(np.float64) ** 2).sum(axis=2, keepdims=True))
    basis = (basis / np.maximum(length, np.finfo(np.float32).tiny)).astype(np.float32)
    gram = np.einsum("nik,njk->nij", basis, basis, dtype=np.float64) + RIDGE * np.eye(basis.shape[1])
    factors = np.linalg.solve(gram, np.einsum("nik,nk->ni", basis, real, dtype=np.float64)[..., None])
    left = real - np.einsum("nik,ni->nk", basis, factors[..., 0].astype(np.float32))
    result: NDArray[np.complex64] = left.view(np.complex64)
    return result
