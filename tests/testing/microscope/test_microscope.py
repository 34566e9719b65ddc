from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from cryoloom.errors import ParameterError
from cryoloom.testing.microscope import MicroscopeParameters, SimulatedMicroscope, State, Tier
from cryoloom.testing.microscope._particles import rotation_matrices

SMALL = MicroscopeParameters.of_tier(Tier.EASY).resized(width=384, height=320, frame_count=6, particle_count=4)
FLAWLESS = {"hot_pixel_count": 0, "gain_spread": 0.0}
NO_ICE = {"ice_thickness": (1e-6, 1e-6)}
STILL = {"total": (0.02, 0.02), "local": (0.01, 0.01)}


@pytest.fixture(scope="module")
def exposure():
    return SimulatedMicroscope(seed=3, parameters=SMALL).expose(defocus_u=15_200.0, defocus_v=14_700.0, seed=1)


def test_the_same_seed_gives_the_same_movie_and_another_seed_another(exposure):
    microscope = SimulatedMicroscope(seed=3, parameters=SMALL)
    again = microscope.expose(defocus_u=15_200.0, defocus_v=14_700.0, seed=1)
    other = microscope.expose(defocus_u=15_200.0, defocus_v=14_700.0, seed=2)
    elsewhere = SimulatedMicroscope(seed=4, parameters=SMALL).expose(defocus_u=15_200.0, defocus_v=14_700.0, seed=1)
    assert np.array_equal(again.counts, exposure.counts)
    assert np.array_equal(again.truth.particles.positions, exposure.truth.particles.positions)
    assert not np.array_equal(other.counts, exposure.counts)
    assert not np.array_equal(elsewhere.gain, exposure.gain)


def test_exposures_without_a_seed_are_those_of_one_two_three():
    microscope = SimulatedMicroscope(seed=3, parameters=SMALL)
    one, two = microscope.expose(), microscope.expose()
    assert np.array_equal(one.counts, microscope.expose(seed=1).counts)
    assert np.array_equal(two.counts, microscope.expose(seed=2).counts)


def test_the_movie_has_the_stated_size_and_dose(exposure):
    assert exposure.counts.shape == (6, 320, 384)
    assert exposure.counts.dtype == np.uint8
    hot = exposure.counts.mean(axis=0) > 30.0
    corrected = exposure.counts * exposure.gain
    # 1.5 e/Å² on pixels of 4 Å²; amplitude contrast of 4 particles takes less than 1 %, counting noise 0.05 %.
    assert corrected[:, ~hot].mean() == pytest.approx(6.0, rel=0.01)


def test_what_is_asked_for_is_what_is_true(exposure):
    assert exposure.truth.defocus_u == 15_200.0
    assert exposure.truth.defocus_v == 14_700.0
    assert 0.0 <= exposure.truth.defocus_angle < 180.0
    assert exposure.truth.pixel_size == exposure.pixel_size == 2.0


def test_what_is_not_asked_for_is_drawn_from_the_tier():
    microscope = SimulatedMicroscope(seed=3, parameters=SMALL.resized(width=128, height=128, frame_count=1))
    for _ in range(5):
        truth = microscope.expose().truth
        assert 9_000.0 <= 0.5 * (truth.defocus_u + truth.defocus_v) <= 22_000.0
        assert 50.0 <= truth.defocus_u - truth.defocus_v <= 600.0
        assert 42.0 <= truth.transfer.b_factor <= 78.0


def test_a_lesser_defocus_u_is_refused():
    with pytest.raises(ParameterError, match="must not be less"):
        SimulatedMicroscope(seed=3, parameters=SMALL).expose(defocus_u=10_000.0, defocus_v=11_000.0)


def test_a_field_that_is_too_small_or_too_crowded_is_refused():
    with pytest.raises(ParameterError, match="too small"):
        SMALL.resized(width=32)
    with pytest.raises(ParameterError, match="do not fit"):
        SimulatedMicroscope(seed=3, parameters=SMALL.resized(particle_count=60)).expose()


