"""A reconstruction is the object: against a phantom in closed form and against relion_reconstruct."""

import shutil
import subprocess
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cryoloom.data import Particle, Table
from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.likelihood import ParticleImages
from cryoloom.engine.optics import ContrastTransfer, ParticleOptics, transfer_image
from cryoloom.engine.symmetry import point_group
from cryoloom.protocols.particle_images import LoadedParticles
from cryoloom.protocols.reconstruct._compute import map_of, sums_of


@dataclass(frozen=True)
class Phantom:
    """Gaussians of unit integral at ``positions`` (x, y, z in pixels from the centre), of one width."""

    positions: np.ndarray
    width: float
    box_size: int

    def volume(self):
        grid = np.arange(self.box_size) - self.box_size // 2
        x, y, z = (np.exp(-((grid - p[:, None]) ** 2) / (2 * self.width**2)) for p in self.positions.T)
        return np.einsum("pz,py,px->zyx", z, y, x) / (2 * np.pi * self.width**2) ** 1.5

    def images(self, angles, shifts):
        """Projections, sums over voxels; shifts (x, y in pixels) with RELION's sign."""
        matrices = Rotation.from_euler("ZYZ", angles, degrees=True).as_matrix().transpose(0, 2, 1)
        grid = np.arange(self.box_size) - self.box_size // 2
        images = []
        for matrix, shift in zip(matrices, shifts, strict=True):
            rotated = self.positions @ matrix.T
            x, y = (np.exp(-((grid - p[:, None]) ** 2) / (2 * self.width**2)) for p in (rotated[:, :2] - shift).T)
            images.append(np.einsum("py,px->yx", y, x) / (2 * np.pi * self.width**2))
        return np.array(images)


@dataclass(frozen=True)
class Views:
    images: np.ndarray
    angles: np.ndarray
    shifts: np.ndarray  # Å
    transfers: list[ContrastTransfer]
    pixel_size: float


@pytest.fixture(scope="module")
def phantom():
    random = np.random.default_rng(7)
    return Phantom(random.uniform(-11, 11, size=(60, 3)) * [1.0, 0.8, 0.5], 1.0, 48)


@pytest.fixture(scope="module")
def views(phantom):
    """300 random views with shifts and strong, astigmatic CTFs, noise-free."""
    random = np.random.default_rng(8)
    count, pixel_size = 300, 2.5
    angles = np.stack(
        [
            random.uniform(0, 360, count),
            np.degrees(np.arccos(random.uniform(-1, 1, count))),
            random.uniform(0, 360, count),
        ],
        axis=1,
    )
    shifts = random.normal(0, 1.5, size=(count, 2))
    transfers = [
        ContrastTransfer(300.0, 2.7, 0.1, defocus + 250, defocus - 250, angle)
        for defocus, angle in zip(random.uniform(6e3, 2e4, count), random.uniform(0, 180, count), strict=True)
    ]
    return Views(
        seen(phantom, angles, shifts, transfers, pixel_size), angles, shifts * pixel_size, transfers, pixel_size
    )


def seen(phantom, angles, shifts, transfers, pixel_size):
    """Images of a phantom through each transfer function; shifts in pixels."""
    shape = (phantom.box_size,) * 2
    ctfs = np.stack([transfer_image(shape, pixel_size, transfer) for transfer in transfers])
    return np.fft.irfft2(np.fft.rfft2(phantom.images(angles, shifts)) * ctfs, s=shape).astype(np.float32)


def loaded(views, images, angles=None):
    """Particles as they are when their file and stack have been read."""
    box, pixel_size = images.shape[-1], views.pixel_size
    angles = views.angles if angles is None else angles
    rows = [
        Particle(
            id=index,
            micrograph_id=1,
            x=0.0,
            y=0.0,
            file="stack.mrcs",
            index=index,
            pixel_size=pixel_size,
            box_size=box,
            rot=rot,
            tilt=tilt,
            psi=psi,
            shift_x=shift_x,
            shift_y=shift_y,
        )
        for index, ((rot, tilt, psi), (shift_x, shift_y)) in enumerate(zip(angles, views.shifts, strict=True))
    ]
    stack = ParticleImages(images, ParticleOptics.of(views.transfers), pixel_size, box * pixel_size)
    return LoadedParticles(stack, Table.of(rows, "particles"), (), ())


def reconstruct(views, images=None, *, angles=None, threads=1):
    particles = loaded(views, views.images if images is None else images, angles)
    sums = sums_of(particles, np.arange(len(particles)), threads=threads)
    return map_of(sums, particles.images, point_group("C1"), threads=threads)


def test_gives_back_the_object_its_hand_position_and_scale(phantom, views):
    truth, volume = phantom.volume(), reconstruct(views)
    curve = fourier_shell_correlation(volume, truth, pixel_size=views.pixel_size)
    # Linear interpolation and 300 views leave about a percent; the last shells hold hardly any of the phantom.
    assert curve.correlation[1:18].min() > 0.98
    scale = (volume * truth).sum() / (truth**2).sum()
    assert scale == pytest.approx(1.0, abs=0.05)
    mirrored = np.roll(truth[:, :, ::-1], 1, axis=2)
    assert fourier_shell_correlation(volume, mirrored, pixel_size=1.0).correlation[6:18].mean() < 0.3


def test_works_for_an_odd_box(phantom, views):
    odd = type(phantom)(phantom.positions, phantom.width, 45)
    images = seen(odd, views.angles, views.shifts / views.pixel_size, views.transfers, views.pixel_size)
    curve = fourier_shell_correlation(reconstruct(views, images), odd.volume(), pixel_size=views.pixel_size)
    assert curve.correlation[1:17].min() > 0.98


def test_threads_do_not_change_a_bit_nor_does_a_map_that_was_asked_for(views):
    particles, every, group = loaded(views, views.images), np.arange(len(views.images)), point_group("C1")
    sums = sums_of(particles, every)
    first = map_of(sums, particles.images, group)
    assert np.array_equal(first, reconstruct(views, threads=3))
    assert np.array_equal(first, map_of(sums, particles.images, group))


def test_a_direction_that_no_view_covers_stays_quiet(views):
    noise = np.random.default_rng(3).normal(0, views.images.std(), views.images.shape)
    noisy = views.images + noise.astype(np.float32)
    angles = views.angles.copy()
    angles[:, 1] = np.clip(angles[:, 1], 0, 20)  # near the pole: a cone stays empty
    side = reconstruct(views, noisy, angles=angles)
    assert np.isfinite(side).all()
    assert side.std() < 5 * reconstruct(views, noisy).std()


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
