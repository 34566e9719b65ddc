"""Half-map correlations: against what signal and noise of known power must give, and against the truth itself."""

import numpy as np
import pytest
from phantoms import symmetrised_d4

from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.maps import apply_b_factor, low_pass, soft_sphere, threshold_mask
from cryoloom.engine.validation import (
    MASKED_BEFORE,
    correlate_half_maps,
    directional_correlation,
    edge_width,
    half_map_difference,
    is_masked_before,
    local_resolution,
    mask_warnings,
    postprocess,
    soft_auto_mask,
)
from cryoloom.errors import ParameterError

from ._maps import body, noise, shell_power

BOX, PIXEL = 64, 2.2


@pytest.fixture(scope="module")
def truth():
    return apply_b_factor(body(BOX, PIXEL), 150.0, pixel_size=PIXEL)


@pytest.fixture(scope="module")
def level(truth):
    """Noise, in standard deviations a voxel."""
    return 1.5 * truth.std()


@pytest.fixture(scope="module")
def halves(truth, level):
    return [truth + noise(BOX, seed, level) for seed in (11, 12)]


@pytest.fixture(scope="module")
def mask(truth):
    return threshold_mask(low_pass(truth, 15, pixel_size=PIXEL), 0.25 * truth.max() / 4, extension=3, edge=6)


def expected_correlation(signal, noise_variance):
    """Of two maps of one signal with independent white noise, whose summed variance in all voxels is given."""
    power = shell_power(signal)
    return power / (power + noise_variance)


def scatter(correlation, count):
    """Of a correlation of so many complex coefficients."""
    return (1 - correlation**2) / np.sqrt(2 * np.maximum(count, 1))


