"""The rings of a micrograph beside a transfer function that is known: by the equation of text books, and by truth."""

from dataclasses import replace

import numpy as np
import pytest

from cryoloom.engine.ctf import Tilt, view_rings, zeros_along
from cryoloom.engine.optics import ContrastTransfer
from cryoloom.errors import InputError, ParameterError
from cryoloom.testing.microscope import MicroscopeParameters, SimulatedMicroscope, Tier

from ._scene import WAVELENGTHS, Scene, expose

SCENE = Scene(defocus_u=16_000, defocus_v=13_500, defocus_angle=40, scattering=0.6, b_factor=60)


def phase_of(scene, k, azimuth):
    """χ + phase shift + asin amplitude contrast, with χ = π λ Δf k² − ½ π Cs λ³ k⁴; the azimuth in degrees."""
    wavelength, turn = WAVELENGTHS[scene.voltage], np.radians(azimuth - scene.defocus_angle)
    defocus = scene.defocus_u * np.cos(turn) ** 2 + scene.defocus_v * np.sin(turn) ** 2
    aberration = 0.5 * np.pi * scene.spherical_aberration * 1e7 * wavelength**3 * k**4
    constant = np.radians(scene.phase_shift) + np.arcsin(scene.amplitude_contrast)
    return np.pi * wavelength * defocus * k**2 - aberration + constant


def transfer_of(scene):
    return ContrastTransfer(
        voltage=scene.voltage,
        spherical_aberration=scene.spherical_aberration,
        amplitude_contrast=scene.amplitude_contrast,
        defocus_u=scene.defocus_u,
        defocus_v=scene.defocus_v,
        defocus_angle=scene.defocus_angle,
        phase_shift=scene.phase_shift,
    )


def view_of(scene, micrograph, *, transfer=None, **more):
    transfer = transfer or transfer_of(scene)
    return view_rings(micrograph, transfer, pixel_size=scene.pixel_size, fit_resolution=6.0, **more)


def likeness(view, finest=7.0):
    """Correlation of what is measured and what is fitted."""
    band = (view.frequencies > 1 / 25) & (view.frequencies < 1 / finest)
    return np.corrcoef(view.measured[band], view.fitted[band])[0, 1]


@pytest.fixture(scope="module")
def micrograph():
    return expose(SCENE, 1)


@pytest.fixture(scope="module")
def view(micrograph):
    return view_of(SCENE, micrograph)


@pytest.mark.parametrize(
    "scene",
    [
        SCENE,
        replace(SCENE, voltage=200, spherical_aberration=2.0, amplitude_contrast=0.1),
        replace(SCENE, phase_shift=70.0, defocus_u=9_000, defocus_v=9_000),
        replace(SCENE, spherical_aberration=0.0, amplitude_contrast=0.0),
        replace(SCENE, defocus_u=-4_000, defocus_v=-6_000),
    ],
)
def test_the_fitted_rings_are_the_square_of_the_transfer_function_at_the_mean_defocus(scene, micrograph):
    view = view_of(scene, micrograph)
    mean = replace(scene, defocus_u=scene.mean_defocus, defocus_v=scene.mean_defocus)
    expected = np.sin(phase_of(mean, view.frequencies, 0.0)) ** 2
    assert np.abs(view.fitted - expected).max() < 2e-3  # wavelengths of text books have five figures


