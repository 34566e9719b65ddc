"""A first map from nothing resembles the phantom, up to its orientation and hand, and can be made again."""

from itertools import pairwise

import numpy as np
import pytest
from phantoms import uneven
from scipy.ndimage import affine_transform

from cryoloom.engine.abinitio import AbInitioSettings, ab_initio
from cryoloom.engine.likelihood import ParticleImages
from cryoloom.engine.maps import limit_resolution
from cryoloom.engine.optics import ContrastTransfer, ParticleOptics, transfer_image
from cryoloom.engine.orientations import local_rotations, orientation_grid
from cryoloom.engine.projection import project_volume
from cryoloom.errors import ParameterError

BOX, PIXEL, DIAMETER, COUNT = 32, 6.0, 120.0, 300
SETTINGS = AbInitioSettings(iterations=40, batch_size=60, final_resolution=18.0, seed=3)


@pytest.fixture(scope="module")
def phantom():
    """Blobs of unequal weight without symmetry, within the diameter."""
    return uneven(np.random.default_rng(5))


@pytest.fixture(scope="module")
def particles(phantom):
    random = np.random.default_rng(6)
    angles = np.stack(
        [
            random.uniform(0, 360, COUNT),
            np.degrees(np.arccos(random.uniform(-1, 1, COUNT))),
            random.uniform(0, 360, COUNT),
        ],
        axis=1,
    )
    transfers = [ContrastTransfer(300.0, 2.7, 0.1, d, d - 300, 30.0) for d in random.uniform(1e4, 2.5e4, COUNT)]
    ctfs = np.stack([transfer_image((BOX, BOX), PIXEL, transfer) for transfer in transfers])
    images = project_volume(phantom, angles, random.normal(0, 5, size=(COUNT, 2)), ctfs, pixel_size=PIXEL)
    images += random.normal(0, 1.5 * images.std(), images.shape)
    return ParticleImages(images.astype(np.float32), ParticleOptics.of(transfers), PIXEL, DIAMETER)


def turned(volume, rotation):
    matrix = rotation[::-1, ::-1]
    centre = np.full(3, BOX // 2)
    return affine_transform(volume, matrix, offset=centre - matrix @ centre, order=1)


def best_correlation(volume, reference):
    """With the reference, over all orientations and both hands; centres are found by the phase of the shift."""
    best = 0.0
    for hand in (volume, np.roll(volume[:, :, ::-1], 1, axis=2)):
        grid, step = orientation_grid(20.0), 20.0
        while step > 2.0:
            scores = []
            for rotation in grid:
                product = np.fft.rfftn(turned(hand, rotation)).conj() * np.fft.rfftn(reference)
                scores.append(np.fft.irfftn(product, s=reference.shape, axes=(0, 1, 2)).max())
            step /= 2
            grid = local_rotations(step, 1.5 * step) @ grid[int(np.argmax(scores))]
        best = max(best, max(scores) / np.linalg.norm(hand) / np.linalg.norm(reference))
    return best


def test_the_map_is_that_of_the_phantom(particles, phantom):
    states = list(ab_initio(particles, SETTINGS, threads=2))
    assert [state.iteration for state in states] == list(range(1, 41))
    assert all(later.resolution <= former.resolution for former, later in pairwise(states))
    assert states[-1].log_likelihood > states[4].log_likelihood
    radius = BOX * PIXEL / 25.0
    found, expected = (limit_resolution(one - one.mean(), radius) for one in (states[-1].maps[0], phantom))
    # Maps of unrelated blobs of the same size reach about 0.7 at their best orientation.
    assert best_correlation(found, expected) > 0.9


def test_the_same_seed_gives_the_same_bits_and_it_goes_on_where_it_stood(particles):
    settings = AbInitioSettings(iterations=3, batch_size=20, seed=1)
    once = list(ab_initio(particles, settings))
    again = list(ab_initio(particles, settings, state=once[0]))
    assert [state.iteration for state in again] == [2, 3]
    assert np.array_equal(once[-1].maps, again[-1].maps)
    other = list(ab_initio(particles, AbInitioSettings(iterations=3, batch_size=20, seed=2)))
    assert not np.array_equal(once[-1].maps, other[-1].maps)


@pytest.mark.parametrize(
    "settings",
    [AbInitioSettings(iterations=6, batch_size=20, seed=1), pytest.param(SETTINGS, marks=pytest.mark.full)],
    ids=["few", "whole"],
)
def test_other_threads_give_all_but_the_same_map_at_the_end(particles, settings):
    """What rounds differently in a matrix product is not blown up by the iterations that follow."""
    one, other = ([*ab_initio(particles, settings, threads=threads)][-1] for threads in (1, 2))
    assert one.iteration == settings.iterations
    assert np.corrcoef(one.maps.ravel(), other.maps.ravel())[0, 1] > 0.9999


def test_classes_share_the_images_among_them(particles):
    settings = AbInitioSettings(classes=2, iterations=2, batch_size=20)
    *_, last = ab_initio(particles, settings)
    assert last.maps.shape == (2, BOX, BOX, BOX)
    assert last.occupancy.sum() == pytest.approx(1.0, abs=1e-5)


def test_impossible_settings_are_refused(particles):
    with pytest.raises(ParameterError, match="smaller number"):
        AbInitioSettings(initial_resolution=10.0, final_resolution=20.0)
    with pytest.raises(ParameterError, match="cannot make"):
        next(ab_initio(particles, AbInitioSettings(classes=COUNT + 1)))
