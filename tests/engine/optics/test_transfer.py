"""The contrast transfer function: values worked out by hand, and what RELION writes."""

import math
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import mrcfile
import numpy as np
import pytest

from cryoloom.engine.fourier import frequency_axes
from cryoloom.engine.optics import (
    ContrastTransfer,
    aberration_phase,
    defocus_along,
    delocalisation,
    electron_wavelength,
    transfer_function,
    transfer_image,
)
from cryoloom.errors import ParameterError

KRIOS = ContrastTransfer(
    voltage=300.0,
    spherical_aberration=2.7,
    amplitude_contrast=0.1,
    defocus_u=15_200.0,
    defocus_v=14_700.0,
    defocus_angle=32.0,
)


def test_white_protein_keeps_its_contrast_at_low_resolution() -> None:
    assert float(transfer_function(0.0, 0.0, KRIOS)) == pytest.approx(0.1, abs=1e-6)
    assert float(transfer_function(0.0, 1 / 100.0, KRIOS)) > 0.1


def test_first_zero_lies_where_the_path_difference_is_half_a_wavelength() -> None:
    """Without Cs and amplitude contrast sin(π λ Δf k²) is zero at k = 1/sqrt(λ Δf)."""
    ideal = replace(KRIOS, spherical_aberration=0.0, amplitude_contrast=0.0, defocus_u=1e4, defocus_v=1e4)
    zero = 1.0 / math.sqrt(electron_wavelength(300.0) * 1e4)
    assert float(transfer_function(0.0, zero, ideal)) == pytest.approx(0.0, abs=1e-6)
    assert float(transfer_function(0.0, zero / math.sqrt(2), ideal)) == pytest.approx(1.0, abs=1e-6)


def test_spherical_aberration_counteracts_underfocus() -> None:
    """At Scherzer's k = sqrt(2 Δf / (Cs λ²)) the two cancel."""
    wavelength = electron_wavelength(300.0)
    k_squared = 2 * 1_000.0 / (2.7e7 * wavelength**2)
    assert aberration_phase(k_squared, 1_000.0, voltage=300.0, spherical_aberration=2.7) == pytest.approx(0.0, abs=1e-9)
    assert aberration_phase(k_squared, 900.0, voltage=300.0, spherical_aberration=2.7) < 0
    assert aberration_phase(k_squared, 1_100.0, voltage=300.0, spherical_aberration=2.7) > 0


def test_defocus_u_lies_along_its_angle_from_x_towards_y() -> None:
    assert defocus_along(math.radians(32.0), 2e4, 1e4, 32.0) == pytest.approx(2e4)
    assert defocus_along(math.radians(122.0), 2e4, 1e4, 32.0) == pytest.approx(1e4)
    assert defocus_along(math.radians(32.0 + 45.0), 2e4, 1e4, 32.0) == pytest.approx(1.5e4)
    along_y = replace(KRIOS, defocus_u=2e4, defocus_v=1e4, defocus_angle=90.0)
    round_2e4 = replace(KRIOS, defocus_u=2e4, defocus_v=2e4)
    assert float(transfer_function(0.1, 0.0, along_y)) == pytest.approx(
        float(transfer_function(0.1, 0.0, round_2e4)), abs=1e-6
    )


def test_a_phase_plate_of_90_degrees_turns_sine_into_cosine() -> None:
    plate = replace(KRIOS, amplitude_contrast=0.0, phase_shift=90.0)
    k = np.linspace(0.0, 0.3, 50)
    defocus = defocus_along(0.0, KRIOS.defocus_u, KRIOS.defocus_v, KRIOS.defocus_angle)
    phase = aberration_phase(k**2, defocus, voltage=300.0, spherical_aberration=2.7)
    np.testing.assert_allclose(transfer_function(0.0, k, plate), np.cos(phase), atol=1e-6)


def test_delocalisation_is_the_ring_density() -> None:
    """It is the derivative of χ/π, taken numerically here."""
    k, step = 0.21, 1e-6
    phases = aberration_phase(np.array([k - step, k + step]) ** 2, 2e4, voltage=200.0, spherical_aberration=2.7)
    density = np.diff(phases)[0] / (2 * step) / (2 * math.pi)
    assert delocalisation(k, 2e4, voltage=200.0, spherical_aberration=2.7) == pytest.approx(density, rel=1e-5)


def test_an_amplitude_contrast_in_percent_is_refused() -> None:
    with pytest.raises(ParameterError, match="fraction"):
        replace(KRIOS, amplitude_contrast=7.0)


STAR = """data_optics

loop_
_rlnOpticsGroup #1
_rlnOpticsGroupName #2
_rlnVoltage #3
_rlnSphericalAberration #4
_rlnAmplitudeContrast #5
_rlnImagePixelSize #6
_rlnImageSize #7
_rlnImageDimensionality #8
1 g {t.voltage} {t.spherical_aberration} {t.amplitude_contrast} {pixel_size} {size} 2

data_particles

loop_
_rlnImageName #1
_rlnOpticsGroup #2
_rlnDefocusU #3
_rlnDefocusV #4
_rlnDefocusAngle #5
_rlnPhaseShift #6
_rlnAngleRot #7
_rlnAngleTilt #8
_rlnAnglePsi #9
_rlnOriginXAngst #10
_rlnOriginYAngst #11
1@particles.mrcs 1 {t.defocus_u} {t.defocus_v} {t.defocus_angle} {t.phase_shift} 0 0 0 0 0
"""


@pytest.mark.skipif(shutil.which("relion_project") is None, reason="relion_project is not installed")
@pytest.mark.parametrize(
    "transfer",
    [
        KRIOS,
        replace(KRIOS, defocus_u=9_000.0, defocus_v=6_000.0, defocus_angle=110.0, phase_shift=55.0),
        replace(KRIOS, voltage=200.0, spherical_aberration=1.4, amplitude_contrast=0.07, defocus_angle=75.0),
    ],
    ids=["krios", "phase plate, very astigmatic", "200 kV"],
)
def test_relion_writes_the_same_function_sign_and_axes_included(tmp_path: Path, transfer: ContrastTransfer) -> None:
    """The projection of a single bright voxel is its transfer function's point spread."""
    size, pixel_size = 128, 2.0
    volume = np.zeros((size, size, size), np.float32)
    volume[size // 2, size // 2, size // 2] = 1.0
    with mrcfile.new(tmp_path / "point.mrc", volume) as file:
        file.voxel_size = pixel_size
    (tmp_path / "particles.star").write_text(STAR.format(t=transfer, pixel_size=pixel_size, size=size))
    subprocess.run(
        ["relion_project", "--i", "point.mrc", "--ang", "particles.star", "--ctf", "--o", "relion"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    stack = mrcfile.read(tmp_path / "relion.mrcs").reshape(size, size)
    relion = np.fft.rfft2(np.fft.ifftshift(stack)).real

    ours = transfer_image((size, size), pixel_size, transfer)
    k_y, k_x = frequency_axes((size, size), pixel_size)
    inside = np.hypot(k_y, k_x) < 0.45 / pixel_size  # RELION leaves the corners out
    scale = float(np.sum(relion[inside] * ours[inside]) / np.sum(ours[inside] ** 2))
    assert scale > 0
    # RELION tabulates the projection by linear interpolation, which costs a few per cent of its modulus.
    np.testing.assert_allclose(relion[inside] / scale, ours[inside], atol=0.05)
    assert np.corrcoef(relion[inside], ours[inside])[0, 1] > 0.9995
