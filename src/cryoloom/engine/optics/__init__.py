"""How the electron microscope transfers contrast.

Frequencies are in 1/Å, defocus in Å (positive for underfocus), angles of the defocus in degrees from the x axis of the
array towards its y axis, voltage in kV, spherical aberration in mm, phase shifts in degrees.
"""

from cryoloom.engine.optics._aberration import aberration_phase, amplitude_contrast_phase, defocus_along, delocalisation
from cryoloom.engine.optics._groups import GroupOptics
from cryoloom.engine.optics._particles import ParticleOptics
from cryoloom.engine.optics._transfer import ContrastTransfer, transfer_function, transfer_image
from cryoloom.engine.optics._wavelength import electron_wavelength
from cryoloom.engine.optics._zernike import beam_tilt_aberration, even_polynomials, odd_polynomials

__all__ = [
    "ContrastTransfer",
    "GroupOptics",
    "ParticleOptics",
    "aberration_phase",
    "amplitude_contrast_phase",
    "beam_tilt_aberration",
    "defocus_along",
    "delocalisation",
    "electron_wavelength",
    "even_polynomials",
    "odd_polynomials",
    "transfer_function",
    "transfer_image",
]
