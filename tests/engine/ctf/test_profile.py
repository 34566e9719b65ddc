"""How far the fitted rings follow the measured ones."""

import numpy as np
import pytest

from cryoloom.engine.ctf._fit import RingProfile
from cryoloom.engine.ctf._polar import PolarSpectra
from cryoloom.engine.ctf._profile import fit_resolution, ring_profile, score
from cryoloom.engine.ctf._rings import Defocus, RingModel

MODEL = RingModel(voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.07, extent=700.0)
FREQUENCIES = np.arange(40, 340) / 1400.0
AZIMUTHS = (np.arange(36) + 0.5) * np.pi / 36
COUNTS = np.tile(FREQUENCIES * 700.0 / 4.0, (1, 36, 1)) * np.pi / 18
VARIANCE = 1e-3
DEFOCUS = Defocus(15_000.0, 200.0, 0.0)


def profile_of(visible_to, defocus=DEFOCUS):
    """Rings that end at a resolution, over little noise."""
    height = np.where(1.0 / visible_to > FREQUENCIES, 0.1, 0.0)
    sums = np.random.default_rng(1).normal(0.0, np.sqrt(VARIANCE * COUNTS))
    sums += height * COUNTS * MODEL.visible_rings(FREQUENCIES, AZIMUTHS, DEFOCUS)
    return ring_profile(PolarSpectra(AZIMUTHS, FREQUENCIES, sums, COUNTS), defocus, MODEL, VARIANCE)


@pytest.mark.parametrize("resolution", [6.0, 8.0, 12.0])
def test_fit_resolution_is_where_the_rings_end(resolution):
    profile = profile_of(resolution)
    # Each correlation looks one ring ahead, and a ring at 12 Å is 0.9 Å wide.
    assert fit_resolution(profile, DEFOCUS, MODEL, 30.0) == pytest.approx(resolution, rel=0.08)


def test_rings_to_the_last_shell_fit_to_the_last_shell():
    assert fit_resolution(profile_of(1.0), DEFOCUS, MODEL, 30.0) == pytest.approx(1.0 / FREQUENCIES[-1])


def test_a_wrong_defocus_fits_nowhere():
    wrong = Defocus(19_000.0, 200.0, 0.0)
    profile = profile_of(1.0, wrong)
    assert fit_resolution(profile, wrong, MODEL, 30.0) > 10.0
    assert score(profile, COUNTS[0].sum(axis=0), FREQUENCIES) < 0.5
    assert score(profile_of(1.0), COUNTS[0].sum(axis=0), FREQUENCIES) > 0.95


def test_correlation_is_one_for_the_same_rings_whatever_their_height():
    profile = profile_of(1.0)
    assert isinstance(profile, RingProfile)
    inner = (FREQUENCIES > 0.06) & (FREQUENCIES < 0.22)
    assert profile.correlation[inner].min() > 0.9
    assert np.abs(profile.correlation).max() <= 1.0 + 1e-9
    assert profile.fitted[inner].std() == pytest.approx(profile.measured[inner].std(), rel=0.2)
