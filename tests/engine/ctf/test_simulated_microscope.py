"""What is promised, held against the simulated microscope: movies of proteins in ice, truly aligned."""

import numpy as np
import pytest

from cryoloom.engine.ctf import CTFSettings, estimate_ctf
from cryoloom.testing.microscope import MicroscopeParameters, SimulatedMicroscope, Tier

# The dose of the easy tier in a third of its frames: the same sum, sooner.
EASY = MicroscopeParameters.of_tier(Tier.EASY).changed(frame_count=8, dose_per_frame=4.5)
CONDITIONS = {
    "0.4 to 1 µm": {"defocus": (4_000.0, 10_000.0)},
    "2.5 to 4 µm": {"defocus": (25_000.0, 40_000.0)},
    "200 kV": {"voltage": 200.0, "defocus": (4_000.0, 40_000.0)},
    "phase plate": {"defocus": (4_000.0, 20_000.0)},
    "tilt": {"tilt": 20.0, "defocus": (6_000.0, 40_000.0)},
    "thick ice": {"ice_thickness": (800.0, 1_500.0), "ice_spread": True, "b_factor": (80.0, 150.0)},
}


def errors_of(parameters, seed, count, phase_shift=0.0):
    """Errors of the mean, U, V and the angle, the true astigmatism, and whether there was a warning; one row each."""
    microscope = SimulatedMicroscope(seed=seed, parameters=parameters)
    optics = parameters.optics
    rows = []
    for _ in range(count):
        exposure = microscope.expose(phase_shift=phase_shift)
        truth = exposure.truth
        fit = estimate_ctf(
            exposure.micrograph,
            pixel_size=exposure.pixel_size,
            voltage=optics.voltage,
            spherical_aberration=optics.spherical_aberration,
            amplitude_contrast=optics.amplitude_contrast,
            settings=CTFSettings(phase_shift_range=(0.0, 180.0) if phase_shift else None),
        )
        u, v = fit.defocus_u - truth.defocus_u, fit.defocus_v - truth.defocus_v
        angle = abs((fit.defocus_angle - truth.defocus_angle + 90.0) % 180.0 - 90.0)
        rows.append((0.5 * (u + v), u, v, angle, truth.defocus_u - truth.defocus_v, bool(fit.warnings)))
    return np.array(rows)


def test_two_easy_micrographs_are_fitted_without_a_warning():
    errors = errors_of(EASY, seed=11, count=2)
    assert np.abs(errors[:, 0]).max() <= 80.0  # twice the root mean square that is promised of many
    assert np.abs(errors[:, 1:3]).max() <= 150.0
    assert not errors[:, 5].any()


@pytest.mark.full
def test_easy_micrographs_are_fitted_as_promised():
    errors = np.concatenate([errors_of(MicroscopeParameters.of_tier(Tier.EASY), seed, 4) for seed in (21, 22, 23)])
    mean, u, v = np.sqrt(np.mean(errors[:, :3] ** 2, axis=0))
    assert mean <= 40.0
    assert u <= 75.0
    assert v <= 75.0
    assert errors[errors[:, 4] >= 200.0, 3].max() <= 10.0


@pytest.mark.full
@pytest.mark.parametrize("condition", CONDITIONS)
def test_no_gross_error_goes_without_a_warning(condition):
    phase_shift = 75.0 if condition == "phase plate" else 0.0
    errors = errors_of(EASY.changed(**CONDITIONS[condition]), 31, 4, phase_shift)
    gross = np.abs(errors[:, 0]) > 1_000.0
    assert gross.sum() <= 0.02 * len(errors)
    assert errors[gross, 5].all()
