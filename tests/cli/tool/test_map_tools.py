"""The tools reconstruct and project: what they write against RELION's programs, and how they refuse."""

import json
import shutil
import subprocess
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import starfile

from cryoloom.cli.main import main
from cryoloom.engine.abinitio import Confidence
from cryoloom.protocols.abinitio._runs import in_words

pytestmark = pytest.mark.skipif(shutil.which("relion_project") is None, reason="RELION is not installed")
BOX, PIXEL, COUNT = 32, 4.0, 300


def run(capsys, *arguments):
    """Run a tool in this process; exit status, standard output, standard error."""
    status = 0
    try:
        main(["tool", *(str(argument) for argument in arguments)])
    except SystemExit as leaving:
        status = int(leaving.code or 0)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def relion(*arguments: object, folder: Path) -> None:
    subprocess.run([str(argument) for argument in arguments], cwd=folder, check=True, capture_output=True)


def correlation(a, b):
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A map, and images of it that RELION has made, with poses and CTFs in a STAR file."""
    folder = tmp_path_factory.mktemp("maps")
    random = np.random.default_rng(3)
    grid = np.arange(BOX) - BOX // 2
    x, y, z = (np.exp(-((grid - p[:, None]) ** 2) / 4.0) for p in random.normal(0, 3.5, (40, 3)).T)
    mrcfile.write(folder / "truth.mrc", np.einsum("pz,py,px->zyx", z, y, x).astype(np.float32), voxel_size=PIXEL)
    labels = "OpticsGroup OpticsGroupName Voltage SphericalAberration AmplitudeContrast ImagePixelSize ImageSize "
    labels += "ImageDimensionality"
    columns = (
        "ImageName OpticsGroup AngleRot AngleTilt AnglePsi OriginXAngst OriginYAngst DefocusU DefocusV DefocusAngle"
    )
    columns += " RandomSubset"
    lines = [
        "data_optics",
        "",
        "loop_",
        *(f"_rln{label}" for label in labels.split()),
        "1 one 300.0 2.7 0.1 4.0 32 2",
        "",
    ]
    lines += ["data_particles", "", "loop_", *(f"_rln{label}" for label in columns.split())]
    for number in range(COUNT):
        rot, psi = random.uniform(-180, 180, 2)
        tilt = np.degrees(np.arccos(random.uniform(-1, 1)))
        shift = random.uniform(-8, 8, 2)
        defocus = random.uniform(6e3, 1.5e4)
        values = (rot, tilt, psi, *shift, defocus, defocus - 400, 35.0)
        words = " ".join(f"{value:.4f}" for value in values)
        lines.append(f"{number + 1:06d}@made.mrcs 1 {words} {1 + (number % 3 == 0)}")
    (folder / "given.star").write_text("\n".join(lines) + "\n")
    relion("relion_project", "--i", "truth.mrc", "--ang", "given.star", "--o", "made", "--ctf", folder=folder)
    (folder / "particles.star").write_text((folder / "given.star").read_text())
    return folder


def test_reconstruct_makes_the_map_that_relion_makes(project, capsys):
    relion("relion_reconstruct", "--i", "particles.star", "--o", "theirs.mrc", "--ctf", folder=project)
    output = project / "ours.mrc"
    status, out, err = run(capsys, "reconstruct", project / "particles.star", "--output", output, "--json")
    assert status == 0, err
    told = json.loads(out)
    assert (told["particles"], told["box_size"], told["pixel_size"]) == (COUNT, BOX, PIXEL)
    ours, theirs = mrcfile.read(output), mrcfile.read(project / "theirs.mrc")
    assert mrcfile.open(output).voxel_size.x == pytest.approx(PIXEL)
    inside = np.s_[4:-4, 4:-4, 4:-4]
    assert correlation(ours[inside], theirs[inside]) > 0.97
    assert correlation(ours[inside], mrcfile.read(project / "truth.mrc")[inside]) > 0.97


def test_halves_and_symmetry_are_what_they_say(project, capsys):
    maps = {}
    for half in (1, 2):
        output = project / f"half{half}.mrc"
        arguments = ("--output", output, "--half", half, "--symmetry", "C3", "--json")
        status, out, err = run(capsys, "reconstruct", project / "particles.star", *arguments)
        assert status == 0, err
        assert json.loads(out)["particles"] == {1: 200, 2: 100}[half]
        maps[half] = mrcfile.read(output)
    assert not np.array_equal(maps[1], maps[2])
    command = ("relion_reconstruct", "--i", "particles.star", "--o", "c3.mrc", "--ctf", "--sym", "C3", "--subset", "1")
    relion(*command, folder=project)
    inside = np.s_[4:-4, 4:-4, 4:-4]
    assert correlation(maps[1][inside], mrcfile.read(project / "c3.mrc")[inside]) > 0.97


def test_project_makes_the_images_that_relion_makes(project, capsys):
    output = project / "ours.mrcs"
    arguments = ("--angles", project / "given.star", "--output", output, "--ctf", "--json")
    status, out, err = run(capsys, "project", project / "truth.mrc", *arguments)
    assert status == 0, err
    assert json.loads(out)["count"] == COUNT
    ours, theirs = mrcfile.read(output), mrcfile.read(project / "made.mrcs")
    assert min(correlation(a, b) for a, b in zip(ours[:40], theirs[:40], strict=True)) > 0.99
    beside = starfile.read(output.with_suffix(".star"))["particles"]
    assert beside["rlnImageName"][1] == f"000002@{output}"
    assert beside["rlnDefocusU"][1] == pytest.approx(
        starfile.read(project / "given.star")["particles"]["rlnDefocusU"][1]
    )


def test_project_takes_bare_angles(project, capsys):
    angles = project / "angles.star"
    angles.write_text("data_\n\nloop_\n_rlnAngleRot\n_rlnAngleTilt\n_rlnAnglePsi\n0 0 0\n0 90 0\n")
    output = project / "bare.mrcs"
    status, _, err = run(capsys, "project", project / "truth.mrc", "--angles", angles, "--output", output)
    assert status == 0, err
    truth = mrcfile.read(project / "truth.mrc")
    first, second = mrcfile.read(output)
    assert correlation(first, truth.sum(axis=0)) > 0.999
    assert correlation(second, truth.sum(axis=2)[::-1].T) > 0.9  # seen along x; of which sign is tested elsewhere


def test_refusals(project, capsys):
    bare = project / "bare.star"
    bare.write_text("data_\n\nloop_\n_rlnAngleRot\n0\n")
    for arguments, sentence in (
        (("project", project / "truth.mrc", "--angles", bare, "--output", "x.mrcs"), "no table has the columns"),
        (("reconstruct", bare, "--output", "x.mrc"), "rlnImageName"),
        (("reconstruct", project / "particles.star", "--output", "x.mrc", "--symmetry", "X"), "no point group"),
    ):
        status, out, err = run(capsys, *arguments)
        assert (status, out) == (1, "")
        assert sentence in err
    status, _, err = run(capsys, "reconstruct", project / "particles.star", "--output", "x.mrc", "--half", "3")
    assert status == 2


def test_abinitio_writes_maps_that_the_same_seed_makes_again(project, capsys):
    documents = []
    for name in ("one", "two"):
        arguments = ("--diameter", 100, "--classes", 2, "--output", project / name, "--json", "--seed", 3)
        arguments += ("--iterations", 3, "--batch", 20, "--final-resolution", 20)
        status, out, err = run(capsys, "abinitio", project / "particles.star", *arguments)
        assert status == 0, err
        assert "This will take about" in err
        documents.append(json.loads(out))
    first, second = documents
    assert first["maps"] == [str(project / f"one_class{number}.mrc") for number in (1, 2)]
    assert (first["count"], first["box_size"]) == (COUNT, 20)
    posed = [starfile.read(document["particles"])["particles"] for document in documents]
    assert posed[0].columns.tolist() == posed[1].columns.tolist()
    assert np.isfinite(posed[0]["rlnAngleTilt"]).all()
    np.testing.assert_array_equal(posed[0]["rlnAngleTilt"], posed[1]["rlnAngleTilt"])
    assert first["iterations"] in {6, 9}  # two runs, and a third one if they disagree
    assert sum(first["shares"]) == pytest.approx(1.0)
    for one, two in zip(first["maps"], second["maps"], strict=True):
        assert Path(one).read_bytes() == Path(two).read_bytes()
    assert len(first["confidence"]["agreement"]) == 2
    assert first["confidence"]["reliable"] or first["iterations"] == 9
    assert ("Do not believe" in err) is not second["confidence"]["reliable"]
    assert len(first["symmetry"]) == (2 if first["confidence"]["reliable"] else 0)
    # What was asked for, 20 Å, in whole Fourier pixels; no resolution was measured.
    assert first["compared_to"] == pytest.approx(BOX * PIXEL / 6)
    assert "resolution" not in first
    status, out, err = run(capsys, "abinitio", project / "particles.star", *arguments, "--runs", 1)
    assert status == 0, err
    assert "confidence" not in json.loads(out)
    status, _, err = run(capsys, "abinitio", project / "particles.star", "--diameter", 300, "--output", project / "x")
    assert status == 1
    assert "does not fit images" in err


def test_of_first_maps_it_is_said_whether_they_are_reliable_and_that_their_hand_is_not_known():
    agreed = Confidence(chosen=0, agreement=np.array([0.967]), resolution=12.5)
    assert in_words(agreed).startswith("Reliable: runs from unlike starts agree, to 12 Å they correlate by 0.97.")
    apart = Confidence(chosen=0, agreement=np.array([0.967, 0.3]), resolution=12.5)
    assert in_words(apart).startswith("Not reliable")
    assert in_words(None).startswith("A single run says nothing")
    assert all("hand is not known" in in_words(one) for one in (agreed, apart, None))


def test_refine_answers_with_all_that_it_has_made(project, capsys):
    arguments = ("--reference", project / "truth.mrc", "--diameter", 110, "--output", project / "fine", "--json")
    arguments += ("--iterations", 2, "--duplicates-within", 0, "--trust", "quick")
    status, out, err = run(capsys, "refine", project / "particles.star", *arguments)
    assert status == 0, err
    assert "This will take about" in err
    told = json.loads(out)
    assert told["map"] == str(project / "fine_map.mrc")
    assert told["half_maps"] == [str(project / f"fine_half{number}.mrc") for number in (1, 2)]
    assert told["iterations"] == 2
    assert told["resolution"] < 30.0  # images without noise
    posed = starfile.read(told["particles"])["particles"]
    given = starfile.read(project / "particles.star")["particles"]
    assert posed["rlnRandomSubset"].to_list() == given["rlnRandomSubset"].to_list()
    relion("relion_reconstruct", "--i", "fine_particles.star", "--o", "posed.mrc", "--ctf", folder=project)
    inside = np.s_[4:-4, 4:-4, 4:-4]
    made = mrcfile.read(project / "posed.mrc")[inside]
    assert correlation(made, mrcfile.read(told["map"])[inside]) > 0.95  # RELION reads the poses as they are meant
    assert correlation(made, mrcfile.read(project / "truth.mrc")[inside]) > 0.9