def test_unmasked_and_corrected_curves_are_those_of_the_signal_to_noise_ratio(truth, halves, mask, level):
    curves = correlate_half_maps(*halves, pixel_size=PIXEL, copies=1, mask=mask)
    shells = slice(3, BOX // 2)
    expected = expected_correlation(truth, level**2 * BOX**3)
    found = curves.unmasked
    allowed = 5 * scatter(expected, found.coefficients) + 0.01
    assert (abs(found.correlation - expected) < allowed)[shells].all()
    within = expected_correlation(truth * mask, level**2 * (mask.astype(float) ** 2).sum())
    count = found.coefficients * curves.independent_share
    error = (curves.corrected.correlation - within)[shells]
    # The noise of the randomised curve comes on top of that of the masked one.
    assert (abs(error) < 5 * 2**0.5 * scatter(np.minimum(within, 0.9), count)[shells] + 0.01).all()
    assert np.sqrt((error**2).mean()) < 0.06
    crossing = np.interp(-0.143, -within[3:], curves.corrected.frequency[3:])
    assert abs(1 / curves.resolution - crossing) < 1.0 / (BOX * PIXEL)


def test_the_curve_against_the_truth_is_the_one_foretold(truth, halves, mask):
    curves = correlate_half_maps(*halves, pixel_size=PIXEL, copies=1, mask=mask)
    real = fourier_shell_correlation(0.5 * (halves[0] + halves[1]), truth, pixel_size=PIXEL, mask=mask)
    used = curves.corrected.correlation > 0.05
    assert np.sqrt(((curves.against_truth - real.correlation)[used] ** 2).mean()) < 0.05  # as the definitions ask
    assert curves.resolution == pytest.approx(real.resolution(0.5), rel=0.05)


def test_the_resolution_lies_seldom_beyond_the_truths_and_then_by_little(truth, mask):
    """Of halves so noisy that they end the map, and not its pixels; in shells, of twenty draws of the noise."""
    beyond = []
    for seed in range(20):
        halves = [truth + noise(BOX, 1000 + 2 * seed + one, 3.5 * truth.std()) for one in range(2)]
        curves = correlate_half_maps(*halves, pixel_size=PIXEL, copies=1, mask=mask)
        real = fourier_shell_correlation(0.5 * (halves[0] + halves[1]), truth, pixel_size=PIXEL, mask=mask)
        assert 2.05 * PIXEL < real.resolution(0.5) < 8.0
        beyond.append(BOX * PIXEL * (1 / curves.resolution - 1 / real.resolution(0.5)))
    # By one standard error on the safe side, a sixth lies beyond; seven or more of twenty do with a chance of 1 in 20.
    assert sum(value > 0 for value in beyond) < 7
    assert max(beyond) < 1.0
    assert np.mean(beyond) > -1.0


def test_the_standard_error_is_the_scatter_of_the_curve(truth, mask):
    curves = [
        correlate_half_maps(
            *(truth + noise(BOX, 2000 + 2 * seed + one, 4.5 * truth.std()) for one in range(2)),
            pixel_size=PIXEL,
            copies=1,
            mask=mask,
        )
        for seed in range(30)
    ]
    shells = slice(8, BOX // 2)
    scattered = np.std([one.corrected.correlation[shells] for one in curves], axis=0, ddof=1)
    told = np.mean([one.standard_error[shells] for one in curves], axis=0)
    # A standard deviation of thirty is known to 13 %; the coefficients of 24 shells within a mask hang together.
    assert 0.6 < np.median(scattered / told) < 1.4


@pytest.mark.parametrize("masked", [True, False])
def test_the_standard_error_of_symmetrised_halves_is_their_scatter_if_copies_are_counted(truth, masked):
    """Eight mates of a coefficient are one observation: counted as eight, the error is told √8 times too small."""
    body = symmetrised_d4(truth)
    mask = soft_sphere(BOX, 16.0, 6.0) if masked else None
    pairs = [
        [body + symmetrised_d4(noise(BOX, 3000 + 2 * seed + one, 6.0 * truth.std())) for one in range(2)]
        for seed in range(30)
    ]
    curves = [correlate_half_maps(*pair, pixel_size=PIXEL, copies=8, mask=mask) for pair in pairs]
    shells = slice(8, BOX // 2)
    scattered = np.std([one.corrected.correlation[shells] for one in curves], axis=0, ddof=1)
    told = np.mean([one.standard_error[shells] for one in curves], axis=0)
    # A standard deviation of thirty is known to 13 %, the median over shells, which hang together in a mask, better;
    # coefficients on axes have fewer mates.
    assert 0.75 < np.median(scattered / told) < 1.3
    alone = correlate_half_maps(*pairs[0], pixel_size=PIXEL, copies=1, mask=mask)
    assert curves[0].standard_error[shells] == pytest.approx(8**0.5 * alone.standard_error[shells], rel=1e-6)


def test_a_tight_mask_correlates_and_the_correction_takes_it_away(truth):
    """Of nothing but coarse signal and noise, a tight binary mask makes detail that is not there."""
    coarse = low_pass(truth, 20, pixel_size=PIXEL)
    halves = [coarse + noise(BOX, seed, 0.3 * coarse.std()) for seed in (1, 2)]
    halves = [half - half.mean() + 2 * coarse.std() for half in halves]  # an even background shows the mask's own shape
    tight = (coarse > 0.3 * coarse.max()).astype(np.float32)
    curves = correlate_half_maps(*halves, pixel_size=PIXEL, copies=1, mask=tight)
    beyond = curves.masked.frequency > 1 / 14
    assert curves.masked.correlation[beyond].mean() > 0.4
    assert abs(curves.corrected.correlation[beyond].mean()) < 0.1
    core = soft_auto_mask(coarse, pixel_size=PIXEL).core
    said = " ".join(mask_warnings(tight, core, curves))
    assert "too sharp" in said
    assert "random phases" in said


def test_a_mask_that_cuts_the_particle_is_told_and_a_good_one_is_not(truth, halves, mask):
    core = soft_auto_mask(0.5 * (halves[0] + halves[1]), pixel_size=PIXEL).core
    assert mask_warnings(mask, core, correlate_half_maps(*halves, pixel_size=PIXEL, copies=1, mask=mask)) == ()
    small = soft_sphere(BOX, 6.0, 6.0)
    said = mask_warnings(small, core, correlate_half_maps(*halves, pixel_size=PIXEL, copies=1, mask=small))
    assert any("cuts off" in one for one in said)


@pytest.mark.parametrize("edge", [2.0, 4.0, 8.0])
def test_the_width_of_an_edge_is_read_from_the_mask(edge):
    # On whole voxels the steepest part may fall between two: that widens what is found, most where the edge is narrow.
    assert edge_width(soft_sphere(40, 9.0, edge)) == pytest.approx(edge, rel=0.3 if edge < 3 else 0.12)


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_no_evidence(seed):
    halves = [noise(48, 100 + 2 * seed + one) for one in range(2)]
    curves = correlate_half_maps(*halves, pixel_size=2.0, copies=1, mask=soft_sphere(48, 14.0, 6.0))
    assert curves.resolution is None


def test_random_phases_leave_amplitudes_and_do_not_depend_on_threads(halves, mask):
    first = correlate_half_maps(*halves, pixel_size=PIXEL, copies=1, mask=mask, seed=4)
    second = correlate_half_maps(*halves, pixel_size=PIXEL, copies=1, mask=mask, seed=4, threads=2)
    other = correlate_half_maps(*halves, pixel_size=PIXEL, copies=1, mask=mask, seed=5)
    assert np.array_equal(first.corrected.correlation, second.corrected.correlation)
    assert not np.array_equal(first.corrected.correlation, other.corrected.correlation)


def test_halves_that_cannot_be_compared_are_refused(halves):
    first, second = halves
    cases = {
        "cube": (first[:10], second, None),
        "second half map is": (first, second[:10], None),
        "the same map": (first, first, None),
        "everywhere": (first, np.zeros_like(first), None),
        "not numbers": (first, np.full_like(first, np.nan), None),
        "between 0 and 1": (first, second, 2 * np.abs(first)),
        "mask is": (first, second, np.ones((3, 3, 3))),
    }
    for says, (one, other, mask) in cases.items():
        with pytest.raises(ParameterError, match=says):
            correlate_half_maps(one, other, pixel_size=PIXEL, copies=1, mask=mask)


def test_a_mask_that_surrounds_next_to_nothing_is_refused_with_what_to_do(halves):
    """Half of its height, which tells the inside, is never reached; and within a few voxels nothing can be told."""
    weak, small = 0.4 * soft_sphere(BOX, 14.0, 6.0), soft_sphere(BOX, 1.5, 1.0)
    cases = ((weak, "goes up to 0.4 only.*divide it by its largest value"), (small, r"holds \d\d voxels.*larger"))
    for mask, says in cases:
        for compare in (correlate_half_maps, directional_correlation, local_resolution):
            with pytest.raises(ParameterError, match=says):
                compare(*halves, pixel_size=PIXEL, copies=1, mask=mask)
        with pytest.raises(ParameterError, match=says):
            half_map_difference(*halves, mask, pixel_size=PIXEL, resolution=10.0)
    nearly = 0.95 * soft_sphere(BOX, 14.0, 6.0)  # as resampling leaves it
    assert correlate_half_maps(*halves, pixel_size=PIXEL, copies=1, mask=nearly).resolution is not None


def test_halves_that_were_masked_before_are_known_by_their_solvent(halves, mask):
    """Of the same signal and noise they differ by 1 standard deviation of the solvent, if it is still there."""
    given = {"pixel_size": PIXEL, "resolution": 10.0}
    assert half_map_difference(*halves, mask, **given).inside == pytest.approx(1.0, abs=0.1)  # of some 500 coefficients
    assert not is_masked_before(*halves, mask)
    assert MASKED_BEFORE not in " ".join(postprocess(*halves, pixel_size=PIXEL, copies=1, mask=mask).warnings)
    wide = soft_sphere(BOX, 0.5 * BOX - 10.0, 4.0)  # most of the solvent is beyond it
    for by in (mask, wide):
        cut = [half * by for half in halves]
        assert is_masked_before(*cut, mask)
        with pytest.raises(ParameterError, match="masked before.*neither masked nor filtered"):
            half_map_difference(*cut, mask, **given)
        assert postprocess(*cut, pixel_size=PIXEL, copies=1, mask=mask).warnings[0].startswith(MASKED_BEFORE)
    faint = [one + 0.3 * (half - one) for one, half in zip([mask * one for one in halves], halves, strict=True)]
    assert not is_masked_before(*faint, mask)  # less noise beside the particle than within it is no mask