def test_particles_are_dark_where_the_truth_says(exposure):
    """The centre of what is dark, strongly defocused, is the particle's, in the sum and frame that it says."""
    parameters = SMALL.resized(width=640, height=640, frame_count=12, particle_count=9)
    exposure = SimulatedMicroscope(seed=5, parameters=parameters).expose(defocus_u=20_000.0, defocus_v=19_900.0)
    specimen = SimulatedMicroscope(seed=5, parameters=parameters).specimen
    particles = exposure.truth.particles
    places = exposure.truth.coordinates()
    inside = np.all((places > 60.0) & (places < 580.0), axis=1)
    assert inside.sum() >= 4
    blurred, errors = ndimage.gaussian_filter(exposure.micrograph, 3.0), []
    for (x, y), angles in zip(places[inside], particles.angles[inside], strict=True):
        turned = specimen.positions @ rotation_matrices(angles[None])[0].T / 2.0
        template = np.histogram2d(turned[:, 1], turned[:, 0], bins=97, range=[[-48.5, 48.5]] * 2)[0]
        template = ndimage.gaussian_filter(template, 3.0)
        column, row = round(x), round(y)
        best = None
        for j in range(-4, 5):
            for i in range(-4, 5):
                window = blurred[row + j - 48 : row + j + 49, column + i - 48 : column + i + 49]
                score = -np.corrcoef(window.ravel(), template.ravel())[0, 1]
                if best is None or score > best[0]:
                    best = score, column + i - x, row + j - y
        assert best[0] > 0.3  # protein is dark
        errors.append(best[1:])
    # The template knows nothing of the defocus, which makes particles lopsided by some 1 px; a movement by the drift in
    # the wrong direction, or a frame mistaken, would put all of them 1.5 px or more off to the same side.
    assert np.abs(errors).max() < 2.0
    assert np.abs(np.mean(errors, axis=0)).max() < 0.6


def test_the_whole_movie_moves_as_the_truth_says():
    """Early and late halves of a bright movie, correlated, are as far apart as their mean true displacements."""
    parameters = SMALL.resized(width=512, height=512, frame_count=16, particle_count=11)
    parameters = parameters.changed(dose_per_frame=8.0, hot_pixel_count=0)
    exposure = SimulatedMicroscope(seed=8, parameters=parameters).expose(defocus_u=18_000.0, defocus_v=17_900.0)
    corrected = exposure.counts * exposure.gain
    early, late = corrected[:3].mean(axis=0), corrected[8:].mean(axis=0)
    found = shift_between(early, late)
    moved = exposure.truth.drift.displacement(exposure.truth.drift.grid).mean(axis=1)
    expected = moved[8:].mean(axis=0) - moved[:3].mean(axis=0)
    assert np.hypot(*expected) > 0.8
    # Motion within the halves blurs them, the particles' own places weigh the local field: some tenths of a pixel.
    assert found == pytest.approx(expected, abs=0.35)


def shift_between(first, second):
    """Displacement (x, y) of the second image against the first, from the peak of their correlation."""
    spectra = [np.fft.rfft2(image - image.mean()) for image in (first, second)]
    radius = np.hypot(np.fft.fftfreq(first.shape[0])[:, None], np.fft.rfftfreq(first.shape[1])[None])
    band = np.exp(-((radius / 0.15) ** 2)) * (radius > 0.01)
    peak = np.fft.fftshift(np.fft.irfft2(spectra[1] * spectra[0].conj() * band, s=first.shape))
    fine = ndimage.zoom(peak[246:267, 246:267], 20, order=3)
    row, column = np.unravel_index(fine.argmax(), fine.shape)
    scale = 20.0 / (fine.shape[0] - 1)
    return np.array([column * scale - 10.0, row * scale - 10.0])


def test_late_frames_have_lost_fine_detail():
    """With the noise of counting taken off, the power at 5 to 7 Å falls from frame to frame, that at 40 Å hardly."""
    parameters = SMALL.resized(width=512, height=512, frame_count=4, particle_count=11)
    parameters = parameters.changed(dose_per_frame=12.0, **FLAWLESS, **NO_ICE, **STILL)
    microscope = SimulatedMicroscope(seed=9, parameters=parameters)
    radius = np.hypot(np.fft.fftfreq(512, 2.0)[:, None], np.fft.rfftfreq(512, 2.0)[None])
    fine, coarse = (radius > 1 / 9.0) & (radius < 1 / 6.0), (radius > 1 / 50.0) & (radius < 1 / 30.0)
    powers = []
    for number in range(1, 4):
        frames = microscope.expose(defocus_u=12_000.0, defocus_v=11_950.0, seed=number).counts / 48.0
        power = np.abs(np.fft.rfft2(frames)) ** 2 / frames[0].size - 1.0 / 48.0
        powers.append([[one[band].mean() for one in power] for band in (fine, coarse)])
    fine_power, coarse_power = np.mean(powers, axis=0)
    assert fine_power[3] < 0.4 * fine_power[0]
    assert coarse_power[3] > 0.6 * coarse_power[0]
    assert np.all(np.diff(coarse_power) < 0.0)


def test_counting_noise_is_all_there_is_where_nothing_is():
    parameters = SMALL.resized(particle_count=0)
    parameters = parameters.changed(**FLAWLESS, **NO_ICE)
    counts = SimulatedMicroscope(seed=2, parameters=parameters).expose().counts.astype(float)
    scatter = np.sqrt((2.0 * 6.0**2 + 6.0) / counts.size)
    assert counts.var() == pytest.approx(6.0, abs=5.0 * scatter)
    first, second = counts[0] - counts[0].mean(), counts[1] - counts[1].mean()
    assert abs(np.mean(first * second)) < 5.0 * 6.0 / np.sqrt(first.size)


