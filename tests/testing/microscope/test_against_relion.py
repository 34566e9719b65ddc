"""The simulator's conventions against an independent witness, RELION."""

import importlib.util
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from scipy import ndimage

from cryoloom.testing.microscope import (
    ContrastTransfer,
    Drift,
    MicroscopeParameters,
    Particles,
    Scene,
    SimulatedMicroscope,
    Tier,
    pseudoprotein,
    write_session,
)
from cryoloom.testing.microscope._ice import Ice
from cryoloom.testing.microscope._image import render_frames
from cryoloom.testing.microscope._particles import draw_rotations, euler_angles
from cryoloom.testing.microscope._scattering import interaction_constant
from cryoloom.testing.microscope._truth import relion_magnification

BENCH = Path(__file__).parents[3] / "bench" / "simulated_guard.py"
guard = importlib.util.module_from_spec(importlib.util.spec_from_file_location("simulated_guard", BENCH))
with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(BENCH.parent)  # a benchmark imports what benchmarks share, as it does when it is run
    guard.__loader__.exec_module(guard)

BOX = 192
PIXEL_SIZE = 2.0
ANGLES = np.array([[0.0, 0.0, 0.0], [30.0, 0.0, 0.0], [20.0, 50.0, 0.0], [-100.0, 75.0, 130.0]])
PLAIN = ContrastTransfer(
    defocus_u=16_000.0,
    defocus_v=12_000.0,
    defocus_angle=25.0,
    phase_shift=0.0,
    voltage=300.0,
    spherical_aberration=2.7,
    amplitude_contrast=0.07,
    b_factor=0.0,
)
COLUMNS = "ImageName OpticsGroup AngleRot AngleTilt AnglePsi OriginXAngst OriginYAngst DefocusU DefocusV DefocusAngle"

pytestmark = pytest.mark.skipif(shutil.which("relion_project") is None, reason="needs RELION")


@pytest.fixture(scope="module")
def map_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("relion")
    with mrcfile.new(folder / "map.mrc", pseudoprotein().density_map(BOX, PIXEL_SIZE)) as map_file:
        map_file.voxel_size = PIXEL_SIZE
    return folder


def write_particles(file, transfer, angles, pixel_size, box, *, shift=(0.0, 0.0), height=0.0, optics=()):
    """Write a STAR file of particles in the images of ``stack.mrcs``."""
    known = [
        ("OpticsGroupName", "simulated"),
        ("OpticsGroup", 1),
        ("Voltage", transfer.voltage),
        ("SphericalAberration", transfer.spherical_aberration),
        ("AmplitudeContrast", transfer.amplitude_contrast),
        ("ImagePixelSize", pixel_size),
        ("ImageSize", box),
        ("ImageDimensionality", 2),
        *optics,
    ]
    defocus = [transfer.defocus_u + height, transfer.defocus_v + height, transfer.defocus_angle]
    rows = [[f"{n:06d}@stack.mrcs", 1, *pose, *shift, *defocus] for n, pose in enumerate(angles, 1)]
    text = table("optics", [label for label, _ in known], [[value for _, value in known]])
    file.write_text(text + table("particles", COLUMNS.split(), rows))


def table(name, labels, rows):
    header = "".join(f"_rln{label} #{n}\n" for n, label in enumerate(labels, 1))
    return f"\ndata_{name}\n\nloop_\n{header}" + "".join(" ".join(map(str, row)) + "\n" for row in rows) + "\n"


def project_with_relion(folder, transfer, **particle):
    """Project the specimen's map as RELION does, in every orientation: (n, y, x)."""
    write_particles(folder / "particles.star", transfer, ANGLES, PIXEL_SIZE, BOX, **particle)
    command = "relion_project --i map.mrc --ang particles.star --o projections --ctf --pad 2"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return mrcfile.read(folder / "projections.mrcs")


def render_alone(particles, transfer, size, pixel_size, magnification=None):
    """Render particles without ice, motion, damage or noise, on a square field: (y, x)."""
    parameters = MicroscopeParameters.of_tier(Tier.EASY).resized(width=size, height=size, frame_count=1)
    parameters = parameters.changed(pixel_size=pixel_size)
    vacuum = Ice(thickness=0.0, gradient=(0.0, 0.0), tilt=0.0, tilt_axis=0.0, spread=False, ring=0.0, crystalline=False)
    (image,) = render_frames(
        specimen=pseudoprotein(),
        scene=Scene(particles, (), None, vacuum, None),
        transfer=transfer,
        drift=Drift.still(size, size, 1),
        parameters=parameters,
        magnification=np.eye(2) if magnification is None else magnification,
        damage_scale=1e9,
        seed=1,
    )
    return image


