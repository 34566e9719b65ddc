"""The wavelength of fast electrons."""

from __future__ import annotations

import math

from cryoloom.errors import ParameterError

# h / sqrt(2 m e), in Å·V^½, and e / (2 m c²), in 1/V.
_NON_RELATIVISTIC = 12.2643
_RELATIVISTIC = 0.978466e-6


def electron_wavelength(voltage: float) -> float:
    """Relativistic wavelength of the electrons.

    Parameters
    ----------
    voltage : acceleration voltage, in kV

    Returns
    -------
    In Å

    Raises
    ------
    ParameterError
        If the voltage is not positive, or so low or high that it cannot be in kV.
    """
    if not 10.0 <= voltage <= 3000.0:
        raise ParameterError(f"The voltage is {voltage:g} kV; give the acceleration voltage in kV, such as 200 or 300.")
    volts = voltage * 1e3
    return _NON_RELATIVISTIC / math.sqrt(volts + _RELATIVISTIC * volts**2)
