"""Nothing that is read is ever written over, under whatever name, and other files only if cryoloom made them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import polars as pl
import pytest
from PIL import Image

from cryoloom.cli.main import TOOLS, main
from cryoloom.errors import InputError, ParameterError
from cryoloom.formats import convert, write_star, write_tiff_movie, write_volume
from cryoloom.runtime import Project
from cryoloom.testing.microscope import write_session

MOTION = ["tool", "motion", "--pixel-size", "2", "--voltage", "300", "--dose-per-frame", "1", "--patches", "1x1"]
CTF = ["tool", "ctf", "--voltage", "300", "--cs", "2.7", "--amplitude-contrast", "0.1"]
PICK = ["tool", "pick", "--diameter", "60"]
EXTRACT = ["tool", "extract", "mic.mrc", "--box", "32"]
POSES = """
data_

loop_
_rlnAngleRot
_rlnAngleTilt
_rlnAnglePsi
10 20 30
"""


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with raw data that are not cryoloom's, some of them under a second name."""
    random = np.random.default_rng(5)
    counts = random.poisson(3.0, (4, 128, 128)).astype(np.uint8)
    write_tiff_movie(tmp_path / "movie.tif", counts, pixel_size=2.0)
    mrcfile.write(tmp_path / "movie.mrc", counts.astype(np.int8))
    mrcfile.write(tmp_path / "gain.mrc", np.ones((128, 128), np.float32))
    mrcfile.write(tmp_path / "gain_DW.mrc", np.ones((128, 128), np.float32))
    mrcfile.write(tmp_path / "mic.mrc", random.normal(0, 1, (128, 128)).astype(np.float32), voxel_size=2.0)
    mrcfile.write(tmp_path / "map.mrc", random.normal(0, 1, (16, 16, 16)).astype(np.float32), voxel_size=2.0)
    for name in ("p.star", "mic.star", "particles.star"):
        (tmp_path / name).write_text("data_\n\nloop_\n_rlnCoordinateX\n_rlnCoordinateY\n60 60\n")
    (tmp_path / "poses.star").write_text(POSES)
    (tmp_path / "sharp_masked.mrc").symlink_to("map.mrc")
    (tmp_path / "link.mrc").symlink_to("movie.mrc")
    (tmp_path / "hard.mrc").hardlink_to(tmp_path / "movie.mrc")
    (tmp_path / "mic_link.png").symlink_to("mic.mrc")
    (tmp_path / "elsewhere").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir()) if path.is_file()
    }


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Exit status and what was said on standard error."""
    status = 0
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as leaving:
        status = int(leaving.code or 0)
    return status, capsys.readouterr().err


READ = [
    [*MOTION, "movie.mrc", "--output", "movie.mrc"],
    [*MOTION, "movie.mrc", "--output", "./elsewhere/movie.mrc"],
    [*MOTION, "movie.mrc", "--output", "link.mrc"],
    [*MOTION, "link.mrc", "--output", "movie.mrc"],
    [*MOTION, "movie.mrc", "--output", "hard.mrc"],
    [*MOTION, "movie.mrc", "link.mrc", "--output-folder", "."],
    [*MOTION, "movie.tif", "--gain", "gain.mrc", "--output", "gain.mrc"],
    [*MOTION, "movie.tif", "--gain", "gain_DW.mrc", "--output", "gain.mrc"],
    [*MOTION, "movie.tif", "--defects", "p.star", "--output", "p.mrc"],
    [*CTF, "mic.mrc", "--picture", "mic_link.png"],
    [*PICK, "mic.mrc", "--output", "picks.star", "--picture", "mic_link.png"],
    [*EXTRACT, "--coordinates", "p.star", "--output", "p.mrcs"],
    [*EXTRACT, "--coordinates", "p.star", "--ctf", "mic.star", "--output", "mic.mrcs"],
    ["tool", "project", "map.mrc", "--angles", "poses.star", "--output", "poses.mrcs"],
    ["tool", "mask", "map.mrc", "--output", "elsewhere/map.mrc"],
    ["tool", "postprocess", "map.mrc", "sharp_masked.mrc", "--output", "sharp"],
    ["tool", "localres", "map.mrc", "map.mrc", "--output", "map.mrc"],
    ["tool", "resample", "map.mrc", "--to", "3", "--output", "map.mrc"],
    ["tool", "invert-hand", "map.mrc", "--particles", "p.star", "--output-particles", "p.star", "--output", "new.mrc"],
    ["tool", "fit-map", "map.mrc", "--to", "new.mrc", "--output", "map.mrc"],
    ["tool", "symmetry", "map.mrc", "--particles", "p.star", "--output-particles", "p.star"],
    ["tool", "filter-map", "map.mrc", "--low-pass", "9", "--output", "map.mrc"],
    ["tool", "combine-maps", "map.mrc", "--operation", "mean", "--output", "map.mrc"],
    ["convert", "mic.mrc", "mic.mrc"],
    ["convert", "mic.mrc", "elsewhere/mic.mrc"],
    ["convert", "p.star", "p.star"],
]


@pytest.mark.parametrize("arguments", READ, ids=" ".join)
@pytest.mark.parametrize("overwrite", [[], ["--overwrite"]])
def test_no_command_writes_over_what_it_reads(
    raw: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], overwrite: list[str]
) -> None:
    before = contents(raw)
    status, said = call(capsys, *arguments, *overwrite)
    assert (status, contents(raw)) == (1, before)
    assert "is read here and would be written over" in said
    assert "Traceback" not in said


WRITE_NOTHING = {"fsc", "directions", "views", "model-fsc"}


@pytest.mark.parametrize("tool", sorted({*TOOLS} - WRITE_NOTHING - {"simulate"}))  # which begins a folder anew
def test_every_tool_that_writes_looks_at_its_targets(tool: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["tool", tool, "--help"])
    assert "--overwrite" in capsys.readouterr().out


def test_the_stacks_that_a_star_file_names_are_read_too(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_volume(raw / "stack.mrc", np.ones((1, 16, 16), np.float32), pixel_size=2.0)  # of cryoloom's own making
    optics = {"rlnOpticsGroup": 1, "rlnVoltage": 300.0, "rlnSphericalAberration": 2.7, "rlnAmplitudeContrast": 0.1}
    particle = {"rlnImageName": "000001@stack.mrc", "rlnOpticsGroup": 1, "rlnDefocusU": 1e4, "rlnDefocusV": 1e4}
    blocks = {"optics": optics | {"rlnImagePixelSize": 2.0, "rlnImageSize": 16}, "particles": particle}
    write_star(raw / "named.star", {name: pl.DataFrame([block]) for name, block in blocks.items()})
    before = contents(raw)
    for link in ("first_class1.mrc", "first_averages.mrcs"):
        (raw / link).symlink_to("stack.mrc")
    named = ["--diameter", "20", "--output", "first"]
    for tool in (["reconstruct", "--output", "stack.mrc"], ["abinitio", *named], ["class2d", *named]):
        status, said = call(capsys, "tool", *tool, "named.star")
        assert "is read here" in said
        assert status == 1
    for link in ("first_class1.mrc", "first_averages.mrcs"):
        (raw / link).unlink()
    assert contents(raw) == before


FOREIGN = [
    [*MOTION, "movie.tif", "--output", "movie.mrc"],
    [*MOTION, "movie.tif", "--output", "mic.mrc"],
    [*MOTION, "movie.tif", "--output", "particles.mrc"],
    [*PICK, "mic.mrc", "--output", "p.star"],
    [*EXTRACT, "--coordinates", "p.star", "--output", "particles.mrcs"],
    ["tool", "project", "map.mrc", "--angles", "poses.star", "--output", "particles.mrcs"],
    ["convert", "mic.mrc", "movie.tif"],
    ["convert", "p.star", "particles.star"],
]


@pytest.mark.parametrize("arguments", FOREIGN, ids=" ".join)
def test_a_file_that_cryoloom_has_not_made_is_replaced_only_on_demand(
    raw: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    before = contents(raw)
    status, said = call(capsys, *arguments)
    assert (status, contents(raw)) == (1, before)
    assert "cryoloom has not made it; give another name, or --overwrite" in said


def test_results_of_cryoloom_are_replaced_and_others_with_overwrite(
    raw: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = (
        [*MOTION, "movie.tif", "--output", "sum.mrc"],
        [*PICK, "mic.mrc", "--output", "found.star", "--picture", "found.png"],
        [*EXTRACT, "--coordinates", "p.star", "--output", "cut.mrcs"],
        ["convert", "mic.mrc", "copy.mrc"],
    )
    for arguments in commands * 2:
        assert call(capsys, *arguments)[0] == 0
    assert call(capsys, *PICK, "mic.mrc", "--output", "particles.star", "--overwrite")[0] == 0
    assert "Written by cryoloom" in (raw / "particles.star").read_text()
    with Image.open(raw / "found.png") as picture:
        assert picture.info["Software"] == "Written by cryoloom"
    (raw / "empty.star").touch()
    assert call(capsys, *PICK, "mic.mrc", "--output", "empty.star")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([*MOTION, "movie.tif", "--output", "new.tif"], "*.mrc"),
        ([*CTF, "mic.mrc", "--picture", "mic.mrc"], "*.png"),
        ([*PICK, "mic.mrc", "--output", "mic.mrc"], "*.star"),
        ([*EXTRACT, "--coordinates", "p.star", "--output", "mic.mrc"], "*.mrcs"),
        (["tool", "reconstruct", "particles.star", "--output", "movie.tif"], "*.map"),
        (["tool", "project", "map.mrc", "--angles", "poses.star", "--output", "map.mrc"], "*.mrcs"),
    ],
)
def test_a_name_that_says_another_format_is_refused(
    raw: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    before = contents(raw)
    status, said = call(capsys, *arguments)
    assert (status, contents(raw)) == (2, before)
    assert says in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([*MOTION, "movie.tif", "--output", "none/dir/o.mrc"], "There is no folder none/dir to write o.mrc to"),
        ([*MOTION, "movie.tif", "--output-folder", "gain.mrc"], "gain.mrc is there already"),
        ([*PICK, "mic.mrc", "--output", "none/o.star"], "There is no folder none"),
        ([*PICK, "mic.mrc", "--output", "gain.mrc/o.star"], "gain.mrc is a file"),
        ([*CTF, "mic.mrc", "--picture", "none/o.png"], "There is no folder none"),
        ([*CTF, "mic.mrc", "--picture-folder", "gain.mrc/sub"], "gain.mrc"),
        ([*EXTRACT, "--coordinates", "p.star", "--output", "none/o.mrcs"], "There is no folder none"),
        (["convert", "mic.mrc", "none/o.mrc"], "There is no folder none"),
        (["convert", "mic.mrc", "folder.mrc"], "folder.mrc is a folder"),
        (["convert", "mic.mrc", f"{'x' * 300}.mrc"], "is too long"),
        (["convert", "folder.mrc", "o.mrc"], "folder.mrc: this is not a regular file"),
        ([*PICK, "mic.mrc", "--output", "a.star", "--picture", "a.star"], "*.png"),
    ],
)
def test_everyday_mistakes_get_a_sentence_before_any_work(
    raw: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    (raw / "folder.mrc").mkdir()
    before = contents(raw)
    status, said = call(capsys, *arguments)
    assert status in (1, 2)
    assert says in said
    assert contents(raw) == before


def test_two_results_of_one_name_are_refused(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The dose-weighted sum of one movie would be the plain sum of the other."""
    (raw / "movie_DW.tif").write_bytes((raw / "movie.tif").read_bytes())
    status, said = call(capsys, *MOTION, "movie.tif", "movie_DW.tif", "--output-folder", "sums")
    assert status == 1
    assert "Two results would be written to" in said
    assert not list((raw / "sums").iterdir())


