"""The ice: how thick it is, at which heights it scatters, and how strongly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cryoloom.testing.microscope._scattering import ice_amplitude

MEAN_FREE_PATH = 4000.0
"""Ice thickness in Å after which 1/e of the electrons is left unscattered inelastically, at 300 kV."""

LEVEL_SPACING = 240.0
"""Height in Å between the levels that stand for tilted ice: about as thick as the ice itself."""


@dataclass(frozen=True)
class Ice:
    """The ice of one movie.

    Parameters
    ----------
    thickness : at the middle of the field, in Å
    gradient : (2,) relative change of the thickness a pixel, along x and y
    tilt : of the grid about an axis through the middle of the field, in degrees
    tilt_axis : direction of that axis in degrees from x towards y; the defocus grows along (sin axis, -cos axis)
    spread : whether it scatters at all its heights, or in one plane
    ring : height of the 3.7 Å ring in its power
    crystalline : whether it has frozen to crystals
    """

    thickness: float
    gradient: tuple[float, float]
    tilt: float
    tilt_axis: float
    spread: bool
    ring: float
    crystalline: bool

    def relative_thickness(self, x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float32]:
        """Thickness at pixels `x`, `y` from the middle of the field, as a share of that in the middle."""
        return np.maximum(1.0 + self.gradient[0] * x + self.gradient[1] * y, 0.1).astype(np.float32)

    def height(self, x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        """Height of the ice's middle plane in Å, at `x`, `y` Å from the middle of the field."""
        axis = np.radians(self.tilt_axis)
        across = np.sin(axis).astype(x.dtype) * x - np.cos(axis).astype(x.dtype) * y
        return np.asarray(np.tan(np.radians(self.tilt)).astype(x.dtype) * across)

    def amplitude(self, frequency: NDArray[np.float64], voltage: float) -> NDArray[np.float64]:
        """Root of the power spectral density (rad Å) of its phase shift at `frequency` (1/Å)."""
        power = ice_amplitude(frequency, self.thickness, voltage) ** 2
        level = ice_amplitude(np.array([0.27]), self.thickness, voltage)[0] ** 2
        power = power + self.ring * level * np.exp(-0.5 * ((frequency - 1.0 / 3.7) / 0.008) ** 2)
        if self.crystalline:  # sharp rings, and the mottle of its crystals' edges
            power = power + 200.0 * level * np.exp(-0.5 * ((frequency - 1.0 / 3.67) / 0.003) ** 2)
            power = power + 60.0 * level * np.exp(-0.5 * (frequency / 0.012) ** 2)
        return np.asarray(np.sqrt(power))

    def levels(self, x: NDArray[np.float32], y: NDArray[np.float32]) -> Iterator[tuple[NDArray[np.float32], float]]:
        """Split tilted ice into parts that each have one height.

        Parameters
        ----------
        x, y : (1, m) and (n, 1) in Å from the middle of the field

        Yields
        ------
        for each part, its share (n, m) of the scattering power at `x`, `y`, and the height in Å of its middle
        """
        if self.tilt == 0.0:
            yield np.ones((1, 1), dtype=np.float32), 0.0
            return
        height = self.height(x, y)
        count = max(2, int(np.ceil(np.ptp(height) / LEVEL_SPACING)) + 1)
        centres, step = np.linspace(height.min(), height.max(), count, retstep=True)
        for centre in centres.tolist():
            distance = np.abs(height - np.float32(centre)) / np.float32(step)
            yield np.maximum(np.float32(0.0), np.float32(1.0) - distance), centre

    @property
    def depths(self) -> NDArray[np.float64]:
        """Heights in Å about the ice's middle plane at which it scatters, each as much as the others."""
        return np.linspace(-0.4, 0.4, 5) * self.thickness if self.spread else np.zeros(1)

    def transmission(self, x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float32]:
        """Share of electrons that pass at pixels `x`, `y` from the middle, relative to the middle."""
        more = np.float32(self.thickness / MEAN_FREE_PATH) * (self.relative_thickness(x, y) - np.float32(1.0))
        return np.asarray(np.exp(-more))
