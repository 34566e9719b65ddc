"""The scoring of 3D classes against known kinds."""

from __future__ import annotations

import numpy as np
from classes3d import balanced_accuracy


def test_kinds_count_alike_whatever_their_size_and_however_classes_are_named():
    kinds = np.repeat([0, 1], [90, 10])
    assert balanced_accuracy(1 - kinds, kinds) == 1.0
    assert balanced_accuracy(np.zeros(100, int), kinds) == 0.5
    classes = kinds.copy()
    classes[90:95] = 0
    assert balanced_accuracy(classes, kinds) == 0.75
    classes[:9] = 2  # a third class, which is no kind's
    assert balanced_accuracy(classes, kinds) == 0.7
