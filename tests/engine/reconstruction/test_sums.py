"""Sums of slices: what only the foot of a slice has touched is left out."""

import numpy as np

from cryoloom.engine.reconstruction import FourierSums


def test_weights_too_small_for_a_ratio_make_no_infinite_map():
    sums = FourierSums(8)
    sums.weight[:] = 1e-42  # feet of slices: values and weights have but one or two digits, and other ones
    sums.total[:] = 3e-4
    middle = sums.weight.shape[0] // 2
    sums.weight[middle - 2 : middle + 3, middle - 2 : middle + 3, :3] = 1.0
    with np.errstate(over="raise", invalid="raise"):
        volume = sums.map(16)
    assert np.isfinite(volume).all()
    assert np.ptp(volume) > 0
