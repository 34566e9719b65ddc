"""Optics of many particles in groups: those of one by one, and RELION's aberrations and magnification."""

import shutil
import subprocess
from dataclasses import replace

import mrcfile
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cryoloom.engine.kernels import extract_coefficients
from cryoloom.engine.likelihood import NoiseSpectrum, ParticleImages, fourier_disc
from cryoloom.engine.optics import ContrastTransfer, GroupOptics, ParticleOptics, electron_wavelength
from cryoloom.engine.orientations import euler_angles, rotation_matrices
from cryoloom.engine.projection import volume_transform
from cryoloom.errors import ParameterError

BOX, PIXEL = 64, 3.0
ANGLES = np.array([[10.0, 40.0, 70.0], [120.0, 75.0, -30.0], [-60.0, 110.0, 200.0], [0.0, 10.0, 5.0]])
PLAIN = GroupOptics(300.0, 2.7, 0.1)
SHEARED = GroupOptics(300.0, 2.7, 0.1, magnification=(1.03, 0.02, -0.01, 0.98))
ABERRATED = GroupOptics(
    200.0,
    1.4,
    0.07,
    beam_tilt=(6.0, -8.0),
    odd_zernike=(2.0, -3.0, 300.0, 25.0, -30.0, 200.0),
    even_zernike=(0.2, 3.0, -5.0, 4.0, 90.0, 50.0, 40.0, -30.0, 80.0),
    magnification=(0.99, 0.01, 0.015, 1.02),
)


def optics(*groups):
    """Four particles, in the groups by turns."""
    n = len(ANGLES)
    group = np.arange(n) % len(groups)
    return ParticleOptics(groups, group, np.full(n, 1.2e4), np.full(n, 1.1e4), np.full(n, 35.0), np.zeros(n))


def test_microscopes_make_groups():
    transfers = [ContrastTransfer(voltage, 2.7, 0.1, 1e4, 9e3, 20.0) for voltage in (300.0, 200.0, 300.0)]
    together = ParticleOptics.of(transfers)
    assert [group.voltage for group in together.groups] == [300.0, 200.0]
    assert together.group.tolist() == [0, 1, 0]
    frequencies = fourier_disc(12) / (BOX * PIXEL)
    each = [ParticleOptics.of([one]).transfer(frequencies)[0] for one in transfers]
    assert np.array_equal(together.transfer(frequencies), np.stack(each))
    with pytest.raises(ParameterError, match="no particle"):
        ParticleOptics.of([])


def test_what_cannot_be_is_refused():
    with pytest.raises(ParameterError, match="magnification"):
        GroupOptics(300.0, 2.7, 0.1, magnification=(0.0, 1.0, 1.0, 0.0))
    with pytest.raises(ParameterError, match="1 are described"):
        ParticleOptics((SHEARED,), np.array([1]), *np.zeros((4, 1)))


def test_a_rotation_as_a_magnification_takes_no_shell():
    """Its stretch is 1 but for rounding, to either side."""
    for degrees in np.linspace(-3.0, 3.0, 80):
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        turned = optics(GroupOptics(300.0, 2.7, 0.1, magnification=(c, -s, s, c)))
        assert turned.radius_in_images(32) == 32
        assert turned.radius_in_specimen(32) == 32
    assert optics(SHEARED).radius_in_images(32) == int(32 / SHEARED.stretch) < 32


def test_beam_tilt_is_an_odd_polynomial_of_third_degree():
    """Coma by its formula, and as the coefficients that RELION stores."""
    k = fourier_disc(20) / (BOX * PIXEL)
    tilt = np.array([0.8, -0.3])
    size = -2 * np.pi * 2.7e7 * electron_wavelength(300.0) ** 2 * 1e-3
    expected = size * (k**2).sum(axis=1) * (k @ tilt)
    tilted = GroupOptics(300.0, 2.7, 0.1, beam_tilt=tuple(tilt))
    assert tilted.phase_error(k) == pytest.approx(expected)
    # Z_3^±1 = (3 k³ − 2 k) · sine or cosine, and Z_1^±1 = k · sine or cosine
    third = size * tilt[::-1] / 3
    coefficients = (2 * third[0], 2 * third[1], 0.0, third[0], third[1], 0.0)
    assert GroupOptics(300.0, 2.7, 0.1, odd_zernike=coefficients).phase_error(k) == pytest.approx(expected)


def test_demodulation_is_of_each_group():
    both = optics(SHEARED, ABERRATED)
    k = fourier_disc(10) / (BOX * PIXEL)
    ones = np.ones((4, len(k)), np.complex64)
    turned = both.demodulate(ones, k)
    assert np.array_equal(turned[::2], ones[::2])
    assert np.angle(turned[1]) == pytest.approx(np.angle(np.exp(-1j * ABERRATED.phase_error(k))), abs=1e-5)
    assert optics(SHEARED).demodulate(ones, k) is ones


