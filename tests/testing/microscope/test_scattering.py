import gemmi
import numpy as np
import pytest

from cryoloom.testing.microscope._scattering import (
    ICE_POTENTIAL,
    VOLT_SQUARE_ANGSTROM,
    critical_dose,
    damage,
    damage_basis,
    form_factor,
    form_factor_basis,
    interaction_constant,
    net_form_factor,
    wavelength,
)

PLANCK, CHARGE, MASS, LIGHT = 6.62607015e-34, 1.602176634e-19, 9.1093837015e-31, 299792458.0
FREQUENCY = np.linspace(0.0, 0.5, 200)


def momentum(voltage):
    energy = CHARGE * 1e3 * voltage
    return np.sqrt(2.0 * MASS * energy + (energy / LIGHT) ** 2)


@pytest.mark.parametrize("voltage", [100.0, 200.0, 300.0])
def test_the_wavelength_is_planck_s_constant_over_the_relativistic_momentum(voltage):
    assert wavelength(voltage) == pytest.approx(1e10 * PLANCK / momentum(voltage), rel=1e-5)


@pytest.mark.parametrize("voltage", [100.0, 200.0, 300.0])
def test_the_interaction_constant_is_that_of_si_units(voltage):
    mass = MASS + CHARGE * 1e3 * voltage / LIGHT**2
    expected = 2.0 * np.pi * mass * CHARGE * 1e-10 * wavelength(voltage) / PLANCK**2 * 1e-10
    assert interaction_constant(voltage) == pytest.approx(expected, rel=1e-5)


def test_form_factors_turn_into_volts_by_constants_of_nature():
    assert PLANCK**2 / (2.0 * np.pi * MASS * CHARGE) * 1e20 == pytest.approx(VOLT_SQUARE_ANGSTROM, rel=1e-5)


def test_form_factors_are_those_of_the_tables():
    # gemmi evaluates the same tables by itself, at (sin θ / λ)² = (k/2)².
    carbon = [gemmi.Element("C").c4322.calculate_sf((0.5 * k) ** 2) for k in FREQUENCY]
    assert np.allclose(form_factor("C", FREQUENCY), carbon, rtol=1e-5)


def test_the_ice_displaced_by_atoms_has_the_potential_of_ice():
    # Free atoms of water, 0.0314 molecules a cubic ångström (0.94 g/cm³).
    water = 2.0 * form_factor("H", np.zeros(1)) + form_factor("O", np.zeros(1))
    assert 0.0314 * VOLT_SQUARE_ANGSTROM * water[0] == pytest.approx(ICE_POTENTIAL, rel=0.02)


def test_two_curves_stand_for_the_form_factors_of_protein():
    elements, counts = ["C", "N", "O", "S"], [5000, 1350, 1500, 40]
    curves, weights = form_factor_basis(elements, counts, FREQUENCY)
    for element, weight in zip(elements, weights, strict=True):
        truth = net_form_factor(element, FREQUENCY)
        error = np.abs(weight @ curves - truth).max() / np.abs(truth).max()
        assert error < (0.08 if element == "S" else 0.012)


def test_the_critical_dose_is_grant_and_grigorieff_s():
    # Their equation 3 by hand: 0.245 · 10^1.665 + 2.81 at 10 Å, 0.245 · 3^1.665 + 2.81 at 3 Å.
    doses = critical_dose(np.array([0.1, 1.0 / 3.0]), 300.0)
    assert doses == pytest.approx([14.14, 4.34], abs=0.02)
    assert critical_dose(np.array([0.1]), 200.0) == pytest.approx(0.8 * doses[:1])


def test_damage_grows_with_dose_and_with_frequency_and_spares_the_mean():
    left = damage(FREQUENCY, np.linspace(0.0, 50.0, 11), 300.0, 1.0)
    assert np.all(np.diff(left[:, 1:], axis=0) < 0.0)
    assert np.all(np.diff(left[1:], axis=1) < 0.0)
    assert np.all(left[:, 0] == 1.0)


def test_a_larger_scale_of_the_critical_dose_means_less_damage():
    dose = np.array([20.0])
    assert np.all(damage(FREQUENCY[1:], dose, 300.0, 1.3) > damage(FREQUENCY[1:], dose, 300.0, 0.7))


def test_few_curves_stand_for_the_damage_at_every_dose():
    dose = 1.5 * (np.arange(24) + 0.5)
    curves, weights = damage_basis(FREQUENCY, dose, 300.0, 0.8)
    assert len(curves) <= 6
    assert np.abs(weights @ curves - damage(FREQUENCY, dose, 300.0, 0.8)).max() <= 1e-3
