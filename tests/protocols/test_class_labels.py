"""Labels of 2D classes over several rounds: each stays with its average, and none is ever given to another class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cryoloom.protocols.class2d._labels import FILE, KnownClasses, continued, labels_of
from cryoloom.workflow.workspace import RoundWorkspace

BOX, PIXEL = 32, 6.0


def blobs(seed: int, count: int) -> np.ndarray:
    """Averages (count, box, box) of five blobs each; any two correlate by less than 0.75, turned as they may be."""
    random = np.random.default_rng(seed)
    grid = np.arange(BOX) - BOX // 2
    centres = random.uniform(-10, 10, size=(count, 5, 2))
    y, x = centres[..., 0, None, None], centres[..., 1, None, None]
    return np.exp(-((grid[:, None] - y) ** 2 + (grid - x) ** 2) / 6.0).sum(axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def views() -> np.ndarray:
    """Four views."""
    return blobs(3, 4)


@pytest.fixture
def labelled(tmp_path: Path):
    """Gives the labels of the averages of a round, as the rounds of one run do it one after the other."""

    def label(number: int, averages: np.ndarray, pixel_size: float = PIXEL) -> tuple[list[int], list[str]]:
        workspace = RoundWorkspace(tmp_path, "000002-class2d", f"round {number}", number, frozenset(), number=number)
        workspace.folder.mkdir(parents=True, exist_ok=True)
        return labels_of(averages, pixel_size, workspace), workspace.warnings

    return label


def test_a_class_that_comes_back_has_its_label_and_a_new_one_has_a_label_that_none_ever_had(labelled, views):
    assert labelled(1, views[:3])[0] == [1, 2, 3]
    assert labelled(2, views[[0, 1, 0]])[0] == [1, 2, 1]  # the third was not found, the first twice
    assert labelled(3, views[[0, 1, 3]])[0] == [1, 2, 4]
    turned = np.rot90(views[[2, 3, 1, 0]], axes=(1, 2))
    assert labelled(4, turned)[0] == [3, 4, 2, 1]
    # A round that was cut off and is computed again gives the same.
    assert labelled(4, turned)[0] == [3, 4, 2, 1]


def test_a_class_that_was_two_in_one_round_is_one_again_under_its_label(labelled, views):
    assert labelled(1, views[:2])[0] == [1, 2]
    random = np.random.default_rng(4)
    doublet = views[[0, 0, 1]] + random.normal(0, 0.02, (3, BOX, BOX)).astype(np.float32)
    assert labelled(2, doublet)[0] == [1, 1, 2]
    assert labelled(3, views[[1, 2, 0]])[0] == [2, 3, 1]


def test_of_a_doublet_the_average_more_like_the_class_as_it_was_is_remembered(views):
    known = KnownClasses(views[:1], (5,), PIXEL, 7)
    near, far = views[0], views[0] + 0.3 * views[1]
    for order in ((near, far), (far, near)):
        labels, after = continued(np.stack(order), known, PIXEL)
        assert labels == [5, 5]
        assert after.labels == (5,)
        assert np.array_equal(after.averages[0], near)
        assert after.highest == 7


def test_a_class_that_changes_little_by_little_keeps_its_label(labelled, views):
    """From one view to the other in steps: the last is compared with the one before it, not with the first."""
    for number, share in enumerate(np.linspace(0, 1, 6), 1):
        assert labelled(number, ((1 - share) * views[:1] + share * views[1:2]))[0] == [1]
    assert continued(views[1:2], KnownClasses(views[:1], (1,), PIXEL, 1), PIXEL)[0] == [2]


def test_averages_of_another_size_get_labels_that_none_ever_had_and_that_is_said(labelled, views):
    assert labelled(1, views[:3]) == ([1, 2, 3], [])
    labels, (warning,) = labelled(2, views[:3, 4:-4, 4:-4])
    assert labels == [4, 5, 6]
    assert "24 pixels of 6.00 Å" in warning
    assert "Decide again" in warning
    labels, (warning,) = labelled(3, views[:3, 4:-4, 4:-4], 5.0)
    assert labels == [7, 8, 9]


def test_labels_of_a_round_that_an_earlier_cryoloom_computed_go_on(tmp_path, labelled, views):
    folder = tmp_path / "runs" / "000002-class2d" / "rounds" / "0001"
    folder.mkdir(parents=True)
    np.savez(folder / FILE, averages=views[[0, 1, 0]], labels=np.array("[3, 7, 3]"))
    assert labelled(2, views[[1, 2, 0]])[0] == [7, 8, 3]
