"""Radiation damage, and the numbers that describe drift."""

import numpy as np
import pytest

from cryoloom.engine.motion import (
    Exposure,
    Motion,
    critical_dose,
    dose_weights,
    has_measured_damage,
    measure_drift,
)
from cryoloom.errors import ParameterError


def test_the_critical_dose_is_the_published_curve():
    # Grant & Grigorieff (2015): a = 0.24499, b = -1.6649, c = 2.8141, written out for 3, 10 and 30 Å at 300 kV
    frequency = 1.0 / np.array([3.0, 10.0, 30.0])
    expected = [0.24499 * 3**1.6649 + 2.8141, 0.24499 * 10**1.6649 + 2.8141, 0.24499 * 30**1.6649 + 2.8141]
    np.testing.assert_allclose(critical_dose(frequency, 300.0), expected, rtol=1e-6)
    np.testing.assert_allclose(critical_dose(frequency, 200.0), 0.8 * np.array(expected), rtol=1e-6)
    assert critical_dose(np.array([0.0]), 300.0)[0] == np.inf


def test_other_voltages_lie_on_the_same_power_law_and_are_known_to_be_extrapolated():
    at = [critical_dose(np.array([0.1]), voltage)[0] for voltage in (100.0, 120.0, 200.0, 250.0, 300.0)]
    assert np.all(np.diff(at) > 0)
    assert has_measured_damage(300.0)
    assert has_measured_damage(200.0)
    assert not has_measured_damage(120.0)
    with pytest.raises(ParameterError, match="voltage of 0"):
        critical_dose(np.array([0.1]), 0.0)


def test_the_power_of_the_signal_falls_to_one_in_e_at_the_critical_dose():
    frequency = np.array([0.1])
    dose = critical_dose(frequency, 300.0)[0]
    weights = dose_weights(frequency, frames=2, dose_per_frame=0.25 * dose, voltage=300.0, pre_exposure=0.5 * dose)
    np.testing.assert_allclose(weights[1, 0] ** 2, np.exp(-1.0))
    np.testing.assert_allclose(weights[0, 0] ** 2, np.exp(-0.75))


def test_drift_is_the_length_of_the_way_in_angstrom():
    motion = Motion(np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 5.0], [2.0, 5.0]]))
    drift = measure_drift(motion, pixel_size=0.5, dose_per_frame=1.0, pre_exposure=1.0)
    # steps of 2.5, 0.5 and 0.5 Å end at 3, 4 and 5 e/Å²
    assert (drift.total, drift.early, drift.late) == pytest.approx((3.5, 3.0, 0.5))


@pytest.mark.parametrize(
    ("change", "message"), [({"dose_per_frame": 0.0}, "0.0 e/Å² a frame"), ({"pre_exposure": -1.0}, "-1.0")]
)
def test_doses_out_of_range_are_refused(change, message):
    with pytest.raises(ParameterError, match=message):
        Exposure(**({"dose_per_frame": 1.0, "voltage": 300.0} | change))
