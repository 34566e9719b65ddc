"""Runs from different starts confirm each other on particles, and do not on noise."""

import numpy as np
import pytest
from phantoms import uneven

from cryoloom.engine.abinitio import AbInitioSettings, independent_runs
from cryoloom.engine.likelihood import ParticleImages
from cryoloom.engine.optics import ContrastTransfer, ParticleOptics, transfer_image
from cryoloom.engine.projection import project_volume
from cryoloom.errors import ParameterError

BOX, PIXEL, DIAMETER, COUNT = 32, 6.0, 120.0, 300
SETTINGS = AbInitioSettings(iterations=30, batch_size=60, final_resolution=18.0, seed=3)


def particle_images(signal):
    """Images of blobs of unequal weight without symmetry, in noise, or of the noise alone."""
    random = np.random.default_rng(5)
    phantom = uneven(random)
    angles = random.uniform(0, 360, (COUNT, 3))
    angles[:, 1] = np.degrees(np.arccos(random.uniform(-1, 1, COUNT)))
    transfers = [ContrastTransfer(300.0, 2.7, 0.1, d, d - 300, 30.0) for d in random.uniform(1e4, 2.5e4, COUNT)]
    ctfs = np.stack([transfer_image((BOX, BOX), PIXEL, transfer) for transfer in transfers])
    images = project_volume(phantom, angles, random.normal(0, 5, size=(COUNT, 2)), ctfs, pixel_size=PIXEL)
    images = signal * images + random.normal(0, 1.5 * images.std(), images.shape)
    return ParticleImages(images.astype(np.float32), ParticleOptics.of(transfers), PIXEL, DIAMETER)


def test_runs_confirm_each_other():
    *_, last = independent_runs(particle_images(1.0), SETTINGS, threads=2)
    assert last.confidence is not None
    assert last.confidence.is_reliable
    assert last.maps is last.finished[last.confidence.chosen].maps
    assert last.iteration == SETTINGS.iterations * len(last.finished)


def test_noise_confirms_nothing():
    settings = AbInitioSettings(iterations=12, batch_size=60, final_resolution=18.0, seed=3)
    *_, last = independent_runs(particle_images(0.0), settings, threads=2)
    assert last.confidence is not None
    assert not last.confidence.is_reliable
    assert len(last.finished) == 3


def test_it_goes_on_where_it_stood():
    particles = particle_images(1.0)
    settings = AbInitioSettings(iterations=2, batch_size=20, final_resolution=30.0, seed=1)
    states = list(independent_runs(particles, settings, most_runs=2))
    assert [state.iteration for state in states] == [1, 2, 3, 4]
    assert [len(state.finished) for state in states] == [0, 1, 1, 2]
    again = list(independent_runs(particles, settings, most_runs=2, state=states[1]))
    assert [state.iteration for state in again] == [3, 4]
    assert np.array_equal(again[-1].maps, states[-1].maps)
    assert not list(independent_runs(particles, settings, most_runs=2, state=states[-1]))
    assert not np.array_equal(states[-1].finished[0].maps, states[-1].finished[1].maps)


def test_one_run_confirms_nothing():
    with pytest.raises(ParameterError, match="two"):
        next(independent_runs(particle_images(1.0), SETTINGS, runs=1))
