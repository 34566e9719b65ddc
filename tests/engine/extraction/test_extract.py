"""Windows are where the coordinates say, normalised, and the same as relion_preprocess cuts."""

import shutil
import subprocess

import numpy as np
import pytest

from cryoloom.engine.extraction import ExtractionSettings, extract_particles, recommended_box_size
from cryoloom.errors import ParameterError


@pytest.fixture(scope="module")
def micrograph():
    random = np.random.default_rng(1)
    y, x = np.mgrid[:300, :400]
    return (random.normal(size=(300, 400)) * 3 + 0.05 * x - 0.08 * y + 40).astype(np.float32)


def outside_circle(size, diameter):
    axis = np.arange(size) - size // 2
    return axis[:, None] ** 2 + axis**2 > (diameter / 2) ** 2


def test_the_centre_pixel_is_the_coordinate_and_the_rest_is_a_shift(micrograph):
    dot = np.zeros_like(micrograph) + np.random.default_rng(2).normal(size=micrograph.shape).astype(np.float32) * 1e-3
    dot[120, 101] = -1000.0  # protein-dark
    settings = ExtractionSettings(box_size=64, background_diameter=48, remove_ramp=False)
    found = extract_particles(dot, [(100.7, 120.4), (90.0, 130.0)], settings)
    assert np.unravel_index(found.images[0].argmax(), (64, 64)) == (32, 32)
    assert found.centres.tolist() == [[101, 120], [90, 130]]
    assert found.shifts == pytest.approx(np.array([[0.3, -0.4], [0, 0]]))
    # The particle of the second window is seen 11 px right of and 10 px above its centre.
    assert np.unravel_index(found.images[1].argmax(), (64, 64)) == (22, 43)


def test_background_has_mean_0_and_deviation_1_and_no_ramp(micrograph):
    settings = ExtractionSettings(box_size=96, background_diameter=72, output_size=48)
    found = extract_particles(micrograph, [(100, 100), (200, 150), (300, 250)], settings)
    assert found.images.shape == (3, 48, 48)
    assert found.images.dtype == np.float32
    background = outside_circle(48, 36)
    y, x = np.mgrid[:48, :48] - 24
    for image in found.images:
        assert image[background].mean() == pytest.approx(0, abs=1e-5)
        assert image[background].std() == pytest.approx(1, abs=1e-5)
        assert (image * x)[background].mean() == pytest.approx(0, abs=1e-4)
        assert (image * y)[background].mean() == pytest.approx(0, abs=1e-4)


def test_contrast_becomes_protein_white(micrograph):
    dark = extract_particles(micrograph, [(100, 100)], ExtractionSettings(64, 48))
    white = extract_particles(micrograph, [(100, 100)], ExtractionSettings(64, 48, contrast_sign=1))
    assert np.array_equal(dark.images, -white.images)
    assert np.corrcoef(white.images[0].ravel(), micrograph[68:132, 68:132].ravel())[0, 1] > 0.7


def test_windows_that_leave_the_field_are_dropped_and_listed(micrograph):
    coordinates = [(31.4, 100), (31.5, 100), (367.49, 100), (368.6, 100), (100, 32), (100, 268), (100, 269), (-5, 700)]
    found = extract_particles(micrograph, coordinates, ExtractionSettings(64, 48))
    assert found.indices.tolist() == [1, 2, 4, 5]
    assert [particle.index for particle in found.dropped] == [0, 3, 6, 7]
    assert "window of 64 pixels leaves the micrograph" in found.dropped[0].reason


def test_a_window_without_variance_is_dropped_and_named(micrograph):
    half_dead = micrograph.copy()
    half_dead[:, :100] = 17.0
    found = extract_particles(half_dead, [(50, 50), (200, 50)], ExtractionSettings(64, 48))
    assert found.indices.tolist() == [1]
    assert "no variance" in found.dropped[0].reason
    assert np.isfinite(found.images).all()


def test_no_coordinates_give_no_images(micrograph):
    found = extract_particles(micrograph, np.empty((0, 2)), ExtractionSettings(64, 48, output_size=32))
    assert found.images.shape == (0, 32, 32)
    assert found.dropped == ()


