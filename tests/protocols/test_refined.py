"""What a refinement has given: the mask that its maps are judged in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from phantom_particles import BOX, DIAMETER, PIXEL, phantom, true_state, write_particles

from cryoloom.engine.maps import limit_resolution
from cryoloom.engine.refinement import particle_sphere
from cryoloom.engine.refinement._maps import agreement
from cryoloom.protocols.particle_images import load_particles, read_particle_file
from cryoloom.protocols.refined import refined


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    given = read_particle_file(write_particles(tmp_path_factory.mktemp("refined")))
    return load_particles(given.table, given.resolve, diameter=DIAMETER)


def halves_of_noise(seed: int) -> np.ndarray:
    """Both were shown the same map up to six Fourier pixels; what lies beyond is noise of their own."""
    shared = limit_resolution(phantom(), 5.5)
    noise = np.random.default_rng(seed).normal(0, shared.std(), (2, *shared.shape))
    return (shared + [one - limit_resolution(one.astype(np.float32), 5.5) for one in noise]).astype(np.float32)


def test_without_evidence_of_signal_no_mask_is_drawn_about_noise(loaded):
    results = []
    for seed in (1, 2):
        halves = halves_of_noise(seed)
        curve = agreement(halves, particle_sphere(loaded.images), 6, BOX // 2, pixel_size=PIXEL, threads=1)
        state = replace(true_state(loaded, halves), curve=curve, has_signal=False)
        results.append(refined(loaded, state, symmetry="C1"))
    np.testing.assert_array_equal(results[0].mask, results[1].mask)
    radius = np.sqrt(sum((axis - BOX // 2) ** 2 for axis in np.mgrid[:BOX, :BOX, :BOX])) * PIXEL
    assert results[0].mask[radius < 0.5 * DIAMETER - 3 * PIXEL].min() == 1.0
    assert results[0].mask[radius > 0.5 * DIAMETER + 6 * PIXEL].max() == 0.0
    for result in results:
        assert result.resolution is None
        crossing = result.correlation.corrected.resolution(0.143)
        assert crossing is not None
        assert crossing > BOX * PIXEL / 8  # what was shown ends at 6 Fourier pixels; one more for the sphere's edge


def test_without_evidence_the_curve_is_the_one_that_the_refinement_judged_by(loaded):
    state = true_state(loaded, halves_of_noise(4))
    judged = replace(state.curve, correlation=np.linspace(1.0, -0.5, len(state.curve.correlation)))
    curves = refined(loaded, replace(state, curve=judged, has_signal=False), symmetry="C1").correlation
    assert curves.corrected is judged
    assert "phase-randomised" not in curves.curves
    assert not curves.by_chance.any()
    assert refined(loaded, replace(state, curve=judged), symmetry="C1").correlation.corrected is not judged


def test_with_signal_the_mask_follows_the_map(loaded):
    noise = np.random.default_rng(3).normal(0, 0.01 * phantom().max(), (2, BOX, BOX, BOX))
    state = true_state(loaded, (phantom() + noise).astype(np.float32))
    mask = refined(loaded, state, symmetry="C1").mask
    assert not np.array_equal(mask, refined(loaded, replace(state, has_signal=False), symmetry="C1").mask)
    assert mask[phantom() > 0.2 * phantom().max()].min() > 0.9


def test_a_map_out_of_which_nothing_stands_is_told(loaded):
    """What is dark does not stand out, however well the halves agree."""
    noise = np.random.default_rng(3).normal(0, 0.01 * phantom().max(), (2, BOX, BOX, BOX))
    dark = refined(loaded, true_state(loaded, (noise - phantom()).astype(np.float32)), symmetry="C1")
    assert not dark.stands_out
    assert "Nothing stands out of the noise of the map at 30 Å, so the particle was not found in it." in dark.remarks
    bright = refined(loaded, true_state(loaded, (noise + phantom()).astype(np.float32)), symmetry="C1")
    assert bright.stands_out
    assert bright.remarks == ()


def test_a_resolution_within_what_both_halves_were_shown_is_no_evidence(loaded):
    state = true_state(loaded, halves_of_noise(5))
    crossing = refined(loaded, state, symmetry="C1").resolution
    assert crossing is not None  # nobody said what they were shown
    assert crossing > BOX * PIXEL / 8  # they were shown all up to six Fourier pixels
    assert refined(loaded, state, symmetry="C1", shared=2 * crossing).resolution == crossing
    known = refined(loaded, state, symmetry="C1", shared=BOX * PIXEL / 10)
    assert known.resolution is None
    assert known.correlation.resolution == crossing
    assert known.evident(BOX * PIXEL / 11) == BOX * PIXEL / 11
