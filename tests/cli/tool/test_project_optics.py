"""Projections show all that a STAR file tells of the optics, so that a reconstruction undoes what was done."""

from __future__ import annotations

import sys
from pathlib import Path

import mrcfile
import numpy as np
import pytest

from cryoloom.cli.main import main
from cryoloom.formats.relion import read_particles

sys.path.insert(0, str(Path(__file__).parents[2] / "engine" / "ctf_refinement"))

from aberrated_particles import BOX, PIXEL, make_scene, volume, write_scene

WIDTH = 2.0  # Å, of a blob: so wide that pixels of 1.5 Å hold all of it
MAGNIFICATION = np.array([[1.03, 0.01], [0.0, 0.97]])
TILT = (4.0, -3.0)  # mrad; a radian at 9 Å
INSIDE = np.s_[12:-12, 12:-12, 12:-12]


@pytest.fixture(scope="module")
def scene():
    blurred = {"beam_tilt": TILT, "threefold_astigmatism": 60000.0, "threefold_angle": 20.0}
    return make_scene(micrographs=4, each=75, noise=0.0, width=WIDTH, magnification=MAGNIFICATION, **blurred)


@pytest.fixture(scope="module")
def folder(scene, tmp_path_factory):
    """The map, and particles.star with and plain.star without tilt, trefoil and magnification."""
    folder = tmp_path_factory.mktemp("optics")
    star = write_scene(folder, scene)
    mrcfile.write(folder / "truth.mrc", volume(width=WIDTH), voxel_size=PIXEL)
    text = star.read_text()
    (folder / "plain.star").write_text(text)
    odd = "[" + ",".join(str(float(one)) for one in scene.transfers[0].odd_zernike) + "]"
    numbers = " ".join(f"{number:.6f}" for number in (*TILT, *MAGNIFICATION.ravel()))
    labels = ("BeamTiltX", "BeamTiltY", "MagMat00", "MagMat01", "MagMat10", "MagMat11", "OddZernike")
    dimension, optics = "_rlnImageDimensionality\n", f"all 1 300 2.7 0.1 {PIXEL} {BOX} 2"
    text = text.replace(dimension, dimension + "".join(f"_rln{label}\n" for label in labels))
    star.write_text(text.replace(optics, f"{optics} {numbers} {odd}"))
    return folder


def tool(*words):
    with pytest.raises(SystemExit) as left:
        main(["tool", *map(str, words)])
    assert not left.value.code


def projected(folder, name):
    output = folder / f"{name}_projected.mrcs"
    tool("project", folder / "truth.mrc", "--angles", folder / f"{name}.star", "--output", output, "--ctf")
    return mrcfile.read(output)


def difference(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def test_projections_are_the_images_that_the_microscope_makes(folder, scene):
    """The microscope's are made from blobs in closed form, and with its own contrast transfer."""
    images = projected(folder, "particles")
    # Linear interpolation leaves ghosts of 2 % at the rim, and the last digits of the wavelength turn some phases.
    assert difference(images, scene.images) < 0.05
    assert difference(projected(folder, "plain"), scene.images) > 0.2


def test_a_reconstruction_undoes_what_the_projections_show(folder):
    (folder / "round.star").write_text((folder / "particles.star").read_text())
    projected(folder, "round")
    map_file = folder / "map.mrc"
    tool("reconstruct", folder / "round_projected.star", "--output", map_file, "--duplicates-within", 0)
    found, truth = (mrcfile.read(each)[INSIDE] for each in (map_file, folder / "truth.mrc"))
    assert np.corrcoef(found.ravel(), truth.ravel())[0, 1] > 0.98


def test_shifts_of_relion_3_0_are_in_the_pixels_of_its_file(folder):
    """2 px of 3 Å are 4 px of the map; the file that is written tells the map's pixels, and the same shift in Å."""
    labels = ("ImageName", "AngleRot", "AngleTilt", "AnglePsi", "OriginX", "OriginY", "DetectorPixelSize")
    labels = (*labels, "Magnification", "Voltage", "SphericalAberration", "AmplitudeContrast")
    rows = "".join(
        f"{n}@old.mrcs 20 50 70 {shift} 0 {2 * PIXEL * 4} 40000 300 2.7 0.1\n" for n, shift in ((1, 0), (2, 2))
    )
    (folder / "old.star").write_text("data_\nloop_\n" + "".join(f"_rln{each}\n" for each in labels) + rows)
    output = folder / "old_projected.mrcs"
    tool("project", folder / "truth.mrc", "--angles", folder / "old.star", "--output", output)
    centred, moved = mrcfile.read(output)
    assert difference(np.roll(moved, 4, axis=1), centred) < 0.02  # the origin is where the centre was: it is at −4 px
    written = read_particles(output.with_suffix(".star")).table.frame
    assert written["pixel_size"].to_list() == pytest.approx([PIXEL] * 2)
    assert written["shift_x"].to_list() == pytest.approx([0.0, 4 * PIXEL])
