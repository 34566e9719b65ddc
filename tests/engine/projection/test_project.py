"""Projections: against Gaussians in closed form, and against relion_project with shifts and CTF."""

import shutil
import subprocess
from dataclasses import replace

import mrcfile
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cryoloom.engine.kernels import extract_coefficients, half_transform_shape, insert_coefficients
from cryoloom.engine.optics import ContrastTransfer, ParticleOptics
from cryoloom.engine.projection import project_volume, volume_transform
from cryoloom.errors import ParameterError

BOX, WIDTH, PIXEL = 48, 1.6, 2.5


@pytest.fixture(scope="module")
def positions():
    return np.random.default_rng(1).uniform(-11, 11, size=(40, 3)) * [1.0, 0.8, 0.5]


@pytest.fixture(scope="module")
def volume(positions):
    grid = np.arange(BOX) - BOX // 2
    x, y, z = (np.exp(-((grid - p[:, None]) ** 2) / (2 * WIDTH**2)) for p in positions.T)
    return np.einsum("pz,py,px->zyx", z, y, x).astype(np.float32)


def closed_form(positions, angles, shifts):
    """Sums along the view of the same Gaussians; shifts in pixels with RELION's sign."""
    matrices = Rotation.from_euler("ZYZ", angles, degrees=True).as_matrix().transpose(0, 2, 1)
    grid = np.arange(BOX) - BOX // 2
    images = []
    for matrix, shift in zip(matrices, shifts, strict=True):
        x, y = (np.exp(-((grid - p[:, None]) ** 2) / (2 * WIDTH**2)) for p in ((positions @ matrix.T)[:, :2] - shift).T)
        images.append(np.einsum("py,px->yx", y, x) * np.sqrt(2 * np.pi) * WIDTH)
    return np.array(images)


