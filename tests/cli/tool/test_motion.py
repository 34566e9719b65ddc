"""`cryoloom tool motion` from the command line to its JSON."""

import json
import shutil
import subprocess
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from cryoloom.cli.main import main
from cryoloom.formats import write_image, write_tiff_movie
from cryoloom.formats.relion import read_motion

ACQUISITION = ["--pixel-size", "2", "--voltage", "300", "--dose-per-frame", "1.5", "--patches", "1x1"]

MOVIES_STAR = (
    "data_optics\n\nloop_\n_rlnOpticsGroupName #1\n_rlnOpticsGroup #2\n_rlnMicrographOriginalPixelSize #3\n"
    "_rlnVoltage #4\n_rlnSphericalAberration #5\n_rlnAmplitudeContrast #6\nog1 1 2.0 300 2.7 0.1\n\n"
    "data_movies\n\nloop_\n_rlnMicrographMovieName #1\n_rlnOpticsGroup #2\none.tif 1\n"
)


@pytest.fixture(scope="module")
def movies(tmp_path_factory):
    """Two movies of a texture that moves by a pixel a frame along x, and half a one along y; with their gain."""
    folder = tmp_path_factory.mktemp("movies")
    random = np.random.default_rng(12)
    gain = random.normal(1.0, 0.05, (256, 320)).astype(np.float32)
    texture = np.kron(random.uniform(3.0, 9.0, (80, 100)), np.ones((4, 4)))
    for name in ("one", "two"):
        frames = [
            random.poisson(texture[20 - f // 2 : 276 - f // 2, 30 - f : 350 - f] / gain).astype(np.uint8)
            for f in range(8)
        ]
        write_tiff_movie(folder / f"{name}.tif", frames, pixel_size=2.0)
    write_image(folder / "gain.mrc", gain, pixel_size=2.0)
    return folder


def run(*arguments):
    """Run the command; returns its exit status."""
    try:
        main(["tool", "motion", *map(str, arguments)])
    except SystemExit as exit_:
        return exit_.code or 0
    return 0


def test_one_movie_gives_one_document(movies, tmp_path, capsys):
    output = tmp_path / "aligned.mrc"
    gain = movies / "gain.mrc"
    assert run(movies / "one.tif", *ACQUISITION, "--gain", gain, "--output", output, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["aligned"] == str(output)
    assert document["aligned_dose_weighted"] == str(tmp_path / "aligned_DW.mrc")
    assert document["local_model"] is None
    assert document["local_model_reason"]
    # RELION's sign: content that moved to the right is moved back to the left
    expected = [[-f, -(f // 2)] for f in range(8)]
    np.testing.assert_allclose(document["global_shifts"], expected, atol=0.15)
    assert np.shape(document["global_shifts"]) == (8, 2)
    assert document["drift"]["total"] == pytest.approx(2.0 * (3 * 2**0.5 + 4), rel=0.1)
    assert mrcfile.read(output).shape == (256, 320)
    said = read_motion(tmp_path / "aligned.star")
    np.testing.assert_allclose(said.global_shifts, document["global_shifts"], atol=1e-4)
    assert said.local_model is None


def test_several_movies_give_a_list_and_a_file_each(movies, tmp_path, capsys):
    arguments = (movies / "one.tif", movies / "two.tif", *ACQUISITION, "--output-folder", tmp_path / "made", "--json")
    assert run(*arguments) == 0
    documents = json.loads(capsys.readouterr().out)
    assert [document["aligned"] for document in documents] == [
        str(tmp_path / "made" / name) for name in ("one.mrc", "two.mrc")
    ]
    for document in documents:
        assert mrcfile.read(document["aligned_dose_weighted"]).shape == (256, 320)


def test_people_get_a_line_a_movie(movies, tmp_path, capsys):
    assert run(movies / "one.tif", *ACQUISITION, "--output", tmp_path / "a.mrc") == 0
    assert "drift 1" in capsys.readouterr().out


def test_a_bad_movie_among_good_ones_is_named(movies, tmp_path, capsys):
    (tmp_path / "bad.tif").write_bytes(b"II*\0 nothing")
    status = run(movies / "one.tif", tmp_path / "bad.tif", *ACQUISITION, "--output-folder", tmp_path / "made", "--json")
    captured = capsys.readouterr()
    assert status == 1
    documents = json.loads(captured.out)
    assert "aligned" in documents[0]
    assert "bad.tif" in documents[1]["movie"]
    assert documents[1]["error"]
    assert "1 of 2 movies" in captured.err


def test_a_movie_that_is_not_there_is_the_inputs_fault(tmp_path, capsys):
    assert run(tmp_path / "none.tif", *ACQUISITION, "--output", tmp_path / "a.mrc") == 1
    captured = capsys.readouterr()
    assert "none.tif" in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["--output", "a.mrc", "--output-folder", "b"],
        ["--output", "a.mrc", "--patches", "5"],
        ["--output", "a.mrc", "--gain-orientation", "sideways"],
        ["--output", "a.mrc", "--bin", "0.5"],
        ["--output", "a.mrc", "--dose-per-frame", "-1"],
    ],
)
def test_a_wrong_command_line_is_told_so(movies, wrong, capsys):
    assert run(movies / "one.tif", *ACQUISITION, *wrong) == 2
    assert capsys.readouterr().out == ""


def test_two_movies_of_one_name_are_not_overwritten(movies, tmp_path):
    (tmp_path / "one.tif").write_bytes((movies / "one.tif").read_bytes())
    assert run(movies / "one.tif", tmp_path / "one.tif", *ACQUISITION, "--output-folder", tmp_path / "made") == 2


@pytest.fixture(scope="module")
def stretched(tmp_path_factory):
    """A movie whose left and right halves move apart by up to two pixels."""
    random = np.random.default_rng(21)
    height, width = 256, 384
    texture = gaussian_filter(random.standard_normal((height, width + 32)), 1.5)
    texture = 8.0 * np.maximum(1.0 + 0.3 * texture / texture.std(), 0.05)
    rows, columns = np.indices((height, width)).astype(float)
    frames = []
    for f in range(10):
        moved = 2.0 * f / 9 * (columns / width - 0.5)
        seen = map_coordinates(texture, [rows, columns - moved + 16.0])
        frames.append(random.poisson(np.maximum(seen, 0.0)).astype(np.uint8))
    path = tmp_path_factory.mktemp("stretched") / "stretched.tif"
    write_tiff_movie(path, frames, pixel_size=2.0)
    return path


def test_local_motion_is_told_in_relions_coefficients(stretched, tmp_path, capsys):
    acquisition = [*ACQUISITION[:-2], "--patches", "3x2"]
    assert run(stretched, *acquisition, "--output", tmp_path / "a.mrc", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["local_model_reason"] is None
    along_x, along_y = document["local_model"]
    assert len(along_x) == len(along_y) == 18
    # The second of its spatial terms is x, from -0.5 to 0.5: in the last frame the field shrinks back by two pixels.
    # Beyond the middles of the outer patches, at a third of the field, the motion is expected to level off.
    slopes = [np.dot(along[3:6], 9.0 ** np.array([1, 2, 3])) for along in (along_x, along_y)]
    assert slopes == pytest.approx([-2.0, 0.0], abs=0.6)
    said = read_motion(document["motion_file"])
    np.testing.assert_allclose(said.local_model, [*along_x, *along_y], rtol=1e-4, atol=1e-9)


def test_without_a_dose_there_is_no_weighted_sum_and_that_is_said(movies, tmp_path, capsys):
    without = [word for word in ACQUISITION if word not in ("--dose-per-frame", "1.5")]
    assert run(movies / "one.tif", *without, "--output", tmp_path / "a.mrc", "--json") == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["aligned_dose_weighted"] is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mrc", "a.star"]
    assert "only the plain sum" in captured.err
    assert any("only the plain sum" in warning for warning in document["warnings"])
    assert run(movies / "one.tif", *ACQUISITION, "--output", tmp_path / "b.mrc") == 0
    np.testing.assert_allclose(mrcfile.read(tmp_path / "a.mrc"), mrcfile.read(tmp_path / "b.mrc"), atol=1e-3)


def test_a_gain_of_another_size_is_the_inputs_fault(movies, tmp_path, capsys):
    write_image(tmp_path / "gain.mrc", np.ones((256, 256), np.float32), pixel_size=2.0)
    arguments = (movies / "one.tif", *ACQUISITION, "--gain", tmp_path / "gain.mrc", "--output", tmp_path / "a.mrc")
    assert run(*arguments) == 1
    captured = capsys.readouterr()
    assert "gain.mrc: it is 256 × 256 pixels" in captured.err or "256 × 256" in captured.err
    assert captured.out == ""
    assert not (tmp_path / "a.mrc").exists()


@pytest.mark.parametrize("missing", ["--pixel-size", "--voltage"])
def test_what_must_be_known_is_asked_for(movies, tmp_path, missing, capsys):
    place = ACQUISITION.index(missing)
    rest = [*ACQUISITION[:place], *ACQUISITION[place + 2 :]]
    assert run(movies / "one.tif", *rest, "--output", tmp_path / "a.mrc") == 2
    assert missing in capsys.readouterr().err


def gain_lying(movies, folder, turn, name="turned.mrc"):
    write_image(folder / name, np.ascontiguousarray(turn(mrcfile.read(movies / "gain.mrc").copy())), pixel_size=2.0)
    return folder / name


@pytest.mark.parametrize(
    ("turn", "orientation"), [(np.flipud, "flip-y"), (np.rot90, "quarter-turn"), (np.asarray, "as-is")]
)
def test_how_the_gain_lies_is_told_to_people_machines_and_relion(movies, tmp_path, capsys, turn, orientation):
    stored = gain_lying(movies, tmp_path, turn)
    (tmp_path / "sums").mkdir()
    output = tmp_path / "sums" / "a.mrc"
    assert run(movies / "one.tif", *ACQUISITION, "--gain", stored, "--output", output, "--json") == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["gain"] == str(stored)
    assert document["gain_orientation"] == orientation
    assert f"turned.mrc lies {orientation} on the movies (scores: {orientation} " in captured.err
    named = read_motion(output.with_suffix(".star")).gain_file
    assert named == document["gain_for_relion"]
    assert np.array_equal(mrcfile.read(named), mrcfile.read(movies / "gain.mrc"))
    as_is = orientation == "as-is"
    assert named == str(stored if as_is else tmp_path / "sums" / f"turned_{orientation}.mrc")
    assert ("turned_" in captured.err) is not as_is
    assert run(movies / "one.tif", *ACQUISITION, "--gain", stored, "--output", output) == 0
    assert f", gain {orientation}" in capsys.readouterr().out


def test_the_turned_gain_replaces_no_file_that_is_not_its_own(movies, tmp_path, capsys):
    stored = gain_lying(movies, tmp_path, np.flipud)
    (tmp_path / "turned_flip-y.mrc").write_bytes(b"precious")
    assert run(movies / "one.tif", *ACQUISITION, "--gain", stored, "--output", tmp_path / "a.mrc") == 1
    assert "turned_flip-y.mrc is there already" in capsys.readouterr().err
    assert (tmp_path / "turned_flip-y.mrc").read_bytes() == b"precious"
    assert not (tmp_path / "a.mrc").exists()


@pytest.mark.parametrize(
    ("turn", "says"),
    [
        (np.ones_like, "is the same however it is turned; how it lies on the movies does not matter"),
        (
            lambda gain: gain + gain[::-1] - 1,
            "lies as-is on the movies, which for this reference is the same as flip-y",
        ),
    ],
)
def test_a_gain_whose_orientation_cannot_matter_is_used_and_says_so(movies, tmp_path, capsys, turn, says):
    """A gain and its mirror image, averaged, still tells that it is not turned."""
    stored = gain_lying(movies, tmp_path, turn)
    assert run(movies / "one.tif", *ACQUISITION, "--gain", stored, "--output", tmp_path / "a.mrc", "--json") == 0
    captured = capsys.readouterr()
    assert says in captured.err
    assert json.loads(captured.out)["gain_for_relion"] == str(stored)


def test_pixels_of_the_gain_that_are_no_numbers_are_defects_and_warned_of(movies, tmp_path, capsys):
    def damaged(gain):
        gain[10:20, 30:40] = np.nan
        return gain

    stored = gain_lying(movies, tmp_path, damaged)
    assert run(movies / "one.tif", *ACQUISITION, "--gain", stored, "--output", tmp_path / "a.mrc", "--json") == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["repaired_pixels"] >= 100
    assert any("100 pixels of the gain reference turned.mrc are negative or no num" in w for w in document["warnings"])
    assert "Is the file damaged?" in captured.err
    assert np.isfinite(mrcfile.read(tmp_path / "a.mrc")).all()
    assert (mrcfile.read(document["gain_for_relion"])[10:20, 30:40] == 0).all()  # which RELION takes for a defect


@pytest.mark.skipif(shutil.which("relion_run_motioncorr") is None, reason="relion_run_motioncorr is not installed")
def test_relion_applies_the_gain_that_the_motion_file_names(movies, tmp_path, capsys):
    """With it RELION's sum is ours pixel by pixel; the unturned file would leave its pattern there twice."""
    stored = gain_lying(movies, tmp_path, np.flipud)
    assert run(movies / "one.tif", *ACQUISITION, "--gain", stored, "--output", tmp_path / "a.mrc", "--json") == 0
    named = Path(read_motion(tmp_path / "a.star").gain_file)
    shutil.copy(movies / "one.tif", tmp_path / "one.tif")
    (tmp_path / "movies.star").write_text(MOVIES_STAR)
    ours = mrcfile.read(tmp_path / "a.mrc")[16:-16, 16:-16]
    alike = {}
    for gain in (named, stored):
        command = (
            f"relion_run_motioncorr --i movies.star --o {gain.stem}/ --use_own --bfactor 150 --gainref {gain.name}"
        )
        subprocess.run(command.split(), cwd=tmp_path, check=False, capture_output=True)  # its plots may fail
        theirs = mrcfile.read(tmp_path / gain.stem / "one.mrc")[16:-16, 16:-16]
        fine = [image - gaussian_filter(image, 2.0) for image in (ours, theirs)]
        alike[gain] = np.corrcoef(*(image.ravel() for image in fine))[0, 1]
    assert alike[named] > 0.95  # RELION's shifts differ by a tenth of a pixel
    assert 1 - alike[stored] > 1.5 * (1 - alike[named])  # the pattern moves with the frames, so that it is faint


@pytest.mark.skipif(shutil.which("relion_run_motioncorr") is None, reason="relion_run_motioncorr is not installed")
def test_tiff_and_gain_lie_as_relion_has_them(movies, tmp_path, capsys):
    """The same file and gain give shifts of the same sign, and a sum that lies the same way up."""
    for name in ("one.tif", "gain.mrc"):
        shutil.copy(movies / name, tmp_path / name)
    (tmp_path / "movies.star").write_text(MOVIES_STAR)
    command = "relion_run_motioncorr --i movies.star --o out/ --use_own --bfactor 150 --gainref gain.mrc"
    subprocess.run(command.split(), cwd=tmp_path, check=False, capture_output=True)  # its plots may fail
    theirs = read_motion(tmp_path / "out" / "one.star")
    gain = ["--gain", tmp_path / "gain.mrc", "--gain-orientation", "as-is"]
    assert run(tmp_path / "one.tif", *ACQUISITION, *gain, "--output", tmp_path / "a.mrc", "--json") == 0
    shifts = json.loads(capsys.readouterr().out)["global_shifts"]
    np.testing.assert_allclose(shifts, theirs.global_shifts, atol=0.3)  # each is right to about 0.15 of 7 pixels
    inside = np.s_[16:-16, 16:-16]
    ours, others = mrcfile.read(tmp_path / "a.mrc")[inside], mrcfile.read(tmp_path / "out" / "one.mrc")[inside]
    alike = {
        name: np.corrcoef(gaussian_filter(ours, 1.0).ravel(), gaussian_filter(turned, 1.0).ravel())[0, 1]
        for name, turned in (("as it is", others), ("upside down", others[::-1]), ("mirrored", others[:, ::-1]))
    }
    assert alike["as it is"] > 0.99
    assert max(alike["upside down"], alike["mirrored"]) < 0.5


def test_a_pixel_size_against_the_movies_own_is_warned_of_once(movies, tmp_path, capsys):
    stated = ["--pixel-size", "1", *ACQUISITION[2:]]
    assert run(movies / "one.tif", movies / "two.tif", *stated, "--output-folder", tmp_path / "sums", "--json") == 0
    said = capsys.readouterr()
    for document in json.loads(said.out):
        assert any("pixel size is 2 Å, but 1 Å was stated" in warning for warning in document["warnings"])
    assert said.err.count("pixel size is 2 Å") == 1
