"""The wavelength against tabulated values."""

import pytest
from scipy import constants

from cryoloom.engine.optics import electron_wavelength
from cryoloom.errors import ParameterError


@pytest.mark.parametrize(
    ("voltage", "picometres"),
    # Williams & Carter, Transmission Electron Microscopy (2009), table 1.2.
    [(100, 3.70), (120, 3.35), (200, 2.51), (300, 1.97), (400, 1.64), (1000, 0.87)],
)
def test_wavelength_is_the_tabulated_one(voltage: float, picometres: float) -> None:
    assert electron_wavelength(voltage) * 100 == pytest.approx(picometres, abs=0.006)  # the table has two decimals


def test_wavelength_follows_from_the_constants_of_nature() -> None:
    energy, rest = 300e3 * constants.e, constants.m_e * constants.c**2
    momentum = ((energy + rest) ** 2 - rest**2) ** 0.5 / constants.c
    # The formula's first constant is rounded to six digits.
    assert electron_wavelength(300.0) == pytest.approx(constants.h / momentum * 1e10, rel=1e-5)


@pytest.mark.parametrize("voltage", [0.0, -300.0, 300_000.0, float("nan")])
def test_a_voltage_that_cannot_be_in_kilovolts_is_refused(voltage: float) -> None:
    with pytest.raises(ParameterError, match="kV"):
        electron_wavelength(voltage)