@pytest.mark.parametrize("azimuth", [-50.0, 0.0, 40.0, 85.0, 130.0])
@pytest.mark.parametrize(
    "scene", [SCENE, replace(SCENE, voltage=200, phase_shift=90.0), replace(SCENE, defocus_u=40_000, defocus_v=39_000)]
)
def test_zeros_lie_where_the_phase_is_a_multiple_of_pi(scene, azimuth):
    """k² of χ + ψ = n π is the smaller root of ½ π Cs λ³ k⁴ − π λ Δf k² + n π − ψ = 0."""
    finest, wavelength = 5.0, WAVELENGTHS[scene.voltage]
    turn = np.radians(azimuth - scene.defocus_angle)
    defocus = scene.defocus_u * np.cos(turn) ** 2 + scene.defocus_v * np.sin(turn) ** 2
    constant = np.radians(scene.phase_shift) + np.arcsin(scene.amplitude_contrast)
    quartic, quadratic = 0.5 * np.pi * scene.spherical_aberration * 1e7 * wavelength**3, np.pi * wavelength * defocus
    order = np.arange(np.ceil(constant / np.pi), 200)
    discriminant = quadratic**2 - 4 * quartic * (order * np.pi - constant)
    k = np.sqrt((quadratic - np.sqrt(np.clip(discriminant, 0, None))) / (2 * quartic))
    expected = k[(discriminant > 0) & (k < 1 / finest)]
    zeros = zeros_along(transfer_of(scene), azimuth, finest)
    assert len(zeros) == len(expected) > 5
    np.testing.assert_allclose(zeros, expected, rtol=2e-4)
    assert np.abs(np.sin(phase_of(scene, zeros, azimuth))).max() < 0.02


def test_the_measured_rings_are_those_of_the_truth(view):
    assert likeness(view) > 0.9
    seen = (view.frequencies > 1 / 20) & (view.frequencies < 1 / 8)
    assert np.median(view.agreement[seen]) > 0.9
    assert view.measured.min() >= 0.0
    assert view.measured.max() <= 1.0


@pytest.mark.parametrize(
    "change", [{"defocus_u": 17_000.0, "defocus_v": 14_500.0}, {"defocus_angle": 130.0}, {"phase_shift": 90.0}]
)
def test_rings_of_another_transfer_function_are_not_there(micrograph, view, change):
    wrong = view_of(SCENE, micrograph, transfer=replace(transfer_of(SCENE), **change))
    assert likeness(wrong) < likeness(view) - 0.3
    seen = (view.frequencies > 1 / 12) & (view.frequencies < 1 / 7)
    assert np.median(wrong.agreement[seen]) < np.median(view.agreement[seen]) - 0.3


def test_rings_of_an_overfocused_micrograph_are_found_too():
    scene = replace(SCENE, defocus_u=-13_500, defocus_v=-16_000)
    micrograph = expose(scene, 3)
    assert likeness(view_of(scene, micrograph)) > 0.9
    assert likeness(view_of(SCENE, micrograph)) < 0.6


def test_rings_of_noise_agree_with_nothing():
    noise = np.random.default_rng(3).normal(size=(512, 512)).astype(np.float32)
    view = view_of(SCENE, noise)
    assert abs(np.median(view.agreement)) < 0.25
    assert abs(likeness(view)) < 0.4


def test_the_picture_shows_the_rings_where_they_are_in_the_micrograph(view):
    edge, size = 1 / 6.0, 240
    axis = (np.arange(size) + 0.5 - size / 2) * 2 * edge / size
    k = np.hypot(axis[:, None], axis[None])
    azimuth = np.degrees(np.arctan2(axis[:, None], axis[None]))
    expected = np.sin(phase_of(SCENE, k, azimuth)) ** 2
    picture = view.picture(edge, size).astype(float)
    rings = (k > 1 / 25) & (k < 1 / 8)
    found = np.corrcoef(picture[rings], expected[rings])[0, 1]
    assert found > 0.7
    for mirrored in (expected[::-1], expected[:, ::-1]):
        assert np.corrcoef(picture[rings], mirrored[rings])[0, 1] < 0.3
    assert picture.shape == (size, size)
    np.testing.assert_array_equal(picture, picture[::-1, ::-1])  # a spectrum of real numbers


