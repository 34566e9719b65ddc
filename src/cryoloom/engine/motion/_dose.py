"""Radiation damage: what is left of the signal after a dose (Grant & Grigorieff 2015, eLife 4:e06980)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEASURED_VOLTAGES = (200.0, 300.0)  # kV
_SCALE_AT_200 = 0.8


def has_measured_damage(voltage: float) -> bool:
    """Whether the critical dose at a voltage in kV rests on a measurement (200 and 300 kV, within 2 kV)."""
    return any(abs(voltage - measured) <= 2.0 for measured in MEASURED_VOLTAGES)


def critical_dose(frequency: NDArray[np.floating], voltage: float) -> NDArray[np.float64]:
    """Dose after which the power of the signal has fallen to 1/e; equation 3.

    The curve was measured at 300 kV and holds at 200 kV times 0.8. At other voltages the scale is extrapolated as the
    same power of the voltage, which callers should warn about (`has_measured_damage`).

    Parameters
    ----------
    frequency : spatial frequency in 1/Å, of any shape; at zero the dose is infinite
    voltage : in kV

    Returns
    -------
    Of the same shape, in e/Å²
    """
    if not voltage > 0:
        raise ParameterError(f"A voltage of {voltage} kV is out of range; give the acceleration voltage in kV.")
    scale = (voltage / 300.0) ** (np.log(_SCALE_AT_200) / np.log(200.0 / 300.0))
    with np.errstate(divide="ignore"):
        dose: NDArray[np.float64] = scale * (0.24499 * np.asarray(frequency, np.float64) ** -1.6649 + 2.8141)
    return dose


def dose_weights(
    frequency: NDArray[np.floating],
    *,
    frames: int,
    dose_per_frame: float,
    voltage: float,
    pre_exposure: float = 0.0,
) -> NDArray[np.float64]:
    """Amplitude of the signal in each frame, after all the dose up to the end of that frame.

    Parameters
    ----------
    frequency : (m,) spatial frequencies in 1/Å
    frames : number of frames
    dose_per_frame, pre_exposure : in e/Å²
    voltage : in kV

    Returns
    -------
    (frames, m), 1 for undamaged signal
    """
    accumulated = pre_exposure + dose_per_frame * (np.arange(frames) + 1.0)
    return np.exp(-0.5 * accumulated[:, None] / critical_dose(frequency, voltage)[None, :])