def table(name, rows):
    labels = list(rows[0])
    header = "".join(f"_rln{label} #{number}\n" for number, label in enumerate(labels, 1))
    lines = "".join(" ".join(str(row[label]) for label in labels) + "\n" for row in rows)
    return f"\ndata_{name}\n\nloop_\n{header}{lines}\n"


def write_particles(folder, group, angles, images=None):
    """A STAR file of particles, and a stack of their images if given."""
    known = {
        "OpticsGroupName": "group",
        "OpticsGroup": 1,
        "Voltage": group.voltage,
        "SphericalAberration": group.spherical_aberration,
        "AmplitudeContrast": group.amplitude_contrast,
        "ImagePixelSize": PIXEL,
        "ImageSize": BOX,
        "ImageDimensionality": 2,
        "OddZernike": "[" + ",".join(map(str, group.odd_zernike or (0.0,))) + "]",
        "EvenZernike": "[" + ",".join(map(str, group.even_zernike or (0.0,))) + "]",
        **dict(zip(("MagMat00", "MagMat01", "MagMat10", "MagMat11"), group.magnification, strict=True)),
    }
    if any(group.beam_tilt):  # RELION 3.1 lets a tilt, even of zero, replace part of an odd aberration
        known |= dict(zip(("BeamTiltX", "BeamTiltY"), group.beam_tilt, strict=True))
    rows = [
        {
            "ImageName": f"{number:06d}@stack.mrcs",
            "OpticsGroup": 1,
            **dict(zip(("AngleRot", "AngleTilt", "AnglePsi"), angles, strict=True)),
            "OriginXAngst": 0.0,
            "OriginYAngst": 0.0,
            "DefocusU": 1.2e4,
            "DefocusV": 1.1e4,
            "DefocusAngle": 35.0,
        }
        for number, angles in enumerate(angles, 1)
    ]
    (folder / "particles.star").write_text(table("optics", [known]) + table("particles", rows))
    if images is not None:
        with mrcfile.new(folder / "stack.mrcs", images, overwrite=True) as file:
            file.voxel_size = PIXEL
            file.set_image_stack()


def run(command, folder):
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)


