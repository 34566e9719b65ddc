"""The estimate against the truth, on exposures made by independent code, and on a real micrograph."""

from dataclasses import replace

import mrcfile
import numpy as np
import pytest

from cryoloom.engine.ctf import CTFSettings, estimate_ctf
from cryoloom.errors import InputError, ParameterError

from ._scene import Scene, expose

# What is promised are RMS errors for fields of 1536²: 40 Å for the mean, 75 Å for U and V. Here the field has less than
# half of that area, and a single error may be three times the RMS.
MEAN_TOLERANCE, AXIS_TOLERANCE = 120.0, 225.0


def estimate(micrograph, scene, **settings):
    return estimate_ctf(
        micrograph,
        pixel_size=scene.pixel_size,
        voltage=scene.voltage,
        spherical_aberration=scene.spherical_aberration,
        amplitude_contrast=scene.amplitude_contrast,
        settings=CTFSettings(**settings),
    )


def angle_difference(first, second):
    return abs((first - second + 90.0) % 180.0 - 90.0)


def doubts(fit):
    about_the_fit = ("No Thon rings", "Another defocus", "The defocus, ")
    return [warning for warning in fit.warnings if warning.startswith(about_the_fit)]


SCENES = {
    "usual": Scene(),
    "200 kV": Scene(voltage=200, defocus_u=21_000, defocus_v=20_500, defocus_angle=120),
    "0.4 µm": Scene(defocus_u=4_250, defocus_v=3_750, defocus_angle=75, b_factor=60),
    "4 µm": Scene(defocus_u=40_250, defocus_v=39_750, defocus_angle=160),
    "very astigmatic": Scene(defocus_u=17_000, defocus_v=15_000, defocus_angle=100),
    "thick ice": Scene(b_factor=250, scattering=0.4),
    "oblong": Scene(shape=(1280, 896), defocus_angle=10),
    "small pixels": Scene(shape=(1536, 1536), pixel_size=1.2),
}


@pytest.mark.parametrize("name", SCENES)
def test_defocus_and_astigmatism_are_found(name):
    scene = SCENES[name]
    fit = estimate(expose(scene, seed=1), scene)
    assert fit.mean_defocus == pytest.approx(scene.mean_defocus, abs=MEAN_TOLERANCE)
    assert fit.defocus_u == pytest.approx(scene.defocus_u, abs=AXIS_TOLERANCE)
    assert fit.defocus_v == pytest.approx(scene.defocus_v, abs=AXIS_TOLERANCE)
    assert fit.defocus_u >= fit.defocus_v
    assert 0.0 <= fit.defocus_angle < 180.0
    assert angle_difference(fit.defocus_angle, scene.defocus_angle) < 20.0  # half of the area, and weaker rings
    assert fit.phase_shift == 0.0
    assert fit.tilt is None
    assert doubts(fit) == []


@pytest.mark.parametrize("phase_shift", [35.0, 90.0, 140.0])
def test_a_phase_plate_is_found_when_looked_for(phase_shift):
    scene = Scene(phase_shift=phase_shift, defocus_u=9_200, defocus_v=8_900)
    fit = estimate(expose(scene, seed=2), scene, phase_shift_range=(0.0, 180.0))
    # A quarter of the phase of one ring is 90°; a mistaken defocus of 300 Å shifts rings at 10 Å by as much as 10°.
    assert fit.phase_shift == pytest.approx(phase_shift, abs=15.0)
    assert fit.mean_defocus == pytest.approx(scene.mean_defocus, abs=300.0)
    assert doubts(fit) == []


@pytest.mark.parametrize("axis", [20.0, 110.0, 250.0])
def test_a_tilted_field_is_levelled(axis):
    scene = Scene(shape=(1280, 1280), tilt=25.0, tilt_axis=axis)
    fit = estimate(expose(scene, seed=3), scene)
    assert fit.mean_defocus == pytest.approx(scene.mean_defocus, abs=MEAN_TOLERANCE)
    assert fit.tilt is not None
    assert fit.tilt.angle == pytest.approx(
        25.0, abs=6.0
    )  # the tiles at the edges differ by 900 Å, each known to ~150 Å
    assert abs((fit.tilt.axis - axis + 180.0) % 360.0 - 180.0) < 15.0
    assert any("tilted by" in warning for warning in fit.warnings)

    flat = estimate(expose(scene, seed=3), scene, fit_tilt=False)
    assert flat.tilt is None
    assert flat.fit_resolution > fit.fit_resolution  # what levelling is for


