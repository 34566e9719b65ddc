"""Likelihood ratios: what they are, and that none is too small to be multiplied at full speed."""

import numpy as np

from cryoloom.engine.likelihood import likelihood_ratios


def test_they_are_exponentials_of_the_logarithms():
    logarithms = np.linspace(-39.0, 0.0, 100, dtype=np.float32)
    expected = np.exp(logarithms.astype(np.float64))
    np.testing.assert_allclose(likelihood_ratios(logarithms), expected, rtol=1e-5)  # 39 · 2⁻²⁴ by rounding alone


def test_none_leaves_the_normal_range_of_single_precision_even_divided_by_a_million_poses():
    ratios = likelihood_ratios(np.array([[0.0, -80.0, -95.0, -1e6, -np.inf]], np.float32))
    assert (ratios / np.float32(1e6) >= np.finfo(np.float32).tiny).all()
    assert ratios[0, 0] == 1.0


def test_what_is_unlikely_changes_no_sum_of_a_million_poses():
    ratios = likelihood_ratios(np.full(10**6, -1000.0, np.float32))
    assert 1.0 + ratios.sum(dtype=np.float64) < 1.0 + np.finfo(np.float32).eps