def test_threads_do_not_change_a_bit(micrograph):
    coordinates = np.random.default_rng(4).uniform(40, 260, size=(100, 2))
    settings = ExtractionSettings(64, 48, output_size=40)
    one, three = (extract_particles(micrograph, coordinates, settings, threads=threads) for threads in (1, 3))
    assert np.array_equal(one.images, three.images)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"box_size": 63}, "positive even"),
        ({"output_size": 128}, "up to the box"),
        ({"output_size": 31}, "up to the box"),
        ({"background_diameter": 90.0}, "leaves no background"),
        ({"contrast_sign": 0}, "protein dark"),
    ],
)
def test_refuses_settings_that_make_no_sense(values, says):
    with pytest.raises(ParameterError, match=says):
        ExtractionSettings(**{"box_size": 64, "background_diameter": 48.0} | values)


def test_refuses_a_box_larger_than_the_micrograph(micrograph):
    with pytest.raises(ParameterError, match="larger than the micrograph, 400 × 300"):
        extract_particles(micrograph, [(1, 1)], ExtractionSettings(302, 200))


def test_recommended_box_holds_the_particle_and_the_delocalised_detail():
    # 200 kV: λ = 0.02508 Å (from tables). 2 µm, 4 Å: 125.4 Å to either side of 150 Å, in pixels of 1.5 Å.
    box = recommended_box_size(150, defocus=20_000, resolution=4.0, voltage=200, pixel_size=1.5)
    assert box == 268  # 400.8 / 1.5 = 267.2, and even


def without_nyquist(images):
    size = images.shape[-1]
    transform = np.fft.rfft2(images)
    transform[:, size // 2] = transform[:, :, size // 2] = 0
    images = np.fft.irfft2(transform)
    return images / images[:, outside_circle(size, size * 0.75)].std(axis=1)[:, None, None]


@pytest.mark.skipif(shutil.which("relion_preprocess") is None, reason="relion_preprocess is not installed")
@pytest.mark.parametrize("output_size", [None, 40])
def test_relion_cuts_the_same_images(micrograph, tmp_path, output_size):
    import mrcfile

    mrcfile.write(tmp_path / "field.mrc", micrograph, voxel_size=1.5)
    coordinates = [(100, 120), (201, 77), (40, 250), (368, 268), (32, 32)]
    rows = "".join(f"{x} {y}\n" for x, y in coordinates)
    (tmp_path / "field_picks.star").write_text(f"\ndata_\n\nloop_\n_rlnCoordinateX\n_rlnCoordinateY\n{rows}")
    names = ["OpticsGroupName", "OpticsGroup", "MicrographPixelSize", "Voltage", "SphericalAberration"]
    header = "\ndata_optics\n\nloop_\n" + "".join(f"_rln{name}\n" for name in [*names, "AmplitudeContrast"])
    table = "\ndata_micrographs\n\nloop_\n_rlnMicrographName\n_rlnOpticsGroup\nfield.mrc 1\n"
    (tmp_path / "micrographs.star").write_text(header + "one 1 1.5 300 2.7 0.1\n" + table)
    size = output_size or 64
    scale = [] if output_size is None else ["--scale", str(output_size)]
    subprocess.run(
        ["relion_preprocess", "--i", "micrographs.star", "--coord_dir", "./", "--coord_suffix", "_picks.star",
         "--part_dir", "cut/", "--part_star", "cut/all.star", "--extract", "--extract_size", "64", *scale,
         "--norm", "--bg_radius", str(size * 0.375), "--invert_contrast"],
        cwd=tmp_path, capture_output=True, check=True,
    )  # fmt: skip
    with mrcfile.open(tmp_path / "cut" / "field.mrcs", permissive=True) as file:
        theirs = file.data.copy()
    ours = extract_particles(micrograph, coordinates, ExtractionSettings(64, 48, output_size=output_size)).images
    if output_size:  # RELION keeps one of the two coefficients that meet at the new Nyquist frequency, we their sum
        ours, theirs = (without_nyquist(images) for images in (ours, theirs))
    assert ours.shape == theirs.shape
    # Equal but for rounding; resampled images also for what those coefficients did to the background's mean and slope.
    assert ours == pytest.approx(theirs, abs=0.02 if output_size else 1e-4)
