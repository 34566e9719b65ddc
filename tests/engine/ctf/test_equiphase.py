"""Moving spectra from one defocus to another."""

import numpy as np
import pytest

from cryoloom.engine.ctf._equiphase import average_along_rings, equal_phase_frequencies, level
from cryoloom.engine.ctf._polar import PolarSpectra
from cryoloom.engine.ctf._rings import Defocus, RingModel

MODEL = RingModel(voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.07, extent=700.0)
FREQUENCIES = np.linspace(0.03, 0.26, 600)
AZIMUTHS = (np.arange(36) + 0.5) * np.pi / 36


@pytest.mark.parametrize("other", [9_000.0, 15_000.0, 22_000.0])
@pytest.mark.parametrize("spherical_aberration", [0.0, 2.7])
def test_phases_are_equal(other, spherical_aberration):
    model = RingModel(300.0, spherical_aberration, 0.07, 700.0)
    moved = equal_phase_frequencies(FREQUENCIES, np.array([15_000.0]), np.array([other]), model)
    there = model.phase(moved, other)
    np.testing.assert_allclose(there, model.phase(FREQUENCIES, 15_000.0), rtol=1e-9)


@pytest.mark.parametrize("other", [-9_000.0, -15_000.0, -22_000.0])
@pytest.mark.parametrize("spherical_aberration", [0.0, 2.7])
def test_phases_of_overfocused_micrographs_are_equal(other, spherical_aberration):
    model = RingModel(300.0, spherical_aberration, 0.07, 700.0)
    moved = equal_phase_frequencies(FREQUENCIES, np.array([-15_000.0]), np.array([other]), model)
    assert np.isfinite(moved).all()
    np.testing.assert_allclose(model.phase(moved, other), model.phase(FREQUENCIES, -15_000.0), rtol=1e-9)


def rings_of(*defocuses):
    sums = [2.0 * MODEL.rings(FREQUENCIES, (d.mean + d.deviation(AZIMUTHS))[:, None]) for d in defocuses]
    return PolarSpectra(AZIMUTHS, FREQUENCIES, np.array(sums), np.full((1, 36, 600), 2.0))


def test_average_along_elliptic_rings_is_as_sharp_as_round_ones():
    averaged, counts = average_along_rings(rings_of(astigmatic := Defocus(15_000.0, 800.0, -600.0)), astigmatic, MODEL)
    round_rings = MODEL.rings(FREQUENCIES, np.array([15_000.0]))
    inside = (FREQUENCIES > 0.035) & (FREQUENCIES < 0.24)  # rings move in over the ends
    np.testing.assert_allclose(averaged[inside], round_rings[inside], atol=0.08)  # shells are a sixth of a ring apart
    assert counts.sum() == pytest.approx(2.0 * 36 * 600, rel=0.04)
    across = rings_of(astigmatic).sums.sum(axis=(0, 1)) / (2.0 * 36)
    assert np.abs(across[-100:]).max() < 0.6  # what it is without


def test_levelled_tiles_show_the_rings_of_the_centre():
    centre = Defocus(15_000.0, 200.0, 100.0)
    changes = np.array([-900.0, 0.0, 900.0])
    tilted = rings_of(*(Defocus(15_000.0 + change, 200.0, 100.0) for change in changes))
    levelled = level(tilted, changes, centre, MODEL)
    expected = rings_of(centre).sums[0] / 2.0
    inside = (FREQUENCIES > 0.035) & (FREQUENCIES < 0.24)
    for tile in range(3):
        counts = levelled.counts[tile][:, inside]
        found = levelled.sums[tile][:, inside] / np.maximum(counts, 1e-9)
        np.testing.assert_allclose(found[counts > 0.5], expected[:, inside][counts > 0.5], atol=0.15)