def render_each(transfer, height=0.0, offset=(0.0, 0.0)):
    """Render the specimen in every orientation, `offset` px (x, y) from the middle of a box: (n, y, x)."""
    images = []
    for angles in ANGLES:
        places = np.array([[BOX + offset[0], BOX + offset[1]]])
        particles = Particles.intact(places, angles[None], np.array([height]))
        image = render_alone(particles, transfer, 2 * BOX, PIXEL_SIZE)
        images.append(image[BOX // 2 : -BOX // 2, BOX // 2 : -BOX // 2])
    return np.array(images)


def correlations_by_ring(images, others):
    """Correlation (n, ring) and amplitude ratio of pairs of images, up to Nyquist in nine rings."""
    first, second = np.fft.rfft2(images), np.fft.rfft2(others)
    radius = np.hypot(np.fft.fftfreq(BOX)[:, None], np.fft.rfftfreq(BOX)[None])
    correlations, ratios = [], []
    for low in np.arange(0.05, 0.5, 0.05):
        ring = (radius >= low) & (radius < min(low + 0.05, 0.48))
        power = [np.sum(np.abs(one[:, ring]) ** 2, axis=1) for one in (first, second)]
        correlations.append(np.sum(first[:, ring] * second[:, ring].conj(), axis=1).real / np.sqrt(power[0] * power[1]))
        ratios.append(np.sqrt(power[0] / power[1]))
    return np.array(correlations).T, np.array(ratios).T


# The map that RELION interpolates is band-limited and boxed: its own trilinear slices, padded twice, differ from exact
# ones by some 1e-3 of the power.
ALIKE = 0.998


def test_poses_contrast_and_its_sign_are_relions(map_folder):
    correlations, ratios = correlations_by_ring(render_each(PLAIN), project_with_relion(map_folder, PLAIN))
    assert np.all(correlations < -ALIKE)  # a raw micrograph: protein is dark where RELION's particles are white
    # A projection sums voxels in V; contrast is twice the phase shift of what those voxels are thick.
    expected = 2.0 * interaction_constant(300.0) * PIXEL_SIZE
    assert np.allclose(ratios, expected, rtol=0.02)


def test_height_adds_to_the_defocus(map_folder):
    theirs = project_with_relion(map_folder, PLAIN, height=900.0)
    assert np.all(correlations_by_ring(render_each(PLAIN, height=900.0), theirs)[0] < -ALIKE)
    assert np.any(correlations_by_ring(render_each(PLAIN, height=-900.0), theirs)[0] > -0.5)


def test_a_particle_is_where_its_coordinates_say(map_folder):
    # RELION moves the image by the negative of the origin offset.
    theirs = project_with_relion(map_folder, PLAIN, shift=(-2.6 * PIXEL_SIZE, 1.3 * PIXEL_SIZE))
    assert np.all(correlations_by_ring(render_each(PLAIN, offset=(2.6, -1.3)), theirs)[0] < -ALIKE)
    assert np.any(correlations_by_ring(render_each(PLAIN, offset=(-2.6, 1.3)), theirs)[0] > -0.5)


class Reconstruction:
    """RELION's reconstruction of 196 noiseless particles, compared with the specimen near Nyquist (8.3 to 10 Å)."""

    box, side, pixel_size = 80, 14, 4.0

    def __init__(self, folder):
        self.folder = folder
        self.angles = euler_angles(draw_rotations(self.side**2, 0.0, np.random.default_rng(1)))
        self.truth = pseudoprotein().density_map(self.box, self.pixel_size)

    def render(self, transfer, magnification=None):
        """Render the particles on a square grid and cut their boxes: (n, y, x), protein white."""
        centres = np.arange(self.side) * self.box + self.box // 2
        places = np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2).astype(float)
        particles = Particles.intact(places, self.angles)
        image = render_alone(particles, transfer, self.side * self.box, self.pixel_size, magnification)
        return -image.reshape(self.side, self.box, self.side, self.box).swapaxes(1, 2).reshape(-1, self.box, self.box)

    def agreement(self, images, transfer, optics=()):
        """Reconstruct with RELION and correlate with the truth."""
        with mrcfile.new(self.folder / "stack.mrcs", images / images.std(), overwrite=True) as stack:
            stack.voxel_size = self.pixel_size
            stack.set_image_stack()
        star = self.folder / "particles.star"
        write_particles(star, transfer, self.angles, self.pixel_size, self.box, optics=optics)
        command = "relion_reconstruct --i particles.star --o volume.mrc --ctf --sym C3 --angpix 4 --pad 1"
        subprocess.run(command.split(), cwd=self.folder, check=True, capture_output=True)
        found, true = np.fft.rfftn(mrcfile.read(self.folder / "volume.mrc")), np.fft.rfftn(self.truth)
        full, half = np.fft.fftfreq(self.box), np.fft.rfftfreq(self.box)
        radius = np.sqrt(full[:, None, None] ** 2 + full[:, None] ** 2 + half**2)
        shell = (radius >= 0.4) & (radius < 0.48)
        found, true = found[shell], true[shell]
        return np.sum(found * true.conj()).real / np.sqrt(np.sum(np.abs(found) ** 2) * np.sum(np.abs(true) ** 2))


@pytest.fixture(scope="module")
def reconstruction(tmp_path_factory):
    return Reconstruction(tmp_path_factory.mktemp("reconstruction"))


@pytest.fixture(scope="module")
def undistorted(reconstruction):
    return reconstruction.agreement(reconstruction.render(PLAIN), PLAIN)


# Told the true distortion, RELION reconstructs as well as without one, to the scatter of interpolation.
SAME = 0.002


def test_beam_tilt_is_relions(reconstruction, undistorted):
    tilted = replace(PLAIN, beam_tilt=(8.0, -5.0))
    images = reconstruction.render(tilted)
    told = reconstruction.agreement(images, tilted, [("BeamTiltX", 8.0), ("BeamTiltY", -5.0)])
    assert told == pytest.approx(undistorted, abs=SAME)
    assert reconstruction.agreement(images, tilted) < undistorted - 5 * SAME


def test_threefold_astigmatism_is_relions(reconstruction, undistorted):
    threefold = replace(PLAIN, threefold_astigmatism=4e5, threefold_angle=20.0)
    images = reconstruction.render(threefold)
    zernike = "[" + ",".join(map(str, threefold.odd_zernike)) + "]"
    opposite = "[" + ",".join(str(-one) for one in threefold.odd_zernike) + "]"
    told = reconstruction.agreement(images, threefold, [("OddZernike", zernike)])
    assert told == pytest.approx(undistorted, abs=SAME)
    assert reconstruction.agreement(images, threefold, [("OddZernike", opposite)]) < undistorted - 5 * SAME


def test_magnification_is_relions(reconstruction, undistorted):
    magnification = np.array([[1.015, 0.008], [0.008, 0.985]])
    images = reconstruction.render(PLAIN, magnification)
    labels = ["MagMat00", "MagMat01", "MagMat10", "MagMat11"]
    told = reconstruction.agreement(
        images, PLAIN, list(zip(labels, relion_magnification(magnification).flat, strict=True))
    )
    assert told == pytest.approx(undistorted, abs=SAME)
    assert reconstruction.agreement(images, PLAIN) < undistorted - 5 * SAME


@pytest.fixture(scope="module")
def corrected_session(tmp_path_factory):
    """A small bright movie that RELION has aligned: its exposure, and its session."""
    parameters = MicroscopeParameters.of_tier(Tier.EASY).resized(width=640, height=576, frame_count=10)
    parameters = parameters.changed(dose_per_frame=6.0)
    session = write_session(tmp_path_factory.mktemp("session"), seed=5, movies=1, parameters=parameters)
    guard.run_motioncorr(session, threads=1)
    return SimulatedMicroscope(seed=5, parameters=parameters).expose(seed=1), session


def test_relion_reads_our_movies_and_gain_the_right_way_up(corrected_session):
    exposure, session = corrected_session
    images = exposure.micrograph, mrcfile.read(session.folder / "Motion" / "movies" / "movie_0001.mrc")
    ours, theirs = (ndimage.gaussian_filter(image, 2.0)[32:-32, 32:-32] for image in images)
    agreement = [np.corrcoef(ours.ravel(), other.ravel())[0, 1] for other in (theirs, theirs[::-1], theirs[:, ::-1])]
    assert agreement[0] > 0.9
    assert max(agreement[1:]) < 0.2


def test_relion_finds_the_motion_with_our_sign_and_axes(corrected_session):
    _, session = corrected_session
    drift, found = session.truths[0].drift, guard.relion_displacement(session, session.movies[0])
    uncorrected = drift.error(np.zeros((10, 2)))
    assert drift.error(found) < 0.6 * uncorrected
    assert drift.error(-found) > uncorrected
    assert drift.error(found * [1.0, -1.0]) > 0.7 * uncorrected


@pytest.mark.full
def test_the_easy_tier_is_neither_too_easy_nor_wrong(tmp_path):
    """The guard row: RELION 3.1.3's global correction is left with 0.35 to 0.60 px of 1.27 ± 0.15 px."""
    session = write_session(tmp_path, seed=101, movies=4, threads=2)
    guard.run_motioncorr(session)
    drifts = [truth.drift for truth in session.truths]
    uncorrected = np.mean([drift.error(np.zeros((24, 2))) for drift in drifts])
    found = [guard.relion_displacement(session, movie) for movie in session.movies]
    relion = np.mean([drift.error(displacement) for drift, displacement in zip(drifts, found, strict=True)])
    assert uncorrected == pytest.approx(1.27, abs=0.15)
    assert 0.35 <= relion <= 0.60