@pytest.mark.parametrize("seed", range(4))
def test_without_rings_there_is_always_a_warning(seed):
    scene = Scene(shape=(768, 768), scattering=0.0)
    assert doubts(estimate(expose(scene, seed), scene))


def test_a_defocus_outside_of_the_range_is_not_reported_as_certain():
    scene = Scene()
    fit = estimate(expose(scene, seed=4), scene, defocus_range=(3_000.0, 12_000.0))
    assert 3_000.0 <= fit.mean_defocus <= 12_000.0
    assert doubts(fit)


def test_a_defocus_at_the_edge_of_the_range_is_told():
    scene = Scene(defocus_u=15_050, defocus_v=14_950)
    fit = estimate(expose(scene, seed=4), scene, defocus_range=(5_000.0, 15_000.0))
    assert any("edge of the search range of 5000 to 15000 Å" in warning for warning in fit.warnings)


def test_drift_is_told_from_astigmatism():
    scene = Scene(drift=(0.0, 9.0), scattering=0.3)
    fit = estimate(expose(scene, seed=5), scene)
    assert fit.mean_defocus == pytest.approx(scene.mean_defocus, abs=MEAN_TOLERANCE)
    assert any(warning.startswith("The rings fade along") for warning in fit.warnings)
    assert angle_difference(fit.directional_loss_angle, 90.0) < 20.0  # the drift is along y

    astigmatic = Scene(defocus_u=16_000, defocus_v=14_000, defocus_angle=90, scattering=0.3)
    still = estimate(expose(astigmatic, seed=5), astigmatic)
    assert not any(warning.startswith("The rings fade") for warning in still.warnings)


def test_the_ice_ring_is_reported():
    scene = Scene(shape=(1536, 1536), pixel_size=1.0, ice_ring=0.3)
    fit = estimate(expose(scene, seed=6), scene)
    assert fit.ice_ring is not None
    assert fit.ice_ring.resolution == pytest.approx(3.7, abs=0.1)
    assert fit.ice_ring.strength == pytest.approx(0.3, rel=0.35)  # the search smooths the ring's crest
    assert any(warning.startswith("Ice ring at 3.7 Å") for warning in fit.warnings)
    assert estimate(expose(replace(scene, ice_ring=0.0), seed=6), scene).ice_ring is None


def test_relative_ice_thickness_grows_with_the_matter_in_the_beam_and_not_with_the_dose():
    scene = Scene(scattering=0.1)
    thin = estimate(expose(scene, seed=7), scene).ice_thickness_relative
    # The scene states scattering relative to the shot noise, which is the inverse of the dose.
    thick = estimate(expose(replace(scene, scattering=0.4), seed=7), scene).ice_thickness_relative
    dosed = estimate(expose(replace(scene, scattering=0.2, dose=72.0), seed=7), scene).ice_thickness_relative
    assert thick / thin == pytest.approx(4.0, rel=0.3)  # rings stand on the mean of their own power: a bias of a tenth
    assert dosed / thin == pytest.approx(1.0, rel=0.2)


def test_a_normalised_micrograph_has_no_relative_ice_thickness():
    scene = Scene()
    micrograph = expose(scene, seed=7)
    fit = estimate((micrograph - micrograph.mean()) / micrograph.std(), scene)
    assert fit.ice_thickness_relative is None
    assert fit.mean_defocus == pytest.approx(scene.mean_defocus, abs=MEAN_TOLERANCE)


def test_fit_resolution_follows_the_envelope():
    sharp, blunt = Scene(b_factor=50.0), Scene(b_factor=400.0)
    fine = estimate(expose(sharp, seed=8), sharp).fit_resolution
    coarse = estimate(expose(blunt, seed=8), blunt).fit_resolution
    assert fine < 5.0 < coarse


