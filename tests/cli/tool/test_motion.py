"""`cryoloom tool motion` from the command line to its JSON."""

import json

import mrcfile
import numpy as np
import pytest

from cryoloom.cli.main import main
from cryoloom.formats import write_image, write_tiff_movie

ACQUISITION = ["--pixel-size", "2", "--voltage", "300", "--dose-per-frame", "1.5", "--patches", "1x1"]


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
    assert document["drift"]["total"] == pytest.approx(2.0 * (3 * 2**0.5 + 4), rel=0.1)
    assert mrcfile.read(output).shape == (256, 320)
    assert (tmp_path / "aligned.star").exists()


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
    ],
)
def test_a_wrong_command_line_is_told_so(movies, wrong, capsys):
    assert run(movies / "one.tif", *ACQUISITION, *wrong) == 2
    assert capsys.readouterr().out == ""


def test_two_movies_of_one_name_are_not_overwritten(movies, tmp_path):
    (tmp_path / "one.tif").write_bytes((movies / "one.tif").read_bytes())
    assert run(movies / "one.tif", tmp_path / "one.tif", *ACQUISITION, "--output-folder", tmp_path / "made") == 2
