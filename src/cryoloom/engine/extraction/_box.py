"""How large a box must be to hold a particle and what defocus spreads around it."""

from __future__ import annotations

from cryoloom.engine.optics import electron_wavelength


def recommended_box_size(
    diameter: float, *, defocus: float, resolution: float, voltage: float, pixel_size: float
) -> int:
    """Smallest even box that holds all that a particle scatters up to a resolution.

    Parameters
    ----------
    diameter : of the particle, in Å
    defocus : the strongest among the micrographs, in Å
    resolution : d, the finest detail wanted, in Å; defocus displaces it by λ Δf / d to either side
    voltage : in kV
    pixel_size : of the micrograph, in Å

    Returns
    -------
    In pixels of the micrograph: (diameter + 2 λ Δf / d) / pixel size, rounded up to an even number

    References
    ----------
    Rosenthal & Henderson (2003), J. Mol. Biol. 333:721-745, appendix.
    """
    extent = diameter + 2 * electron_wavelength(voltage) * abs(defocus) / resolution
    return 2 * -int(-extent / pixel_size // 2)
