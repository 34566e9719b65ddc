"""Spectra of groups and factors of micrographs follow noise of known power, within bounds, and stay apart."""

import numpy as np
import pytest

from cryoloom.engine.likelihood import NoiseSpectrum, ResidualPower
from cryoloom.engine.optics import GroupOptics, ParticleOptics
from cryoloom.errors import ParameterError

RINGS = 12
OF = np.repeat(np.arange(1, RINGS), 20)  # rings of 20 coefficients each, 220 of an image


def optics_of(micrographs, groups):
    """Of one particle in each, with the optics group that it belongs to."""
    nothing = np.zeros(len(micrographs))
    listed = (GroupOptics(300.0, 2.7, 0.1),) * (int(max(groups)) + 1)
    return ParticleOptics(listed, np.asarray(groups), nothing, nothing, nothing, nothing, np.asarray(micrographs))


def followed(noise, true, optics, seed=0):
    """The next spectrum, after images of noise alone whose true power in every coefficient (n, k) is known."""
    random = np.random.default_rng(seed)
    residual = ResidualPower(optics, RINGS)
    squares = random.exponential(size=true.shape) * true / noise.deviation(OF, optics) ** 2
    residual.add(squares.astype(np.float32), OF, optics)
    return noise.updated(residual)


def test_spectra_and_factors_are_those_of_the_noise():
    micrographs = np.repeat(np.arange(8), 50)
    optics = optics_of(micrographs, micrographs // 4)
    spectra = np.array([np.linspace(9.0, 2.0, RINGS), np.linspace(1.0, 4.0, RINGS)])
    factors = np.tile(2.0 ** np.array([0.25, -0.25, 0.25, -0.25]), 2)  # twice the power in half of them
    true = spectra[optics.group][:, OF] * factors[micrographs, None] ** 2
    noise = NoiseSpectrum(np.full(RINGS, 5.0)).shared_by(optics)
    for seed in range(3):
        noise = followed(noise, true, optics, seed=seed)
    # 11000 coefficients tell a power to 1 %, a deviation to 0.5 %; the prior of 100 draws 1 % of the way to 1.
    assert noise.scale == pytest.approx(factors, rel=0.02)
    assert noise.power[:, 1:] == pytest.approx(spectra[:, 1:], rel=0.08)  # of 4000 coefficients, 1.6 % each


def test_factors_are_bounded_and_even_out_within_each_group():
    micrographs = np.repeat(np.arange(12), 20)
    groups = np.where(micrographs < 7, 0, 1)
    optics = optics_of(micrographs, groups)
    power = np.where(micrographs == 0, 1000.0, np.where(micrographs == 9, 0.001, 1.0 + 0.1 * micrographs))
    noise = NoiseSpectrum(np.full(RINGS, 5.0)).shared_by(optics)
    for seed in range(4):
        noise = followed(noise, np.tile(power[:, None], len(OF)), optics, seed=seed)
        for group in (0, 1):
            assert np.log(noise.scale[optics.group_of_micrograph == group]).mean() == pytest.approx(0.0, abs=1e-9)
        assert noise.scale.min() >= 0.5 * (1 - 1e-9)
        assert noise.scale.max() <= 2.0 * (1 + 1e-9)
    assert noise.scale[0] == pytest.approx(2.0)
    assert noise.scale[9] == pytest.approx(0.5)
    assert noise.scale[2] < noise.scale[6] < 1.1


def test_a_micrograph_moves_as_little_as_is_known_of_it():
    micrographs = np.array([0] * 99 + [1])
    optics = optics_of(micrographs, micrographs * 0)
    start = NoiseSpectrum(np.ones(RINGS)).shared_by(optics)
    residual = ResidualPower(optics, RINGS)
    residual.add(np.where(micrographs[:, None] == 1, 2.0, 1.0) * np.ones(len(OF), np.float32), OF, optics)
    once = start.updated(residual)
    # One image of 220 coefficients beside a prior of 100.
    assert (once.scale[1] / once.scale[0]) ** 2 == pytest.approx(2 ** (220 / 320), rel=0.01)
    # Of a batch without it, nothing is learnt of it.
    before = NoiseSpectrum(start.power, np.array([1 / 1.2, 1.2]))
    mine = optics[:99]
    residual = ResidualPower(optics, RINGS)
    residual.add(np.full((99, len(OF)), 1.0, np.float32), OF, mine)
    after = before.updated(residual, 0.3, every=optics)
    assert after.scale == pytest.approx(before.scale, rel=1e-3)
    assert np.log(after.scale).sum() == pytest.approx(0.0, abs=1e-12)


def test_mini_batches_end_where_passes_over_all_images_do():
    """200 images of 40 micrographs in batches of 20: one image of every second micrograph, on average."""
    micrographs = np.repeat(np.arange(40), 5)
    optics = optics_of(micrographs, micrographs * 0)
    factors = np.exp(np.random.default_rng(1).normal(0.0, 0.2, 40))
    factors /= np.exp(np.log(factors).mean())
    true = np.tile(factors[micrographs, None] ** 2, len(OF)) * 3.0
    noise = NoiseSpectrum(np.full(RINGS, 5.0)).shared_by(optics)
    order = np.random.default_rng(2)
    for _ in range(150):
        chosen = np.sort(order.permutation(200)[:20])
        part = optics[chosen]
        residual = ResidualPower(optics, RINGS)
        squares = order.exponential(size=(20, len(OF))) * true[chosen] / noise.deviation(OF, part) ** 2
        residual.add(squares.astype(np.float32), OF, part)
        noise = noise.updated(residual, 0.3, every=optics)
    # The prior of 100 beside 1100 coefficients leaves 92 %. A step of 0.3, of which 220 coefficients of one image carry
    # 0.69, leaves a deviation of 0.5 √(0.3 · 0.69 / 2 / 220) = 1.1 %, of which four are rare among 40.
    assert np.log(noise.scale) == pytest.approx(0.92 * np.log(factors), abs=0.045)


def test_nothing_is_learnt_where_micrographs_are_not_known():
    group = np.array([0, 1, 1, 0])
    nothing = np.zeros(4)
    optics = ParticleOptics((GroupOptics(300.0, 2.7, 0.1),) * 2, group, nothing, nothing, nothing, nothing)
    assert optics.group_of_micrograph.tolist() == [0, 1]
    noise = NoiseSpectrum(np.ones(RINGS)).shared_by(optics)
    noise = followed(noise, np.where(group[:, None] == 1, 4.0, 1.0) * np.ones(len(OF)), optics)
    assert noise.scale == pytest.approx([1.0, 1.0])


def test_a_micrograph_is_of_one_group():
    with pytest.raises(ParameterError, match="several optics groups"):
        optics_of([0, 0, 1], [0, 1, 1])
