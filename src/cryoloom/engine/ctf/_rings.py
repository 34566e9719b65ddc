"""The Thon rings that a defocus makes in a power spectrum."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.optics import aberration_phase, amplitude_contrast_phase, delocalisation

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from cryoloom.engine.optics import ContrastTransfer


@dataclass(frozen=True)
class Defocus:
    """An astigmatic defocus in the form in which it is fitted: everywhere smooth, also where there is no astigmatism.

    Parameters
    ----------
    mean : ½ (U + V), in Å
    along_x, along_diagonal : ½ (U − V) times the cosine and the sine of twice its angle, in Å
    phase_shift : of a phase plate, in degrees
    """

    mean: float
    along_x: float = 0.0
    along_diagonal: float = 0.0
    phase_shift: float = 0.0

    @classmethod
    def of(cls, transfer: ContrastTransfer) -> Defocus:
        """That of a transfer function."""
        half = 0.5 * (transfer.defocus_u - transfer.defocus_v)
        twice = math.radians(2.0 * transfer.defocus_angle)
        mean = 0.5 * (transfer.defocus_u + transfer.defocus_v)
        return cls(mean, half * math.cos(twice), half * math.sin(twice), transfer.phase_shift)

    @property
    def half_difference(self) -> float:
        """½ (U − V), in Å."""
        return math.hypot(self.along_x, self.along_diagonal)

    @property
    def angle(self) -> float:
        """Direction of the largest defocus, in degrees from x towards y, in [0, 180)."""
        return math.degrees(0.5 * math.atan2(self.along_diagonal, self.along_x)) % 180.0

    def deviation(self, azimuths: NDArray[np.float64]) -> NDArray[np.float64]:
        """How much the defocus differs from its mean, at azimuths in radians; in Å."""
        return self.along_x * np.cos(2.0 * azimuths) + self.along_diagonal * np.sin(2.0 * azimuths)


@dataclass(frozen=True)
class RingModel:
    """What turns a defocus into rings.

    Parameters
    ----------
    voltage : in kV
    spherical_aberration : in mm
    amplitude_contrast : as a fraction
    extent : side of the tiles whose spectra show the rings, in Å: a small tile blurs fine rings
    """

    voltage: float
    spherical_aberration: float
    amplitude_contrast: float
    extent: float

    def phase(self, frequencies: NDArray[np.float64], defocus: ArrayLike) -> NDArray[np.float64]:
        """Phase of the rings without phase plate, twice that of the transfer function, in radians."""
        aberration = aberration_phase(
            frequencies**2, defocus, voltage=self.voltage, spherical_aberration=self.spherical_aberration
        )
        return 2.0 * (aberration + amplitude_contrast_phase(self.amplitude_contrast))

    def ring_density(self, frequencies: NDArray[np.float64], defocus: ArrayLike) -> NDArray[np.float64]:
        """Rings in 1/Å of frequency; in Å."""
        return 2.0 * delocalisation(
            frequencies, defocus, voltage=self.voltage, spherical_aberration=self.spherical_aberration
        )

    def visibility(self, frequencies: NDArray[np.float64], defocus: ArrayLike) -> NDArray[np.float64]:
        """Fraction of their height that rings keep in the spectrum of a Hann window: its autocorrelation."""
        lag = np.minimum(self.ring_density(frequencies, defocus) / self.extent, 1.0)
        turn = 2.0 * np.pi * lag
        kept: NDArray[np.float64] = ((1.0 - lag) * (2.0 + np.cos(turn)) + 1.5 / np.pi * np.sin(turn)) / 3.0
        return kept

    def rings(
        self, frequencies: NDArray[np.float64], defocus: ArrayLike, phase_shift: float = 0.0
    ) -> NDArray[np.float64]:
        """Rings of unit height about zero: 2 CTF² − 1.

        Parameters
        ----------
        frequencies : (shells,) in 1/Å
        defocus : in Å; of shape (..., 1)
        phase_shift : in degrees

        Returns
        -------
        (..., shells)
        """
        return -np.cos(self.phase(frequencies, defocus) + math.radians(2.0 * phase_shift))

    def visible_rings(
        self, frequencies: NDArray[np.float64], azimuths: NDArray[np.float64], defocus: Defocus
    ) -> NDArray[np.float64]:
        """Rings of a defocus in all sectors, as far as the tiles show them.

        Returns
        -------
        (sectors, shells)
        """
        along = (defocus.mean + defocus.deviation(azimuths))[:, None]
        return self.rings(frequencies, along, defocus.phase_shift) * self.visibility(frequencies, defocus.mean)
