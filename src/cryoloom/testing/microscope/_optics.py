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
    beam_tilt : x and y in mrad
    threefold_astigmatism : in Å
    threefold_angle : of one of its three axes, in degrees from x towards y
    """

    defocus_u: float
    defocus_v: float
    defocus_angle: float
    phase_shift: float
    voltage: float
    spherical_aberration: float
    amplitude_contrast: float
    b_factor: float
    beam_tilt: tuple[float, float] = (0.0, 0.0)
    threefold_astigmatism: float = 0.0
    threefold_angle: float = 0.0

    def aberration(
        self, vertical: NDArray[np.float64], horizontal: NDArray[np.float64], height: float = 0.0
    ) -> NDArray[np.float32]:
        """Even aberration phase ``χ + phase shift + asin w`` in rad, with ``χ = π λ Δf k² - π/2 Cs λ³ k⁴``.

        Parameters
        ----------
        vertical, horizontal : (y,), (x,) frequencies in 1/Å
        height : in Å, adds to the defocus

        Returns
        -------
        (y, x) float32
        """
        length = wavelength(self.voltage)
        mean, half_difference = 0.5 * (self.defocus_u + self.defocus_v), 0.5 * (self.defocus_u - self.defocus_v)
        twice = 2.0 * np.radians(self.defocus_angle)
        constants = np.array(
            [
                np.pi * length * (mean + height),
                np.pi * length * half_difference * np.cos(twice),
                np.pi * length * half_difference * np.sin(twice),
                -0.5 * np.pi * 1e7 * self.spherical_aberration * length**3,
                np.radians(self.phase_shift) + np.arcsin(self.amplitude_contrast),
            ]
        )
        return np.asarray(kernels.evaluate_aberration(vertical, horizontal, constants))

    def evaluate(
        self, vertical: NDArray[np.float64], horizontal: NDArray[np.float64], height: float = 0.0
    ) -> NDArray[np.float32]:
        """Contrast transfer function for protein-white images, without the envelope.

        It is the sine of the even aberration phase: positive, equal to the amplitude contrast, at the origin. A raw
        micrograph, where protein is dark, has the negative. Parameters as for :meth:`aberration`.
        """
        return np.sin(self.aberration(vertical, horizontal, height))

    @property
    def has_odd_aberrations(self) -> bool:
        """Whether beam tilt or threefold astigmatism shift phases."""
        return self.beam_tilt != (0.0, 0.0) or self.threefold_astigmatism != 0.0

    def odd_aberration(self, vertical: NDArray[np.float64], horizontal: NDArray[np.float64]) -> NDArray[np.float64]:
        """Phase in rad by which beam tilt and threefold astigmatism multiply the image's transform.

        Coma by a beam tilt τ is ``-2π Cs λ² k² (k · τ)``, with RELION's sign, threefold astigmatism of size A
        ``2π/3 A λ² k³ cos 3(θ - angle)``. Parameters as for :meth:`aberration`.
        """
        length = wavelength(self.voltage)
        ky, kx = vertical[:, None], horizontal[None, :]
        coma = -2.0 * np.pi * 1e7 * self.spherical_aberration * length**2 * (kx**2 + ky**2)
        coma = coma * 1e-3 * (kx * self.beam_tilt[0] + ky * self.beam_tilt[1])
        sine, cosine = self._threefold_coefficients()
        return np.asarray(coma + sine * (3.0 * kx**2 * ky - ky**3) + cosine * (kx**3 - 3.0 * kx * ky**2))

    @property
    def odd_zernike(self) -> tuple[float, ...]:
        """Threefold astigmatism as RELION's six coefficients of odd polynomials in 1/Å."""
        sine, cosine = self._threefold_coefficients()
        return (0.0, 0.0, sine, 0.0, 0.0, cosine)

    def _threefold_coefficients(self) -> tuple[float, float]:
        size = 2.0 * np.pi / 3.0 * self.threefold_astigmatism * wavelength(self.voltage) ** 2
        turn = np.radians(3.0 * self.threefold_angle)
        return float(size * np.sin(turn)), float(size * np.cos(turn))

    def defocus_phase(self, frequency_squared: NDArray[np.float64], height: float) -> NDArray[np.float64]:
        """Phase in rad that a `height` in Å adds to the aberration at k² (1/Å²)."""
        return np.asarray(np.pi * wavelength(self.voltage) * height * frequency_squared)

    def envelope(self, frequency: NDArray[np.float64]) -> NDArray[np.float64]:
        """Loss of contrast at `frequency` in 1/Å."""
        return np.asarray(np.exp(-0.25 * self.b_factor * frequency**2))
