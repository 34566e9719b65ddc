"""The contrast transfer functions of many particles at once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cryoloom.engine.optics._aberration import aberration_phase, amplitude_contrast_phase
from cryoloom.engine.optics._transfer import ContrastTransfer
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class ParticleOptics:
    """What determines the contrast transfer functions of n particles that share a microscope.

    Parameters
    ----------
    voltage : in kV
    spherical_aberration : Cs, in mm
    amplitude_contrast : fraction of amplitude contrast
    defocus_u, defocus_v : (n,) defocus along and across ``defocus_angle``, in Å, positive for underfocus
    defocus_angle : (n,) direction of ``defocus_u``, in degrees from the x axis of the array towards its y axis
    phase_shift : (n,) of a phase plate, in degrees
    """

    voltage: float
    spherical_aberration: float
    amplitude_contrast: float
    defocus_u: NDArray[np.float64]
    defocus_v: NDArray[np.float64]
    defocus_angle: NDArray[np.float64]
    phase_shift: NDArray[np.float64]

    @classmethod
    def of(cls, transfers: Sequence[ContrastTransfer]) -> Self:
        """Gather particles that share a microscope.

        Parameters
        ----------
        transfers : one a particle

        Raises
        ------
        ParameterError
            If they differ in voltage, spherical aberration or amplitude contrast, or there is none.
        """
        shared = {(one.voltage, one.spherical_aberration, one.amplitude_contrast) for one in transfers}
        if len(shared) != 1:
            raise ParameterError(f"Particles of {len(shared)} microscopes cannot share their optics; group them first.")
        names = ("defocus_u", "defocus_v", "defocus_angle", "phase_shift")
        columns = (np.array([getattr(one, name) for one in transfers], np.float64) for name in names)
        return cls(*shared.pop(), *columns)

    def __len__(self) -> int:
        return len(self.defocus_u)

    def __getitem__(self, chosen: Any) -> Self:
        values = (getattr(self, field.name) for field in fields(self))
        return type(self)(*(value[chosen] if isinstance(value, np.ndarray) else value for value in values))

    def transfer(self, frequencies: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Contrast transfer function of every particle, for protein-white images.

        Parameters
        ----------
        frequencies : (k, 2) x and y, in 1/Å

        Returns
        -------
        (n, k), positive where contrast is kept
        """
        x, y = np.asarray(frequencies, np.float64).T
        squared = x**2 + y**2
        mean, half = 0.5 * (self.defocus_u + self.defocus_v), 0.5 * (self.defocus_u - self.defocus_v)
        # cos 2(θ - angle) · k², without the angle of each frequency
        angle = 2.0 * np.deg2rad(self.defocus_angle)
        elongation = np.outer(half * np.cos(angle), x**2 - y**2) + np.outer(half * np.sin(angle), 2 * x * y)
        defocus = mean[:, None] + np.divide(elongation, squared, out=np.zeros_like(elongation), where=squared > 0)
        phase = aberration_phase(squared, defocus, voltage=self.voltage, spherical_aberration=self.spherical_aberration)
        constant = np.deg2rad(self.phase_shift) + amplitude_contrast_phase(self.amplitude_contrast)
        return np.sin(phase + constant[:, None]).astype(np.float32)
