"""Components learned from windows are white in noise, turn with the particle, and explain it."""

import numpy as np
import pytest
from scipy.ndimage import rotate

from cryoloom.engine.picking._appearance import learn_appearance, likelihood_ratio, without_particles
from cryoloom.engine.picking._basis import disc_basis
from cryoloom.engine.picking._peaks import Peaks
from cryoloom.engine.picking._spectrum import NoiseSpectrum
from cryoloom.engine.picking._working_image import WorkingImage

DIAMETER = 16.0


def particle():
    y, x = np.mgrid[-12:13, -12:13]
    disc = np.hypot(y, x) < DIAMETER / 2
    return 3.0 * disc * (np.cos(0.9 * x) + 0.5 * (y > 2) - 0.2)


@pytest.fixture(scope="module")
def scene():
    """36 copies of one handed image at random turns, in white noise."""
    random = np.random.default_rng(1)
    image = random.standard_normal((260, 260)).astype(np.float32)
    centres = [(30 + 40 * i, 30 + 40 * j) for i in range(6) for j in range(6)]
    for y, x in centres:
        image[y - 12 : y + 13, x - 12 : x + 13] += rotate(particle(), random.uniform(0, 360), reshape=False, order=1)
    y, x = np.array(centres).T
    peaks = Peaks(x, y, np.ones(len(centres), np.float32))
    return WorkingImage(image, np.ones(image.shape, bool), 1.0, 1.0, DIAMETER), peaks, NoiseSpectrum(np.ones(96))


def test_basis_functions_are_orthonormal_and_turn_by_a_phase():
    for order in disc_basis(9.6, 0.375):
        flat = order.functions.reshape(len(order.functions), -1)
        # Sampling on pixels leaves a few percent between functions of one order.
        assert flat.conj() @ flat.T == pytest.approx(np.eye(len(flat)), abs=0.12)
        quarter = np.rot90(order.functions, axes=(1, 2))  # turns the pattern by 90° from y to x
        assert quarter == pytest.approx(order.functions * 1j**order.order, abs=1e-5)


def test_components_have_variance_one_in_noise(scene):
    _, _, noise = scene
    appearance = learn_appearance(*scene)
    kernels = appearance.kernels.reshape(len(appearance.gains), -1)
    windows = noise.sample((64, kernels.shape[1]), 3)  # the noise is white, so any pixels make a window
    components = windows @ kernels.conj().T
    assert np.mean(np.abs(components) ** 2) == pytest.approx(1.0, abs=0.1)


def test_the_ratio_is_high_on_particles_and_low_between(scene):
    image, peaks, _ = scene
    ratio = likelihood_ratio(image.values, learn_appearance(*scene))
    on = ratio[peaks.y, peaks.x]
    between = ratio[50:211:40, 50:211:40]
    assert on.min() > 20
    assert between.max() < 0
    for y, x in zip(peaks.y, peaks.x, strict=True):
        around = ratio[y - 5 : y + 6, x - 5 : x + 6]
        offset = np.array(np.unravel_index(around.argmax(), around.shape)) - 5
        assert np.hypot(*offset) <= 2


def test_a_turned_image_scores_the_same(scene):
    image, _, _ = scene
    appearance = learn_appearance(*scene)
    ratio = likelihood_ratio(image.values, appearance)
    turned = likelihood_ratio(np.ascontiguousarray(np.rot90(image.values)), appearance)
    assert turned == pytest.approx(np.rot90(ratio), abs=0.01)


def test_subtracting_particles_leaves_noise(scene):
    image, peaks, _ = scene
    rest = without_particles(image.values, peaks, learn_appearance(*scene))
    before = np.mean([image.values[y - 6 : y + 7, x - 6 : x + 7].var() for x, y in zip(peaks.x, peaks.y, strict=True)])
    after = np.mean([rest[y - 6 : y + 7, x - 6 : x + 7].var() for x, y in zip(peaks.x, peaks.y, strict=True)])
    assert before > 3
    assert after < 1.3
    far = np.ones(rest.shape, bool)
    for x, y in zip(peaks.x, peaks.y, strict=True):
        far[y - 12 : y + 13, x - 12 : x + 13] = False
    assert np.array_equal(rest[far], image.values[far])


def test_a_few_windows_are_trusted_less_than_many(scene):
    image, peaks, noise = scene
    few = learn_appearance(image, peaks.first(3), noise)
    assert few.gains.max() < learn_appearance(image, peaks, noise).gains.max()
