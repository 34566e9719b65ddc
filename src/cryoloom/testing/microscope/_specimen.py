"""A specimen: the atoms of a particle, centred, with its symmetry axes on those of the map."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cryoloom.testing.microscope import _kernels as kernels
from cryoloom.testing.microscope._scattering import VOLT_SQUARE_ANGSTROM, form_factor_basis

HYDROGENS_INCLUDED = {"C": 13.7, "N": 15.3, "O": 16.3, "S": 32.4}
"""Mass in Da of an atom of protein with its share of the hydrogens."""


@dataclass(frozen=True)
class Specimen:
    """The atoms of one particle.

    Parameters
    ----------
    name : how it is called on the command line and in the truth
    symmetry : point group in RELION's frame, such as C3 or D7
    positions : (n, 3) x, y, z in Å, float32, about the centre that poses rotate
    elements : (n,) symbols of the non-hydrogen atoms
    """

    name: str
    symmetry: str
    positions: NDArray[np.float32]
    elements: NDArray[np.str_]

    @cached_property
    def diameter(self) -> float:
        """Diameter in Å of the smallest centred sphere that holds 99.5 % of the atoms."""
        return 2.0 * float(np.quantile(np.linalg.norm(self.positions, axis=1), 0.995))

    @cached_property
    def radius(self) -> float:
        """Radius in Å of the smallest centred sphere that holds every atom."""
        return float(np.linalg.norm(self.positions, axis=1).max())

    @cached_property
    def molecular_mass(self) -> float:
        """Mass in Da, hydrogens included."""
        symbols, counts = np.unique(self.elements, return_counts=True)
        return float(
            sum(HYDROGENS_INCLUDED.get(str(symbol), 32.0) * n for symbol, n in zip(symbols, counts, strict=True))
        )

    @cached_property
    def second_conformation(self) -> NDArray[np.float32]:
        """The atoms (n, 3) after the upper half has twisted about Z, by nothing at the middle and 15° at the top."""
        height = self.positions[:, 2]
        middle, top = np.quantile(height, [0.5, 0.98])
        angle = np.radians(15.0) * np.clip((height - middle) / (top - middle), 0.0, 1.0)
        x, y = self.positions[:, 0], self.positions[:, 1]
        turned = [x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle), height]
        return np.stack(turned, axis=1).astype(np.float32)

    def scattering(self, frequency: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Two curves (2, k) in Å at `frequency` (1/Å), and what each atom (n, 2) has of them."""
        symbols, kind, counts = np.unique(self.elements, return_inverse=True, return_counts=True)
        curves, weights = form_factor_basis([str(symbol) for symbol in symbols], counts.tolist(), frequency)
        return curves, weights[kind].astype(np.float32)

    def density_map(self, box_size: int, pixel_size: float) -> NDArray[np.float32]:
        """Net electrostatic potential in V on a grid, limited to the grid's Nyquist frequency.

        The truth that maps are compared with. The rotation centre is at index ``box_size // 2`` on every axis.

        Returns
        -------
        (z, y, x) float32
        """
        from scipy import fft

        fine, step = 2 * box_size, 0.5 * pixel_size
        frequency = np.linspace(0.0, np.sqrt(3.0) / (2.0 * pixel_size), 1024)
        curves, weights = self.scattering(frequency)
        axis = fft.fftfreq(fine, step)
        kept = np.r_[0 : box_size // 2, fine - (box_size - box_size // 2) : fine]
        half = np.arange(box_size // 2 + 1)
        radius = np.sqrt(
            axis[kept, None, None] ** 2 + axis[None, kept, None] ** 2 + np.abs(axis[None, None, half]) ** 2
        )
        deconvolution = np.sinc(axis * step) ** 4
        total = np.zeros(radius.shape, dtype=np.complex128)
        for curve, weight in zip(curves, weights.T, strict=True):
            grid = np.zeros((fine, fine, fine), dtype=np.float32)
            centre = 2.0 * (box_size // 2)
            kernels.splat_volume(self.positions / np.float32(step) + np.float32(centre), weight.copy(), grid)
            spectrum = fft.rfftn(grid, overwrite_x=True)[np.ix_(kept, kept, half)]
            total += spectrum * np.interp(radius, frequency, curve)
        total /= deconvolution[kept, None, None] * deconvolution[None, kept, None] * deconvolution[None, None, half]
        total[np.broadcast_to(radius > 0.5 / pixel_size, total.shape)] = 0.0
        potential = fft.irfftn(total, s=(box_size,) * 3) * (VOLT_SQUARE_ANGSTROM / pixel_size**3)
        return np.asarray(potential, dtype=np.float32)
