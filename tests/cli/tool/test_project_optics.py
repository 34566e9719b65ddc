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


@pytest.mark.parametrize("told_by", ["magnification", "rows", "optics table beside what is stale"])
def test_shifts_in_pixels_are_in_those_of_the_file(folder, told_by):
    """2 px of 3 Å are 4 px of the map; the file that is written tells the map's pixels, and the same shift in Å."""
    labels = {"ImageName": "{n}@old.mrcs", "AngleRot": 20, "AngleTilt": 50, "AnglePsi": 70, "OriginX": "{shift}"}
    labels |= {"OriginY": 0}
    optics, acquisition = "", {"Voltage": 300, "SphericalAberration": 2.7, "AmplitudeContrast": 0.1}
    if told_by == "magnification":
        labels |= {"DetectorPixelSize": 2 * PIXEL * 4, "Magnification": 40000} | acquisition
    elif told_by == "rows":
        labels |= {"ImagePixelSize": 2 * PIXEL} | acquisition
    else:
        labels |= {"DetectorPixelSize": 7, "Magnification": 10000, "OpticsGroup": 1}
        rows = {"OpticsGroup": 1, "ImagePixelSize": 2 * PIXEL, "ImageSize": BOX} | acquisition
        optics = "data_optics\nloop_\n" + "".join(f"_rln{each}\n" for each in rows)
        optics += " ".join(map(str, rows.values())) + "\n\ndata_particles\n"
    row = " ".join(map(str, labels.values())) + "\n"
    text = (optics or "data_\n") + "loop_\n" + "".join(f"_rln{each}\n" for each in labels)
    (folder / "old.star").write_text(text + row.format(n=1, shift=0) + row.format(n=2, shift=2))
    output = folder / "old_projected.mrcs"
    tool("project", folder / "truth.mrc", "--angles", folder / "old.star", "--output", output, "--overwrite")
    centred, moved = mrcfile.read(output)
    assert difference(np.roll(moved, 4, axis=1), centred) < 0.02  # the origin is where the centre was: it is at −4 px
    written = read_particles(output.with_suffix(".star")).table.frame
    assert written["pixel_size"].to_list() == pytest.approx([PIXEL] * 2)
    assert written["shift_x"].to_list() == pytest.approx([0.0, 4 * PIXEL])
