"""The contrast transfer function."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.fourier import frequency_axes
from cryoloom.engine.optics._aberration import aberration_phase, amplitude_contrast_phase, defocus_along
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class ContrastTransfer:
    """All that determines the contrast transfer function of an image.

    Parameters
    ----------
    voltage : in kV
    spherical_aberration : Cs, in mm
    amplitude_contrast : fraction of amplitude contrast, from −1 to 1 (0.07 to 0.1 for proteins in ice)
    defocus_u, defocus_v : defocus along and across ``defocus_angle``, in Å, positive for underfocus
    defocus_angle : direction of ``defocus_u``, in degrees from the x axis of the array towards its y axis
    phase_shift : of a phase plate, in degrees
    """

    voltage: float
    spherical_aberration: float
    amplitude_contrast: float
    defocus_u: float
    defocus_v: float
    defocus_angle: float
    phase_shift: float = 0.0

    def __post_init__(self) -> None:
        if not -1.0 <= self.amplitude_contrast <= 1.0:
            raise ParameterError(
                f"The amplitude contrast is {self.amplitude_contrast:g}; it is a fraction, such as 0.07 or 0.1."
            )


def transfer_function(
    frequency_y: ArrayLike, frequency_x: ArrayLike, transfer: ContrastTransfer
) -> NDArray[np.float32]:
    """Contrast transfer function sin(χ + phase shift + asin amplitude contrast) of an image with *white* protein.

    It is positive where contrast is kept. A micrograph, in which protein is dark, has the opposite sign.

    Parameters
    ----------
    frequency_y, frequency_x : spatial frequencies, in 1/Å, that broadcast against each other
    transfer : the optics

    Returns
    -------
    Of the broadcast shape, from −1 to 1
    """
    k_y, k_x = np.asarray(frequency_y, np.float64), np.asarray(frequency_x, np.float64)
    defocus = defocus_along(np.arctan2(k_y, k_x), transfer.defocus_u, transfer.defocus_v, transfer.defocus_angle)
    phase = aberration_phase(
        k_y**2 + k_x**2, defocus, voltage=transfer.voltage, spherical_aberration=transfer.spherical_aberration
    )
    constant = math.radians(transfer.phase_shift) + amplitude_contrast_phase(transfer.amplitude_contrast)
    return np.sin(phase + constant).astype(np.float32)


def transfer_image(shape: tuple[int, int], pixel_size: float, transfer: ContrastTransfer) -> NDArray[np.float32]:
    """Contrast transfer function at every pixel of the half transform of an image.

    Parameters
    ----------
    shape : ``(h, w)`` of the image in real space
    pixel_size : in Å
    transfer : the optics

    Returns
    -------
    (h, w // 2 + 1), positive where the contrast of white protein is kept
    """
    frequency_y, frequency_x = frequency_axes(shape, pixel_size)
    return transfer_function(frequency_y, frequency_x, transfer)
