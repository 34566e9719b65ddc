"""The simulator's conventions against an independent witness, RELION."""

import shutil
import subprocess
from dataclasses import replace

import mrcfile
import numpy as np
import pytest

from cryoloom.testing.microscope import (
    ContrastTransfer,
    Drift,
    MicroscopeParameters,
    Particles,
    Scene,
    Tier,
    pseudoprotein,
)
from cryoloom.testing.microscope._ice import Ice
from cryoloom.testing.microscope._image import render_frames
from cryoloom.testing.microscope._scattering import interaction_constant

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

pytestmark = pytest.mark.skipif(shutil.which("relion_project") is None, reason="needs the program relion_project")


@pytest.fixture(scope="module")
def map_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("relion")
    with mrcfile.new(folder / "map.mrc", pseudoprotein().density_map(BOX, PIXEL_SIZE)) as map_file:
        map_file.voxel_size = PIXEL_SIZE
    return folder


def project_with_relion(folder, transfer, height=0.0, shift=(0.0, 0.0), optics=()):
    """Project the specimen's map as RELION does, in every orientation: (n, y, x)."""
    labels = ["OpticsGroupName", "OpticsGroup", "Voltage", "SphericalAberration", "AmplitudeContrast", "ImagePixelSize"]
    values = ["simulated", 1, transfer.voltage, transfer.spherical_aberration, transfer.amplitude_contrast, PIXEL_SIZE]
    for label, value in [("ImageSize", BOX), ("ImageDimensionality", 2), *optics]:
        labels.append(label)
        values.append(value)
    text = table("optics", labels, [values])
    defocus = [transfer.defocus_u + height, transfer.defocus_v + height, transfer.defocus_angle]
    rows = [[f"{n + 1:06d}@none.mrcs", 1, *angles, *shift, *defocus] for n, angles in enumerate(ANGLES)]
    (folder / "particles.star").write_text(text + table("particles", COLUMNS.split(), rows))
    command = "relion_project --i map.mrc --ang particles.star --o projections --ctf --pad 2"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return mrcfile.read(folder / "projections.mrcs")


def table(name, labels, rows):
    header = "".join(f"_rln{label} #{n}\n" for n, label in enumerate(labels, 1))
    return f"\ndata_{name}\n\nloop_\n{header}" + "".join(" ".join(map(str, row)) + "\n" for row in rows) + "\n"


def render(transfer, height=0.0, offset=(0.0, 0.0), magnification=None):
    """Render the specimen alone, in every orientation, `offset` px (x, y) from the middle of a box: (n, y, x)."""
    field = 2 * BOX
    parameters = MicroscopeParameters.of_tier(Tier.EASY).resized(width=field, height=field, frame_count=1)
    parameters = replace(parameters, detector=replace(parameters.detector, mtf=(1.0,) * 5))
    vacuum = Ice(thickness=0.0, gradient=(0.0, 0.0), tilt=0.0, spread=False, ring=0.0, crystalline=False)
    still = Drift(field, field, np.zeros((1, 2)), np.zeros((1, 2)), np.zeros((1, 2)), np.zeros(1), np.zeros((1, 1, 2)))
    images = []
    for angles in ANGLES:
        places = np.array([[BOX + offset[0], BOX + offset[1]]])
        particles = Particles.intact(places, angles[None], np.array([height]))
        (image,) = render_frames(
            specimen=pseudoprotein(),
            scene=Scene(particles, (), None, vacuum, None),
            transfer=transfer,
            drift=still,
            parameters=parameters,
            magnification=np.eye(2) if magnification is None else magnification,
            damage_scale=1e9,
            seed=1,
        )
        images.append(image[BOX // 2 : -BOX // 2, BOX // 2 : -BOX // 2])
    return np.array(images)


def ring_correlations(images, others):
    """Correlation (n, ring) and amplitude ratio of pairs of images, up to Nyquist in ten rings."""
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
    ours, theirs = render(PLAIN), project_with_relion(map_folder, PLAIN)
    correlations, ratios = ring_correlations(ours, theirs)
    assert np.all(correlations < -ALIKE)  # a raw micrograph: protein is dark where RELION's particles are white
    # A projection sums voxels in V; contrast is twice the phase shift of what those voxels are thick.
    expected = 2.0 * interaction_constant(300.0) * PIXEL_SIZE
    assert np.allclose(ratios, expected, rtol=0.02)


def test_height_adds_to_the_defocus(map_folder):
    theirs = project_with_relion(map_folder, PLAIN, height=900.0)
    assert np.all(ring_correlations(render(PLAIN, height=900.0), theirs)[0] < -ALIKE)
    assert np.any(ring_correlations(render(PLAIN, height=-900.0), theirs)[0] > -0.5)


def test_a_particle_is_where_its_coordinates_say(map_folder):
    # RELION moves the image by the negative of the origin offset.
    theirs = project_with_relion(map_folder, PLAIN, shift=(-2.6 * PIXEL_SIZE, 1.3 * PIXEL_SIZE))
    assert np.all(ring_correlations(render(PLAIN, offset=(2.6, -1.3)), theirs)[0] < -ALIKE)
    assert np.any(ring_correlations(render(PLAIN, offset=(-2.6, 1.3)), theirs)[0] > -0.5)