def relative_error(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def test_projections_are_those_of_the_closed_form(volume, positions):
    random = np.random.default_rng(2)
    angles = random.uniform([-180, 0, -180], [180, 180, 180], size=(20, 3))
    shifts = random.normal(0, 2, size=(20, 2))
    images = project_volume(volume, angles, shifts * PIXEL, pixel_size=PIXEL)
    # Linear interpolation on a grid of 96 leaves ghosts of sinc²(1 - 11/96) = 1.6 % an axis of what lies at the rim.
    assert relative_error(images, closed_form(positions, angles, shifts)) < 0.02


@pytest.mark.skipif(shutil.which("relion_project") is None, reason="relion_project is not installed")
@pytest.mark.parametrize("damped", [False, True], ids=["plain", "B-factor and scale"])
def test_relion_projects_alike(volume, tmp_path, damped):
    """With B-factors and scales of particles too, which change each projection by tens of per cent."""
    random = np.random.default_rng(3)
    angles = random.uniform([-180, 0, -180], [180, 180, 180], size=(6, 3))
    shifts = random.normal(0, 2, size=(6, 2)) * PIXEL
    transfers = [ContrastTransfer(300.0, 2.7, 0.1, 12_000.0 + 900 * n, 11_500.0 + 900 * n, 20.0 * n) for n in range(6)]
    b_factor, factor = (
        (np.array([0.0, 150.0, 300.0] * 2), np.array([1.0, 0.3] * 3)) if damped else (np.zeros(6), np.ones(6))
    )
    with mrcfile.new(tmp_path / "map.mrc", volume) as stored:
        stored.voxel_size = PIXEL
    rows = [
        f"{a[0]:.6f} {a[1]:.6f} {a[2]:.6f} {s[0]:.6f} {s[1]:.6f} {t.defocus_u} {t.defocus_v} {t.defocus_angle} 1 "
        f"{n + 1:06d}@none.mrcs {b_factor[n]} {factor[n]}"
        for n, (a, s, t) in enumerate(zip(angles, shifts, transfers, strict=True))
    ]
    (tmp_path / "views.star").write_text(
        "\ndata_optics\n\nloop_\n_rlnOpticsGroupName #1\n_rlnOpticsGroup #2\n_rlnImagePixelSize #3\n_rlnImageSize #4\n"
        "_rlnImageDimensionality #5\n_rlnVoltage #6\n_rlnSphericalAberration #7\n_rlnAmplitudeContrast #8\n"
        f"one 1 {PIXEL} {BOX} 2 300 2.7 0.1\n\n"
        "\ndata_particles\n\nloop_\n_rlnAngleRot #1\n_rlnAngleTilt #2\n_rlnAnglePsi #3\n_rlnOriginXAngst #4\n"
        "_rlnOriginYAngst #5\n_rlnDefocusU #6\n_rlnDefocusV #7\n_rlnDefocusAngle #8\n_rlnOpticsGroup #9\n"
        "_rlnImageName #10\n_rlnCtfBfactor #11\n_rlnCtfScalefactor #12\n" + "\n".join(rows) + "\n"
    )
    subprocess.run(
        ["relion_project", "--i", "map.mrc", "--ang", "views.star", "--o", "projected", "--ctf"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    theirs = mrcfile.read(tmp_path / "projected.mrcs")
    optics = ParticleOptics.of(transfers)
    if damped:
        optics = replace(optics, b_factor=b_factor, scale=factor)
    ours = project_volume(volume, angles, shifts, optics=optics, pixel_size=PIXEL)
    scale = (ours * theirs).sum() / (ours**2).sum()
    # Both interpolate linearly on a grid twice as fine; RELION rounds what it stores, and keeps its own radius.
    assert relative_error(scale * ours, theirs) < 0.01


@pytest.mark.parametrize("radius", [8, 7.3])  # of images magnified by a percent it is no whole number
@pytest.mark.parametrize("padding", [1, 2])
def test_inserting_a_list_is_the_adjoint_of_reading_it(radius, padding):
    random = np.random.default_rng(5)
    shape = half_transform_shape(radius, padding)
    transform = random.normal(size=shape) + 1j * random.normal(size=shape)
    transform[:, :, 0] += transform[::-1, ::-1, 0].conj()
    transform = transform.astype(np.complex64)
    rotations = Rotation.random(30, random).as_matrix()
    angle, length = random.uniform(0, 2 * np.pi, 40), radius * np.sqrt(random.uniform(0.0, 0.98, 40))
    frequencies = np.stack([length * np.cos(angle), length * np.sin(angle)], axis=1).astype(np.float32)
    values = (random.normal(size=(30, 40)) + 1j * random.normal(size=(30, 40))).astype(np.complex64)
    weights = random.uniform(size=(30, 40)).astype(np.float32)
    results = []
    for threads in (1, 3):
        summed, weight = np.zeros(shape, np.complex64), np.zeros(shape, np.float32)
        insert_coefficients(summed, weight, values, weights, rotations, frequencies, padding=padding, threads=threads)
        results.append((summed.copy(), weight))
    assert np.array_equal(results[0][0], results[1][0])
    assert np.array_equal(results[0][1], results[1][1])
    summed = results[0][0]
    summed[:, :, 0] += summed[::-1, ::-1, 0].conj()
    read = extract_coefficients(transform, rotations, frequencies, padding=padding)
    both = np.full(shape[2], 2.0)
    both[0] = 1.0
    in_images = 2 * (read.conj().astype(complex) * values).sum().real
    in_volume = (both * (transform.conj().astype(complex) * summed)).sum().real
    assert in_images == pytest.approx(in_volume, rel=1e-4)
    assert results[0][1].sum() == pytest.approx(weights.sum(), rel=1e-5)


def test_frequencies_beyond_the_transform_are_refused(volume):
    transform = volume_transform(volume, radius=10)
    with pytest.raises(ParameterError, match="reaches 20"):
        extract_coefficients(transform, np.eye(3)[None], np.array([[11.0, 0.0]], np.float32))


def test_what_is_no_cube_is_refused():
    with pytest.raises(ParameterError, match="cube"):
        volume_transform(np.zeros((4, 4, 6)))
