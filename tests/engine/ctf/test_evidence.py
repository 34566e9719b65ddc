"""Agreement in standard deviations, and weights."""

import numpy as np
import pytest

from cryoloom.engine.ctf import CTFSettings
from cryoloom.engine.ctf._evidence import Evidence, fitted_strength, guess_strength, shell_weights
from cryoloom.engine.ctf._polar import PolarSpectra
from cryoloom.engine.ctf._rings import Defocus, RingModel
from cryoloom.engine.ctf._search import search_defocus

MODEL = RingModel(voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.07, extent=700.0)
FREQUENCIES = np.arange(46, 350) / 1400.0
AZIMUTHS = (np.arange(36) + 0.5) * np.pi / 36
COUNTS = np.tile(FREQUENCIES * 700.0 / 4.0, (1, 36, 1)) * np.pi / 18
VARIANCE = 0.1


def spectra(seed, defocus=None, strength=0.0):
    """Sums of deviations with the variance that is stated, and rings."""
    sums = np.random.default_rng(seed).normal(0.0, np.sqrt(VARIANCE * COUNTS))
    if defocus is not None:
        sums += strength * COUNTS * MODEL.visible_rings(FREQUENCIES, AZIMUTHS, defocus)
    return PolarSpectra(AZIMUTHS, FREQUENCIES, sums, COUNTS)


def test_agreement_of_noise_has_unit_variance():
    rings = MODEL.visible_rings(FREQUENCIES, AZIMUTHS, Defocus(15_000.0, 100.0, -50.0))
    found = [Evidence.weigh(spectra(seed), np.full(304, 1e-6), VARIANCE).agreement(rings) for seed in range(150)]
    assert np.mean(found) == pytest.approx(0.0, abs=0.25)  # three times 1/√150
    assert np.std(found) == pytest.approx(1.0, abs=0.18)


def test_a_smooth_background_of_any_height_changes_nothing():
    defocus = Defocus(15_000.0)
    rings = MODEL.visible_rings(FREQUENCIES, AZIMUTHS, defocus)
    plain = spectra(1, defocus, 0.05)
    tilted = 3.0 * (FREQUENCIES / 0.1) ** 2 * (1.0 + 0.4 * np.cos(2.0 * AZIMUTHS - 1.0))[:, None]
    bent = PolarSpectra(AZIMUTHS, FREQUENCIES, plain.sums + COUNTS * tilted, COUNTS)
    strength = np.full(304, 0.05)
    without = Evidence.weigh(plain, strength, VARIANCE).agreement(rings)
    assert without > 5.0
    assert Evidence.weigh(bent, strength, VARIANCE).agreement(rings) == pytest.approx(without, rel=1e-6)


def test_strength_of_the_rings_is_measured():
    defocus = Defocus(18_000.0, 150.0, 80.0)
    for strength in (0.02, 0.1):
        measured = spectra(2, defocus, strength)
        fitted = fitted_strength(measured, defocus, MODEL, VARIANCE)
        assert np.median(fitted) == pytest.approx(strength, rel=0.25)
    visible = 0.1 * np.median(MODEL.visibility(FREQUENCIES, defocus.mean))
    assert np.median(guess_strength(measured, VARIANCE)) == pytest.approx(visible, rel=0.3)
    assert np.median(fitted_strength(spectra(3), defocus, MODEL, VARIANCE)) < 0.01


def test_strong_rings_do_not_outweigh_all_others():
    weights = shell_weights(COUNTS[0], np.full(304, 0.5), VARIANCE)
    evidence = weights * COUNTS[0].sum(axis=0) * 0.5**2 / VARIANCE
    assert evidence.max() < 1.0 / 0.5**2 + 1e-9  # the model error bounds what one shell can say
    np.testing.assert_allclose(shell_weights(COUNTS[0], np.full(304, 1e-6), VARIANCE), 1.0, rtol=1e-6)


@pytest.mark.parametrize(
    "truth",
    [Defocus(4_000.0, 60.0, 0.0), Defocus(15_000.0, -180.0, 90.0), Defocus(38_000.0, 0.0, 300.0)],
    ids=["0.4 µm", "1.5 µm", "3.8 µm"],
)
def test_search_ends_within_a_step_of_the_truth(truth):
    measured = spectra(4, truth, 0.06)
    evidence = Evidence.weigh(measured, guess_strength(measured, VARIANCE), VARIANCE)
    best, *others = search_defocus(evidence, MODEL, CTFSettings(), candidates=3)
    assert best.mean == pytest.approx(truth.mean, abs=150.0)
    assert best.along_x == pytest.approx(truth.along_x, abs=150.0)
    assert best.along_diagonal == pytest.approx(truth.along_diagonal, abs=150.0)
    assert all(abs(other.mean - best.mean) > 900.0 for other in others)


def test_search_tells_phase_shift_from_defocus():
    truth = Defocus(12_000.0, 0.0, 0.0, 70.0)
    measured = spectra(5, truth, 0.08)
    evidence = Evidence.weigh(measured, guess_strength(measured, VARIANCE), VARIANCE)
    best = search_defocus(evidence, MODEL, CTFSettings(phase_shift_range=(0.0, 180.0)), candidates=1)[0]
    assert best.mean == pytest.approx(12_000.0, abs=200.0)
    assert best.phase_shift == pytest.approx(70.0, abs=15.0)
