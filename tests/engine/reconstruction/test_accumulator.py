"""A reconstruction is the object: against a phantom in closed form and against relion_reconstruct."""

import shutil
import subprocess

import numpy as np
import pytest

from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.reconstruction import Backprojection
from cryoloom.errors import ParameterError


def reconstruct(views, images=None, *, threads=1):
    images = views.images if images is None else images
    backprojection = Backprojection(images.shape[-1], pixel_size=views.pixel_size)
    backprojection.insert(images, views.angles, views.shifts, views.ctfs, threads=threads)
    return backprojection.map(threads=threads)


def test_gives_back_the_object_its_hand_position_and_scale(phantom, views):
    truth, volume = phantom.volume(), reconstruct(views)
    curve = fourier_shell_correlation(volume, truth, pixel_size=views.pixel_size)
    # Linear interpolation and 300 views leave about a percent; the last shells hold hardly any of the phantom.
    assert curve.correlation[1:18].min() > 0.98
    scale = (volume * truth).sum() / (truth**2).sum()
    assert scale == pytest.approx(1.0, abs=0.05)
    mirrored = np.roll(truth[:, :, ::-1], 1, axis=2)
    assert fourier_shell_correlation(volume, mirrored, pixel_size=1.0).correlation[6:18].mean() < 0.3


def test_works_without_ctf_and_for_an_odd_box(phantom, views):
    odd = type(phantom)(phantom.positions, phantom.width, 45)
    images = odd.images(views.angles, views.shifts / views.pixel_size)
    backprojection = Backprojection(45, pixel_size=views.pixel_size)
    backprojection.insert(images, views.angles, views.shifts)
    curve = fourier_shell_correlation(backprojection.map(), odd.volume(), pixel_size=views.pixel_size)
    assert curve.correlation[1:17].min() > 0.98


def test_neither_batches_nor_threads_change_a_bit(views):
    whole = reconstruct(views)
    assert np.array_equal(whole, reconstruct(views, threads=3))
    parts = Backprojection(48, pixel_size=views.pixel_size)
    for part in (slice(0, 70), slice(70, 300)):
        parts.insert(views.images[part], views.angles[part], views.shifts[part], views.ctfs[part])
    assert parts.image_count == 300
    assert np.array_equal(whole, parts.map())
    assert np.array_equal(whole, parts.map()), "asking for the map must not change the sums"


def test_a_direction_that_no_view_covers_stays_quiet(phantom, views):
    noise = np.random.default_rng(3).normal(0, views.images.std(), views.images.shape)
    side = Backprojection(48, pixel_size=views.pixel_size)
    angles = views.angles.copy()
    angles[:, 1] = np.clip(angles[:, 1], 0, 20)  # near the pole: a cone stays empty
    side.insert(views.images + noise.astype(np.float32), angles, views.shifts, views.ctfs)
    assert np.isfinite(side.map()).all()
    assert side.map().std() < 5 * reconstruct(views, views.images + noise.astype(np.float32)).std()


def test_refuses_what_does_not_fit_and_a_map_of_nothing(views):
    backprojection = Backprojection(48, pixel_size=2.5)
    with pytest.raises(ParameterError, match="nothing to reconstruct"):
        backprojection.map()
    with pytest.raises(ParameterError, match="shifts have the shape"):
        backprojection.insert(views.images, views.angles, views.shifts[:, :1])
    with pytest.raises(ParameterError, match="ctfs have the shape"):
        backprojection.insert(views.images, views.angles, views.shifts, views.ctfs[:, :, 1:])


def write_relion_input(folder, views, images):
    import mrcfile

    mrcfile.write(folder / "stack.mrcs", images, voxel_size=views.pixel_size)
    optics = ["OpticsGroup", "OpticsGroupName", "Voltage", "SphericalAberration", "AmplitudeContrast", "ImagePixelSize"]
    optics += ["ImageSize", "ImageDimensionality"]
    particles = ["ImageName", "AngleRot", "AngleTilt", "AnglePsi", "OriginXAngst", "OriginYAngst"]
    particles += ["DefocusU", "DefocusV", "DefocusAngle", "OpticsGroup"]
    lines = ["", "data_optics", "", "loop_", *(f"_rln{name}" for name in optics)]
    lines += [f"1 one 300.0 2.7 0.1 {views.pixel_size} {images.shape[-1]} 2"]
    lines += ["", "data_particles", "", "loop_", *(f"_rln{name}" for name in particles)]
    for i, (angles, shift, ctf) in enumerate(zip(views.angles, views.shifts, views.transfers, strict=True), start=1):
        pose = " ".join(f"{value:.6f}" for value in (*angles, *shift, ctf.defocus_u, ctf.defocus_v, ctf.defocus_angle))
        lines.append(f"{i:06d}@stack.mrcs {pose} 1")
    (folder / "particles.star").write_text("\n".join(lines) + "\n")


@pytest.mark.skipif(shutil.which("relion_reconstruct") is None, reason="relion_reconstruct is not installed")
@pytest.mark.parametrize("noise", [3.0, 8.0])
def test_relion_reconstructs_an_equal_map_from_the_same_images(phantom, views, tmp_path, noise):
    import mrcfile

    random = np.random.default_rng(11)
    images = (views.images + random.normal(0, noise * views.images.std(), views.images.shape)).astype(np.float32)
    write_relion_input(tmp_path, views, images)
    subprocess.run(
        ["relion_reconstruct", "--i", "particles.star", "--ctf", "--o", "relion.mrc"],
        cwd=tmp_path, capture_output=True, check=True,
    )  # fmt: skip
    with mrcfile.open(tmp_path / "relion.mrc") as file:
        relion = file.data.copy()
    grid = np.arange(48) - 24
    radius = np.sqrt(sum(x**2 for x in np.meshgrid(grid, grid, grid)))
    mask = np.clip((24 - radius) / 4, 0, 1)  # the corners hold no particle, and RELION leaves noise there
    truth, ours = phantom.volume(), reconstruct(views, images)

    def against_truth(volume):
        return fourier_shell_correlation(volume, truth, pixel_size=views.pixel_size, mask=mask).resolution(0.5)

    assert 2.2 * views.pixel_size < against_truth(relion) < 10 * views.pixel_size, "the noise decides the resolution"
    assert against_truth(ours) <= 1.02 * against_truth(relion)
    assert against_truth(ours) >= 0.93 * against_truth(relion)
    scales = [(volume * truth).sum() / (truth**2).sum() for volume in (ours, relion)]
    assert scales[0] == pytest.approx(scales[1], rel=0.1)