def test_ice_is_partly_the_same_in_every_frame_and_shows_thon_rings():
    parameters = SMALL.resized(width=512, height=512, frame_count=8, particle_count=0)
    parameters = parameters.changed(dose_per_frame=60.0 / 4.0, ice_thickness=(900.0, 900.0), **FLAWLESS, **STILL)
    exposure = SimulatedMicroscope(seed=2, parameters=parameters).expose(
        defocus_u=12_000.0, defocus_v=10_000.0, defocus_angle=40.0
    )
    frames = exposure.counts / 60.0
    spectra = np.fft.rfft2(frames - frames.mean(axis=(1, 2), keepdims=True))
    own = np.mean(np.abs(spectra) ** 2, axis=0) / frames[0].size - 1.0 / 60.0
    shared = (np.abs(spectra.sum(axis=0)) ** 2 - np.sum(np.abs(spectra) ** 2, axis=0)) / (8 * 7) / frames[0].size
    vertical, horizontal = np.fft.fftfreq(512, 2.0), np.fft.rfftfreq(512, 2.0)
    radius = np.hypot(vertical[:, None], horizontal[None])
    band = (radius > 0.05) & (radius < 0.17)
    assert shared[band].mean() / own[band].mean() == pytest.approx(parameters.grid.ice_static_fraction, abs=0.05)
    transfer = exposure.truth.transfer.evaluate(vertical, horizontal) ** 2
    assert own[band & (transfer > 0.9)].mean() > 8.0 * own[band & (transfer < 0.1)].mean()
    # Turned by 90°, the astigmatism does not fit any more.
    turned = replace(exposure.truth.transfer, defocus_angle=130.0).evaluate(vertical, horizontal) ** 2
    assert np.corrcoef(own[band], transfer[band])[0, 1] > np.corrcoef(own[band], turned[band])[0, 1] + 0.1


def test_tilted_ice_has_more_defocus_where_it_is_higher():
    parameters = SMALL.resized(width=768, height=768, frame_count=4, particle_count=0).changed(
        dose_per_frame=30.0, ice_thickness=(900.0, 900.0), tilt=40.0, tilt_axis=(30.0, 30.0), **FLAWLESS, **STILL
    )
    exposure = SimulatedMicroscope(seed=2, parameters=parameters).expose(defocus_u=12_000.0, defocus_v=11_990.0)
    image = exposure.counts.sum(axis=0) / 480.0
    vertical, horizontal = np.fft.fftfreq(192, 2.0), np.fft.rfftfreq(192, 2.0)
    radius = np.hypot(vertical[:, None], horizontal[None])
    band = (radius > 0.06) & (radius < 0.17)
    found, expected = [], []
    for row in range(0, 768, 192):
        for column in range(0, 768, 192):
            tile = image[row : row + 192, column : column + 192] * np.outer(np.hanning(192), np.hanning(192))
            power = np.abs(np.fft.rfft2(tile - tile.mean())) ** 2
            heights = np.arange(-900.0, 901.0, 60.0)
            models = [exposure.truth.transfer.evaluate(vertical, horizontal, height)[band] ** 2 for height in heights]
            scores = [np.corrcoef(np.sqrt(power[band]), model)[0, 1] for model in models]
            found.append(heights[int(np.argmax(scores))])
            x, y = (np.array([column, row]) + 95.5 - 383.5) * 2.0
            expected.append(np.tan(np.radians(40.0)) * (np.sin(np.radians(30.0)) * x - np.cos(np.radians(30.0)) * y))
    slope, offset = np.polyfit(expected, found, 1)
    assert np.ptp(expected) > 1000.0
    assert slope == pytest.approx(1.0, abs=0.1)
    assert offset == pytest.approx(0.0, abs=60.0)


def test_parameters_are_changed_by_name():
    parameters = SMALL.changed(voltage=200.0, tilt=20.0, total=(0.0, 0.1))
    assert (parameters.optics.voltage, parameters.grid.tilt, parameters.motion.total) == (200.0, 20.0, (0.0, 0.1))
    assert parameters.detector == SMALL.detector
    with pytest.raises(ParameterError, match="no parameter 'kilovolts'"):
        SMALL.changed(kilovolts=200.0)


def test_easy_particles_are_intact_and_apart():
    parameters = MicroscopeParameters.of_tier(Tier.EASY).resized(frame_count=1)
    truth = SimulatedMicroscope(seed=6, parameters=parameters).expose().truth
    particles = truth.particles
    assert np.all(particles.states == State.INTACT)
    assert not particles.overlapping.any()
    assert np.all(particles.heights == 0.0)
    assert truth.to_be_found().sum() == pytest.approx(100, abs=12)
    assert not truth.scene.contaminants
    assert not truth.is_distorted