def test_a_tilted_field_is_brought_to_one_defocus():
    scene = replace(SCENE, tilt=35.0, tilt_axis=70.0, defocus_v=15_600.0)
    micrograph = expose(scene, 2)
    known = view_of(scene, micrograph, tilt=Tilt(35.0, 70.0))
    flat, turned = view_of(scene, micrograph), view_of(scene, micrograph, tilt=Tilt(35.0, 250.0))
    fine = (known.frequencies > 1 / 6) & (known.frequencies < 1 / 4.5)
    agreement = [float(np.median(one.agreement[fine])) for one in (known, flat, turned)]
    assert agreement[0] > 0.9
    assert agreement[0] > max(agreement[1:]) + 0.2


def test_the_result_does_not_depend_on_threads(micrograph, view):
    again = view_of(SCENE, micrograph, threads=2)
    for one in ("frequencies", "measured", "agreement", "spectrum"):
        np.testing.assert_array_equal(getattr(again, one), getattr(view, one))


def test_rings_of_the_simulated_microscope_follow_its_truth():
    parameters = MicroscopeParameters.of_tier(Tier.EASY).changed(frame_count=8, dose_per_frame=4.5)
    exposure = SimulatedMicroscope(seed=11, parameters=parameters).expose()
    truth, optics = exposure.truth, parameters.optics
    transfer = ContrastTransfer(
        voltage=optics.voltage,
        spherical_aberration=optics.spherical_aberration,
        amplitude_contrast=optics.amplitude_contrast,
        defocus_u=truth.defocus_u,
        defocus_v=truth.defocus_v,
        defocus_angle=truth.defocus_angle,
    )
    seen = {}
    for name, shown in (
        ("truth", transfer),
        ("off", replace(transfer, defocus_u=truth.defocus_u + 1e3, defocus_v=truth.defocus_v + 1e3)),
    ):
        view = view_rings(exposure.micrograph, shown, pixel_size=exposure.pixel_size, fit_resolution=5.0)
        fine = (view.frequencies > 1 / 10) & (view.frequencies < 1 / 6)
        seen[name] = float(np.median(view.agreement[fine]))
    assert seen["truth"] > 0.8
    assert seen["off"] < seen["truth"] - 0.4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"defocus_u": np.nan}, "defocus is nan"),
        ({"defocus_v": 1e300}, "defocus is 1e"),
        ({"defocus_angle": np.inf}, "direction of the astigmatism is inf"),
        ({"phase_shift": -np.inf}, "phase shift is -inf"),
        ({"spherical_aberration": np.nan}, "spherical aberration is nan"),
        ({"voltage": 0.0}, "voltage is 0"),
        ({"voltage": np.nan}, "voltage is nan"),
    ],
)
def test_optics_that_there_are_not_are_refused(micrograph, change, said):
    transfer = replace(transfer_of(SCENE), **change)
    with pytest.raises(ParameterError, match=said):
        view_of(SCENE, micrograph, transfer=transfer)
    with pytest.raises(ParameterError, match=said):
        zeros_along(transfer, 0.0, 5.0)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"pixel_size": 0.0}, "pixel size is 0"),
        ({"pixel_size": np.nan}, "pixel size is nan"),
        ({"pixel_size": np.inf}, "pixel size is inf"),
        ({"pixel_size": 40.0}, "use less binning"),
        ({"pixel_size": 1e-6}, "is the pixel size right"),
        ({"fit_resolution": 0.0}, "resolution of the fit is 0"),
        ({"fit_resolution": np.nan}, "resolution of the fit is nan"),
        ({"tilt": Tilt(90.0, 0.0)}, "cannot be tilted by 90"),
        ({"tilt": Tilt(10.0, np.nan)}, "an axis at nan"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(micrograph, more, said):
    asked = {"pixel_size": 2.0, "fit_resolution": 6.0, **more}
    with pytest.raises(ParameterError, match=said):
        view_rings(micrograph, transfer_of(SCENE), **asked)


def test_what_is_no_micrograph_is_refused():
    for image in (np.zeros((64, 64)), np.ones((256, 256)), np.full((256, 256), np.nan), np.zeros((2, 256, 256))):
        with pytest.raises(InputError):
            view_of(SCENE, image)
