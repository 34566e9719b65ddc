"""The microscope's contrast transfer: how the specimen's phase becomes contrast on the detector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cryoloom.testing.microscope import _kernels as kernels
from cryoloom.testing.microscope._scattering import wavelength


@dataclass(frozen=True)
class ContrastTransfer:
    """The imaging conditions of one movie.

    Parameters
    ----------
    defocus_u, defocus_v : largest and smallest defocus in Å, positive for underfocus
    defocus_angle : of `defocus_u` in degrees, from x towards y in array order
    phase_shift : of a phase plate, in degrees
    voltage : in kV
    spherical_aberration : in mm
    amplitude_contrast : as a fraction
    b_factor : of the envelope ``exp(-B k² / 4)``, in Å²
    """

    defocus_u: float
    defocus_v: float
    defocus_angle: float
    phase_shift: float
    voltage: float
    spherical_aberration: float
    amplitude_contrast: float
    b_factor: float

    def evaluate(self, vertical: NDArray[np.float64], horizontal: NDArray[np.float64]) -> NDArray[np.float32]:
        """Contrast transfer function for protein-white images, without the envelope.

        ``+sin(χ + phase shift + asin w)`` with ``χ = π λ Δf k² - π/2 Cs λ³ k⁴``: positive, equal to the amplitude
        contrast, at the origin. A raw micrograph, where protein is dark, has the negative.

        Parameters
        ----------
        vertical, horizontal : (y,), (x,) frequencies in 1/Å

        Returns
        -------
        (y, x) float32
        """
        length = wavelength(self.voltage)
        mean, half_difference = 0.5 * (self.defocus_u + self.defocus_v), 0.5 * (self.defocus_u - self.defocus_v)
        twice = 2.0 * np.radians(self.defocus_angle)
        constants = np.array(
            [
                np.pi * length * mean,
                np.pi * length * half_difference * np.cos(twice),
                np.pi * length * half_difference * np.sin(twice),
                -0.5 * np.pi * 1e7 * self.spherical_aberration * length**3,
                np.radians(self.phase_shift) + np.arcsin(self.amplitude_contrast),
            ]
        )
        return kernels.evaluate_transfer(vertical, horizontal, constants)

    def envelope(self, frequency: NDArray[np.float64]) -> NDArray[np.float64]:
        """Loss of contrast at `frequency` in 1/Å."""
        return np.exp(-0.25 * self.b_factor * frequency**2)