def test_a_session_is_simulated_into_a_new_folder_only(raw: Path) -> None:
    before = contents(raw)
    with pytest.raises(InputError, match="gain.mrc is there already"):
        write_session(raw, movies=1)
    assert contents(raw) == before


def test_python_does_not_convert_a_file_onto_itself(raw: Path) -> None:
    before = contents(raw)
    with pytest.raises(ParameterError, match="would be written over"):
        convert(raw / "mic.mrc", raw / "elsewhere" / "mic.mrc")
    assert contents(raw) == before


def test_what_leaves_a_project_replaces_neither_its_inputs_nor_foreign_files(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], document: Callable[..., Any]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in ("movies.star", "page.html", "flow.json"):
        (out / name).write_text("mine")
    commands = (
        ["export", project, "1.movies", "--to", out],
        ["report", project, "--output", out / "page.html"],
        ["export-workflow", project, "--output", out / "flow.json"],
    )
    for arguments in commands:
        status, said = call(capsys, *arguments)
        assert status == 1
        assert "cryoloom has not made it" in said
    assert {path.read_text() for path in out.iterdir()} == {"mine"}
    for arguments in commands:
        assert call(capsys, *arguments, "--overwrite")[0] == 0
    for arguments in commands:  # now they are its own
        assert call(capsys, *arguments)[0] == 0
    assert call(capsys, "report", project, "--output", out / "movie.tif")[0] == 2
    status, said = call(capsys, "export", project, "1.movies", "--to", out / "page.html")
    assert status == 1
    assert "is a file; give a folder" in said

    Project.open(project).add("import-volume", file=out / "movies.star")
    status, said = call(capsys, "export", project, "1.movies", "--to", out, "--overwrite")
    assert status == 1
    assert "is read here" in said