def test_result_depends_neither_on_threads_nor_on_grey_scale_or_hot_pixels():
    scene = Scene(shape=(896, 896))
    micrograph = expose(scene, seed=9)
    fit = estimate(micrograph, scene)
    optics = {
        "pixel_size": scene.pixel_size,
        "voltage": scene.voltage,
        "spherical_aberration": scene.spherical_aberration,
        "amplitude_contrast": scene.amplitude_contrast,
    }
    assert estimate_ctf(micrograph, **optics, threads=3).transfer == fit.transfer
    inverted = estimate(1000.0 - 7.0 * micrograph, scene)
    assert inverted.mean_defocus == pytest.approx(fit.mean_defocus, abs=2.0)  # rounding, and the fit's tolerance
    hot = micrograph.copy()
    hot[np.random.default_rng(1).integers(0, 896, 60), np.random.default_rng(2).integers(0, 896, 60)] = 6e4
    assert estimate(hot, scene).mean_defocus == pytest.approx(fit.mean_defocus, abs=40.0)


def test_diffraction_spots_do_not_disturb():
    scene = Scene()
    micrograph = expose(scene, seed=10)
    y, x = np.mgrid[: scene.shape[0], : scene.shape[1]]
    crystal = sum(np.cos(2 * np.pi * (x * np.cos(t) + y * np.sin(t)) * 2.0 / 6.3) for t in np.radians([10, 70, 130]))
    fit = estimate(micrograph + 4.0 * crystal, scene)
    assert fit.mean_defocus == pytest.approx(scene.mean_defocus, abs=MEAN_TOLERANCE)
    assert doubts(fit) == []


def test_swapping_the_axes_mirrors_the_angle():
    scene = Scene(shape=(1024, 1152))
    micrograph = expose(scene, seed=11)
    fit, swapped = estimate(micrograph, scene), estimate(micrograph.T, scene)
    assert angle_difference(swapped.defocus_angle, 90.0 - fit.defocus_angle) < 3.0
    assert swapped.defocus_u == pytest.approx(fit.defocus_u, abs=20.0)  # sectors fall on other pixels


@pytest.mark.parametrize(
    ("micrograph", "sentence"),
    [
        (np.zeros((512, 512), np.float32), "blank"),
        (np.full((512, 512), np.nan, np.float32), "not numbers"),
        (np.ones((3, 512, 512), np.float32), "two axes"),
        (np.random.default_rng(0).random((100, 512)), "512 × 100 pixels"),
    ],
)
def test_what_is_no_micrograph_is_refused_with_a_sentence(micrograph, sentence):
    with pytest.raises(InputError, match=sentence):
        estimate(micrograph, Scene())


@pytest.mark.parametrize(("pixel_size", "sentence"), [(9.0, "less binning"), (0.0, "pixel size"), (-1.0, "pixel size")])
def test_an_impossible_pixel_size_is_refused(pixel_size, sentence):
    with pytest.raises(ParameterError, match=sentence):
        estimate(expose(Scene(shape=(256, 256)), seed=0), Scene(pixel_size=pixel_size))


REAL = Scene(pixel_size=0.8538, amplitude_contrast=0.1)


@pytest.fixture(scope="module")
def real_micrograph(test_data):
    with mrcfile.open(test_data / "micrographs" / "fei-extended.mrc.bz2") as file:
        return file.data.astype(np.float32)


@pytest.fixture(scope="module")
def real_fit(real_micrograph):
    return estimate(real_micrograph, REAL)


def test_real_micrograph_gives_the_reference_fit(real_fit):
    assert real_fit.mean_defocus == pytest.approx(10_517.0, abs=120.0)
    assert real_fit.astigmatism == pytest.approx(117.0, abs=80.0)
    assert angle_difference(real_fit.defocus_angle, 125.0) < 20.0
    assert doubts(real_fit) == []


def test_real_micrograph_shows_its_ice_ring(real_fit):
    assert real_fit.ice_ring is not None
    assert real_fit.ice_ring.resolution == pytest.approx(3.7, abs=0.25)  # it is broad
    assert any(warning.startswith("Ice ring") for warning in real_fit.warnings)


def test_quadrants_of_the_real_micrograph_agree_with_the_whole(real_micrograph, real_fit):
    height, width = real_micrograph.shape
    for rows in (slice(0, height // 2), slice(height // 2, height)):
        for columns in (slice(0, width // 2), slice(width // 2, width)):
            quadrant = estimate(real_micrograph[rows, columns], REAL)
            assert quadrant.mean_defocus == pytest.approx(real_fit.mean_defocus, abs=200.0)


def test_shuffled_pixels_of_the_real_micrograph_have_no_rings(real_micrograph):
    shuffled = np.random.default_rng(0).permutation(real_micrograph[:1024, :1024].ravel()).reshape(1024, 1024)
    assert doubts(estimate(shuffled, REAL))
