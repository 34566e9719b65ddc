"""What particles of one optics group share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cryoloom.engine.optics._wavelength import electron_wavelength
from cryoloom.engine.optics._zernike import beam_tilt_aberration, even_aberration, odd_aberration
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

EVEN = (1.0, 0.0, 0.0, 1.0)  # magnification that is the same in every direction
LARGEST_DISTORTION = 0.2  # by which an element of a microscope's magnification may differ from the identity's


@dataclass(frozen=True)
class GroupOptics:
    """A microscope as the images of one optics group saw it.

    Parameters
    ----------
    voltage : in kV
    spherical_aberration : Cs, in mm
    amplitude_contrast : fraction of amplitude contrast
    beam_tilt : x and y in mrad; its coma is added to the odd aberration
    odd_zernike, even_zernike : coefficients of antisymmetric and symmetric aberrations, in rad, in RELION's order
    magnification : 2 × 2, row by row, from frequencies of the image to those of the specimen (RELION's ``rlnMagMat``)
    """

    voltage: float
    spherical_aberration: float
    amplitude_contrast: float
    beam_tilt: tuple[float, float] = (0.0, 0.0)
    odd_zernike: tuple[float, ...] = ()
    even_zernike: tuple[float, ...] = ()
    magnification: tuple[float, float, float, float] = EVEN

    def __post_init__(self) -> None:
        if np.abs(self.magnification_matrix - np.eye(2)).max() > LARGEST_DISTORTION:
            numbers = " ".join(f"{element:g}" for element in self.magnification)
            raise ParameterError(f"The magnification matrix {numbers} is no microscope's; it should be near 1 0 0 1.")

    @property
    def magnification_matrix(self) -> NDArray[np.float64]:
        """(2, 2) from frequencies of the image to those of the specimen."""
        return np.array(self.magnification, np.float64).reshape(2, 2)

    @property
    def is_distorted(self) -> bool:
        """Whether frequencies of the image are others than those of the specimen."""
        return self.magnification != EVEN

    def undistorted(self) -> Self:
        """The same microscope, as an even magnification would have shown its images."""
        return replace(self, magnification=EVEN)

    @property
    def stretch(self) -> float:
        """How much longer a frequency of the specimen is than that of the image at most; never less than 1."""
        return max(1.0, float(np.linalg.svd(self.magnification_matrix, compute_uv=False)[0]))

    @property
    def wavelength(self) -> float:
        """Of the electrons, in Å."""
        return electron_wavelength(self.voltage)

    def of_specimen(self, frequencies: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Frequencies (k, 2) of the specimen of those of the image, in the same unit."""
        return np.asarray(frequencies, np.float64) @ self.magnification_matrix.T

    def of_image(self, frequencies: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Frequencies (k, 2) of the image of those of the specimen, in the same unit."""
        return np.asarray(frequencies, np.float64) @ np.linalg.inv(self.magnification_matrix).T

    def phase_error(self, frequencies: NDArray[np.floating[Any]]) -> NDArray[np.float64] | None:
        """Phase by which beam tilt and odd aberrations turn an image's Fourier coefficients.

        Parameters
        ----------
        frequencies : (k, 2) of the image, in 1/Å

        Returns
        -------
        (k,) in rad; None if there is no such error
        """
        if not any(self.beam_tilt) and not any(self.odd_zernike):
            return None
        there = self.of_specimen(frequencies)
        return odd_aberration(self.odd_zernike, there) + beam_tilt_aberration(
            self.beam_tilt, there, wavelength=self.wavelength, spherical_aberration=self.spherical_aberration
        )

    def even_phase(self, frequencies: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Phase (k,) in rad that even aberrations take from χ, at frequencies (k, 2) of the specimen in 1/Å."""
        return even_aberration(self.even_zernike, frequencies)
