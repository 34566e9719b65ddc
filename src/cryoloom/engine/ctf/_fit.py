"""What an estimate of the transfer function says."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.engine.optics import ContrastTransfer


@dataclass(frozen=True)
class Tilt:
    """A field of which one side is further from focus than the other.

    Parameters
    ----------
    angle : of the tilt, in degrees, above 0
    axis : direction of the tilt axis, in degrees from x towards y, in [0, 360); the defocus grows towards axis + 90°
    """

    angle: float
    axis: float

    def defocus_change(self, y: float, x: float) -> float:
        """Defocus at a place less that at the centre of the micrograph, in Å; the place in Å from the centre."""
        axis = math.radians(self.axis)
        return math.tan(math.radians(self.angle)) * (y * math.cos(axis) - x * math.sin(axis))


@dataclass(frozen=True)
class IceRing:
    """A ring that frozen water makes in the spectrum.

    Parameters
    ----------
    resolution : where it is strongest, in Å
    strength : power there relative to the background around it: 0.2 is 20 % more
    """

    resolution: float
    strength: float


@dataclass(frozen=True)
class RingProfile:
    """The spectrum averaged over azimuth along the rings, also when they are elliptic.

    Parameters
    ----------
    frequencies : (shells,) in 1/Å, evenly spaced
    measured : (shells,) relative deviation from the background
    fitted : (shells,) the same of the fit
    correlation : (shells,) smoothed correlation of the two, each over two rings about the shell
    """

    frequencies: NDArray[np.float64]
    measured: NDArray[np.float64]
    fitted: NDArray[np.float64]
    correlation: NDArray[np.float64]


@dataclass(frozen=True)
class CTFFit:
    """The contrast transfer function of a micrograph, and how far it can be trusted.

    Parameters
    ----------
    transfer : the transfer function
    score : correlation of the measured and the fitted rings over the fitted resolutions, each averaged along the rings;
        1 is perfect, and 0.5 is what can be fitted to noise alone
    fit_resolution : first resolution, in Å, at which the smoothed ring correlation falls below 0.5
    significance : height of the fitted rings in standard deviations of the noise
    margin : logarithm of how much more likely this defocus is than the best one that differs by more than 500 Å
    ice_ring : ring of frozen water, if one is seen
    ice_thickness_relative : power of the rings between 25 and 8 Å over the squared mean intensity, in Å². It grows in
        proportion to how much ice and specimen is in the beam, and serves to compare micrographs of one session; it is
        no thickness. None if the grey values have no meaningful mean.
    tilt : tilt of the field, if the rings tell of one
    directional_loss : how much the fine rings vary with direction: 0 if equally strong in all, 1 if lost in one
    directional_loss_angle : direction in which they are weakest, in degrees from x towards y, in [0, 180)
    warnings : sentences for the user; a fit that may be grossly wrong has at least one
    spectrum : (2 m + 1, m + 1) mean power spectrum over its background; the middle row and first column are frequency 0
    spectrum_extent : one pixel of ``spectrum`` is ``1 / spectrum_extent``, in Å
    profile : averages along the rings
    """

    transfer: ContrastTransfer
    score: float
    fit_resolution: float
    significance: float
    margin: float
    ice_ring: IceRing | None
    ice_thickness_relative: float | None
    tilt: Tilt | None
    directional_loss: float
    directional_loss_angle: float
    warnings: tuple[str, ...]
    spectrum: NDArray[np.float32]
    spectrum_extent: float
    profile: RingProfile

    @property
    def defocus_u(self) -> float:
        """Largest defocus, in Å."""
        return self.transfer.defocus_u

    @property
    def defocus_v(self) -> float:
        """Smallest defocus, in Å."""
        return self.transfer.defocus_v

    @property
    def defocus_angle(self) -> float:
        """Direction of `defocus_u`, in degrees from x towards y, in [0, 180)."""
        return self.transfer.defocus_angle

    @property
    def phase_shift(self) -> float:
        """Phase shift of a phase plate, in degrees."""
        return self.transfer.phase_shift

    @property
    def mean_defocus(self) -> float:
        """½ (U + V), in Å."""
        return 0.5 * (self.defocus_u + self.defocus_v)

    @property
    def astigmatism(self) -> float:
        """U − V, in Å."""
        return self.defocus_u - self.defocus_v
