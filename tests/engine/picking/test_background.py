"""What lies between particles is told from them."""

import numpy as np

from cryoloom.engine.picking._background import with_even_noise
from cryoloom.engine.picking._peaks import Peaks
from cryoloom.engine.picking._working_image import prepare

DIAMETER = 16.0


def test_noise_among_particles_and_far_from_them_becomes_equal():
    """The left half is full of strong particles; evened by its whole variance, noise there is too low."""
    random = np.random.default_rng(1)
    noise = random.standard_normal((300, 400))
    y, x = (part.ravel() for part in np.mgrid[24:280:28, 24:200:28])
    squared = (np.mgrid[:300, :400][0][..., None] - y) ** 2 + (np.mgrid[:300, :400][1][..., None] - x) ** 2
    values = noise + 5 * np.exp(-squared / (2 * 4.0**2)).sum(axis=-1)
    image = prepare(values.astype(np.float32), diameter=DIAMETER, pixel_size=1.0, contrast_sign=1)
    assert image.values.shape == values.shape
    assert image.usable.all()
    between, empty = squared.min(axis=-1) > DIAMETER**2, np.zeros(values.shape, bool)
    between[:, 190:] = False
    empty[:, 260:] = True
    prepared = image.values[between].std() / image.values[empty].std()
    evened = with_even_noise(image, Peaks(x, y, np.ones(len(x), np.float32))).values
    assert prepared < 0.75
    # Between particles the mean over a diameter still holds some of them; of the noise itself 1000 pixels tell 2 %.
    assert 0.9 < evened[between].std() / evened[empty].std() < 1.1