def our_images(volume, together, angles):
    """Fourier coefficients (n, k) as the microscope would make them, and the images."""
    frequencies = fourier_disc(together_radius(together))
    matrices = together.slicing_matrices(rotation_matrices(angles), np.arange(len(angles)))
    values = extract_coefficients(volume_transform(volume), matrices, frequencies)
    k = frequencies / (BOX * PIXEL)
    values *= together.transfer(k)
    back = together.demodulate(np.ones_like(values), k)
    values *= back.conj()
    transform = np.zeros((len(values), BOX, BOX // 2 + 1), np.complex64)
    x, y = frequencies.astype(int).T
    transform[:, y, x] = values
    transform[:, -y[x == 0], 0] = values[:, x == 0].conj()
    return np.fft.fftshift(np.fft.irfft2(transform), axes=(1, 2)).astype(np.float32)


def together_radius(together):
    return int(BOX // 2 / together.stretch)


@pytest.fixture(scope="module")
def volume():
    """Blobs without symmetry."""
    random = np.random.default_rng(4)
    grid = np.arange(BOX) - BOX // 2
    x, y, z = (np.exp(-((grid - p[:, None]) ** 2) / 2) for p in random.normal(0, 6, (3, 30)))
    return np.einsum("pz,py,px->zyx", z, y, x).astype(np.float32)


def correlation(a, b):
    return float((a * b.conj()).sum().real / np.sqrt((np.abs(a) ** 2).sum() * (np.abs(b) ** 2).sum()))


needs_relion = pytest.mark.skipif(shutil.which("relion_project") is None, reason="needs RELION")


@needs_relion
@pytest.mark.parametrize("group", [SHEARED, ABERRATED], ids=["magnified", "all aberrations"])
def test_transfer_functions_are_those_of_relion(group, volume, tmp_path):
    """relion_project applies even aberrations, at the frequencies of the specimen, and nothing else of a group."""
    with mrcfile.new(tmp_path / "map.mrc", volume) as file:
        file.voxel_size = PIXEL
    write_particles(tmp_path, group, ANGLES)
    run("relion_project --i map.mrc --ang particles.star --o projections --ctf --pad 2", tmp_path)
    together = optics(group)
    images = ParticleImages(mrcfile.read(tmp_path / "projections.mrcs"), optics(PLAIN), PIXEL, 180.0)
    seen = images.observe(np.arange(len(ANGLES)), 30, NoiseSpectrum(np.ones(BOX)))
    bare = extract_coefficients(volume_transform(volume), rotation_matrices(ANGLES), seen.frequencies)
    ours = bare * together.transfer(seen.frequencies / (BOX * PIXEL))
    length = np.hypot(*seen.frequencies.T)
    for low, high in ((1, 10), (10, 20), (20, 30)):
        ring = (length >= low) & (length < high)
        assert correlation(ours[:, ring], seen.whole[:, ring]) > 0.999


def test_contrast_is_lost_as_the_b_factor_and_the_scale_say():
    """In closed form, at the frequencies of the specimen; a choice of particles keeps its own."""
    b_factor, scale = np.array([0.0, 80.0, 200.0, 300.0]), np.array([1.0, 0.5, 1.0, 0.8])
    frequencies = fourier_disc(20) / (BOX * PIXEL)
    whole = optics(PLAIN, SHEARED)
    damped = replace(whole, b_factor=b_factor, scale=scale)
    for number in range(4):
        squared = (whole.groups[number % 2].of_specimen(frequencies) ** 2).sum(axis=1)
        lost = scale[number] * np.exp(-b_factor[number] / 4 * squared)
        expected = whole.transfer(frequencies)[number] * lost
        assert damped.transfer(frequencies)[number] == pytest.approx(expected, abs=1e-6)
        assert damped[[number]].transfer(frequencies)[0] == pytest.approx(expected, abs=1e-6)
    assert np.array_equal(damped.phase(frequencies), whole.phase(frequencies))


class Reconstruction:
    """RELION's map of our images, compared with the truth near Nyquist's frequency."""

    def __init__(self, folder, volume):
        self.folder, self.volume = folder, volume
        self.angles = euler_angles(Rotation.random(250, np.random.default_rng(5)).as_matrix())
        axis = np.fft.fftfreq(BOX) * BOX
        length = np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + np.arange(BOX // 2 + 1) ** 2)
        self.shell = (length >= 16) & (length < 25)

    def agreement(self, seen_through, told):
        n = len(self.angles)
        columns = np.full(n, 1.2e4), np.full(n, 1.1e4), np.full(n, 35.0), np.zeros(n)
        together = ParticleOptics((seen_through,), np.zeros(n, int), *columns)
        write_particles(self.folder, told, self.angles, our_images(self.volume, together, self.angles))
        run(f"relion_reconstruct --i particles.star --o map.mrc --ctf --angpix {PIXEL} --pad 1", self.folder)
        found = np.fft.rfftn(mrcfile.read(self.folder / "map.mrc"))
        return correlation(found[self.shell], np.fft.rfftn(self.volume)[self.shell])


@pytest.fixture(scope="module")
def reconstruction(volume, tmp_path_factory):
    return Reconstruction(tmp_path_factory.mktemp("reconstruction"), volume)


@pytest.fixture(scope="module")
def undistorted(reconstruction):
    return reconstruction.agreement(PLAIN, PLAIN)


# Told the true distortion, RELION reconstructs as well as without one, to the scatter of its interpolation.
SAME = 0.004


@needs_relion
def test_magnification_is_relions(reconstruction, undistorted):
    (a, b, c, d) = SHEARED.magnification
    transposed = replace(SHEARED, magnification=(a, c, b, d))
    assert reconstruction.agreement(SHEARED, SHEARED) == pytest.approx(undistorted, abs=SAME)
    assert reconstruction.agreement(SHEARED, transposed) < undistorted - 2 * SAME
    assert reconstruction.agreement(SHEARED, PLAIN) < undistorted - 5 * SAME


@needs_relion
@pytest.mark.parametrize("name", ["beam_tilt", "odd_zernike"])
def test_odd_aberrations_are_relions(reconstruction, undistorted, name):
    aberrated = replace(PLAIN, **{name: getattr(ABERRATED, name)})
    opposite = replace(PLAIN, **{name: tuple(-one for one in getattr(ABERRATED, name))})
    assert reconstruction.agreement(aberrated, aberrated) == pytest.approx(undistorted, abs=SAME)
    assert reconstruction.agreement(aberrated, opposite) < undistorted - 5 * SAME


@needs_relion
def test_relion_takes_trefoil_beside_a_beam_tilt_as_their_sum(reconstruction, undistorted):
    """As a refinement of aberrations writes them: the cubic terms of a tilt as a tilt, the others as polynomials."""
    both = replace(PLAIN, beam_tilt=ABERRATED.beam_tilt, odd_zernike=(0.0, 0.0, 900.0, 0.0, 0.0, -600.0))
    assert reconstruction.agreement(both, both) == pytest.approx(undistorted, abs=SAME)
    assert reconstruction.agreement(both, replace(both, odd_zernike=())) < undistorted - 5 * SAME
