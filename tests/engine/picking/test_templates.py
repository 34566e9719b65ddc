"""Template picking finds what the templates show, whatever its turn."""

import numpy as np
import pytest
from scipy.ndimage import affine_transform

from cryoloom.engine.optics import ContrastTransfer
from cryoloom.engine.orientations import rotation_matrices
from cryoloom.engine.picking import pick_with_templates
from cryoloom.errors import ParameterError
from cryoloom.testing.microscope import pseudoprotein

from .conftest import PIXEL_SIZE, expose, hold_against_truth, with_random_phases

TEMPLATE_PIXEL_SIZE = 6.0


@pytest.fixture(scope="module")
def templates():
    """Twelve projections of the specimen's map."""
    volume = pseudoprotein().density_map(64, TEMPLATE_PIXEL_SIZE)
    random = np.random.default_rng(4)
    angles = np.stack(
        [random.uniform(0, 360, 12), np.degrees(np.arccos(random.uniform(-1, 1, 12))), np.zeros(12)], axis=1
    )
    centre = np.full(3, 32.0)
    projections = []
    for matrix in rotation_matrices(angles):
        turn = matrix.T[::-1, ::-1]  # from the image's z, y, x to the map's
        projections.append(affine_transform(volume, turn, offset=centre - turn @ centre, order=1).sum(axis=0))
    return np.array(projections, np.float32)


def pick(field, templates, **changes):
    settings = {"template_pixel_size": TEMPLATE_PIXEL_SIZE, "diameter": field.diameter, "pixel_size": PIXEL_SIZE}
    return pick_with_templates(field.image, templates, **settings | changes)


def test_finds_and_centres_the_particles(standard_field, templates):
    picks = pick(standard_field, templates)
    match = hold_against_truth(picks.coordinates, standard_field)
    assert match.recall >= 0.85
    assert match.precision >= 0.85
    assert match.centre_error <= 0.08
    assert picks.classes.max() < 12
    assert len(set(picks.classes)) > 3


def test_the_transfer_function_raises_scores(templates):
    field = expose("easy", 12, defocus=90_000.0)
    transfer = field.truth.transfer
    known = ContrastTransfer(300.0, 2.7, 0.07, transfer.defocus_u, transfer.defocus_v, transfer.defocus_angle)
    with_transfer, without = pick(field, templates, transfer=known), pick(field, templates)
    assert hold_against_truth(with_transfer.coordinates, field).recall >= 0.95
    assert np.median(with_transfer.scores) > 1.1 * np.median(without.scores)


def test_finds_nothing_in_noise(easy_field, templates):
    scrambled = pick_with_templates(
        with_random_phases(easy_field.image),
        templates,
        template_pixel_size=TEMPLATE_PIXEL_SIZE,
        diameter=easy_field.diameter,
        pixel_size=PIXEL_SIZE,
    )
    assert len(scrambled.coordinates) <= 3


def test_classes_tell_the_templates_apart():
    """Discs and rings, written into noise, come back as what they are, at another pixel size of the templates."""
    random = np.random.default_rng(5)
    image = random.normal(100, 4, (600, 600)).astype(np.float32)
    y, x = np.mgrid[-30:31, -30:31]
    distance = np.hypot(y, x)
    kinds = [np.exp(-((distance / 9) ** 2)), np.exp(-(((distance - 15) / 4) ** 2))]
    centres = [(60 + 96 * i, 60 + 96 * j) for i in range(6) for j in range(6)]
    for number, (row, column) in enumerate(centres):
        image[row - 30 : row + 31, column - 30 : column + 31] -= 4 * kinds[number % 2]
    y, x = np.mgrid[-16:16, -16:16] * 2.0
    distance = np.hypot(y, x)
    templates = np.array([np.exp(-((distance / 9) ** 2)), np.exp(-(((distance - 15) / 4) ** 2))])
    picks = pick_with_templates(image, templates, template_pixel_size=4.0, diameter=80.0, pixel_size=2.0)
    assert len(picks.coordinates) == 36
    for (column, row), kind in zip(picks.coordinates, picks.classes, strict=True):
        offsets = np.hypot(*(np.array(centres) - (row, column)).T)
        assert offsets.min() < 3
        assert kind == offsets.argmin() % 2


@pytest.mark.parametrize(
    ("stack", "settings", "says"),
    [
        (np.zeros((64, 64)), {}, "stack of square images"),
        (np.zeros((2, 64, 64)), {}, "is flat"),
        (np.ones((1, 64, 64)), {"template_pixel_size": 0.0}, "must be positive"),
    ],
)
def test_refuses_templates_that_are_none(easy_field, stack, settings, says):
    with pytest.raises(ParameterError, match=says):
        pick(easy_field, stack, **settings)
