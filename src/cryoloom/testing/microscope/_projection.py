"""The phase shift of an electron wave by single particles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cryoloom.testing.microscope import _kernels as kernels
from cryoloom.testing.microscope._optics import ContrastTransfer
from cryoloom.testing.microscope._particles import Particles, State
from cryoloom.testing.microscope._scattering import VOLT_SQUARE_ANGSTROM, interaction_constant
from cryoloom.testing.microscope._specimen import Specimen

TABLE_SIZE = 512


class Projector:
    """Projects a specimen's atoms in real space.

    Atoms are laid on a fine patch as cubic B-splines; their form factors and the splines' own transform are applied in
    Fourier space, as is the small defocus between the particle's height and the field's.

    Parameters
    ----------
    specimen : what is projected
    sampling : of patches and field, in Å
    transfer : imaging conditions: voltage, and what a height does
    """

    def __init__(self, specimen: Specimen, sampling: float, transfer: ContrastTransfer) -> None:
        from scipy import fft

        self._transfer = transfer
        self._conformations = [specimen.positions, specimen.second_conformation]
        self._sampling = np.float32(sampling)
        # Room for the atoms, for what a deformation adds, and for the defocus between heights (λ Δf k is some 5 Å).
        self.size = fft.next_fast_len(int(2.0 * (specimen.radius + 24.0) / sampling) + 1, real=True)
        vertical, horizontal = fft.fftfreq(self.size, sampling), fft.rfftfreq(self.size, sampling)
        self._squared = vertical[:, None] ** 2 + horizontal[None, :] ** 2
        table = np.linspace(0.0, np.sqrt(0.5) / sampling * 1.001, TABLE_SIZE)
        curves, self._weights = specimen.scattering(table)
        spline = np.outer(np.sinc(vertical * sampling) ** 4, np.sinc(horizontal * sampling) ** 4)
        scale = interaction_constant(transfer.voltage) * VOLT_SQUARE_ANGSTROM / sampling**2
        radius = np.sqrt(self._squared)
        self._filters = np.array([np.interp(radius, table, curve) for curve in curves]) * (scale / spline)
        self._filters = self._filters.astype(np.float32)

    def add(
        self,
        particles: Particles,
        centres: NDArray[np.float64],
        fields: NDArray[np.float32],
        random: np.random.Generator,
    ) -> None:
        """Add the phase shift in rad of every particle to periodic fields.

        Parameters
        ----------
        particles : n of them
        centres : (n, 2) x and y in samples of the fields
        fields : (1 or 2, y, x) the part in focus with the defocus and, if there is any height, that a quarter wave off
        random : for the shapes of broken and denatured particles
        """
        from scipy import fft

        half = self.size // 2
        for number, rotation in enumerate(particles.rotations.astype(np.float32)):
            positions = self._conformations[particles.conformations[number]]
            positions, kept = _damaged(positions, State(particles.states[number]), random)
            whole = np.floor(centres[number]).astype(int)
            patch = np.zeros((2, self.size, self.size), dtype=np.float32)
            centre = (centres[number] - whole + half).astype(np.float32)
            kernels.splat_projection(positions / self._sampling, self._weights[kept], rotation, centre, patch)
            spectrum = fft.rfft2(patch, overwrite_x=True)
            spectrum = spectrum[0] * self._filters[0] + spectrum[1] * self._filters[1]
            phase = self._transfer.defocus_phase(self._squared, particles.heights[number]).astype(np.float32)
            parts = [spectrum * np.cos(phase), spectrum * np.sin(phase)]
            for field, part in zip(fields, parts, strict=False):
                kernels.paste(fft.irfft2(part, s=patch.shape[1:]), whole[1] - half, whole[0] - half, field)


def _damaged(
    positions: NDArray[np.float32], state: State, random: np.random.Generator
) -> tuple[NDArray[np.float32], slice | NDArray[np.bool_]]:
    """Atoms that are left of a particle, moved if it has unfolded, and which ones they are."""
    if state is State.BROKEN:
        direction = random.normal(0.0, 1.0, 3)
        height = positions @ (direction / np.linalg.norm(direction)).astype(np.float32)
        kept = height < np.quantile(height, random.uniform(0.35, 0.75))
        return positions[kept], kept
    if state is State.DENATURED:
        waves = random.normal(0.0, 2.0 * np.pi / 70.0, (6, 3)).astype(np.float32)
        sizes = random.normal(0.0, 7.0, (6, 3)).astype(np.float32)
        phases = random.uniform(0.0, 2.0 * np.pi, 6).astype(np.float32)
        return positions + np.sin(positions @ waves.T + phases) @ sizes, slice(None)
    return positions, slice(None)
