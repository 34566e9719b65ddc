import numpy as np
import pytest

from cryoloom.errors import ParameterError
from cryoloom.testing.microscope import MicroscopeParameters, SimulatedMicroscope, Tier

SMALL = MicroscopeParameters.of_tier(Tier.EASY).resized(width=384, height=320, frame_count=6, particle_count=4)


@pytest.fixture(scope="module")
def exposure():
    return SimulatedMicroscope(seed=3, parameters=SMALL).expose(defocus_u=15_200.0, defocus_v=14_700.0, seed=1)


def test_the_same_seed_gives_the_same_movie_and_another_seed_another(exposure):
    microscope = SimulatedMicroscope(seed=3, parameters=SMALL)
    again = microscope.expose(defocus_u=15_200.0, defocus_v=14_700.0, seed=1)
    other = microscope.expose(defocus_u=15_200.0, defocus_v=14_700.0, seed=2)
    assert np.array_equal(again.counts, exposure.counts)
    assert np.array_equal(again.truth.particles.positions, exposure.truth.particles.positions)
    assert not np.array_equal(other.counts, exposure.counts)


def test_the_movie_has_the_stated_size_and_dose(exposure):
    assert exposure.counts.shape == (6, 320, 384)
    assert exposure.counts.dtype == np.uint8
    hot = exposure.counts.mean(axis=0) > 30.0
    corrected = exposure.counts * exposure.gain
    # 1.5 e/Å² on pixels of 4 Å²; amplitude contrast of 4 particles takes less than 1 %, counting noise 0.05 %.
    assert corrected[:, ~hot].mean() == pytest.approx(6.0, rel=0.01)


def test_a_lesser_defocus_u_is_refused():
    with pytest.raises(ParameterError, match="must not be less"):
        SimulatedMicroscope(seed=3, parameters=SMALL).expose(defocus_u=10_000.0, defocus_v=11_000.0)
