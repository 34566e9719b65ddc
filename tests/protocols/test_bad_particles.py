"""What classes, first maps and refinements are not made of: refused in a sentence before anything is computed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import mrcfile
import numpy as np
import polars as pl
import pytest
from phantom_particles import BOX, DIAMETER, PIXEL, write_particles

from cryoloom.cli.main import main
from cryoloom.formats import read_star, relion, write_star, write_volume
from cryoloom.protocols.particle_images import read_particle_file

COUNT = 60  # two classes need 48 in 3D
REFERENCE = ("--reference", "truth.mrc")
TOOLS = {"refine": REFERENCE, "class2d": (), "abinitio": (), "class3d": REFERENCE}
every_tool = pytest.mark.parametrize("tool", TOOLS)
tools_of_classes = pytest.mark.parametrize("tool", ["class2d", "abinitio", "class3d"])
tools_with_masks = pytest.mark.parametrize("tool", ["refine", "class3d"])


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    changed(
        write_particles(folder, count=COUNT), lambda frame: frame.with_columns(half_set=1 + pl.int_range(pl.len()) % 2)
    )
    return folder


@pytest.fixture
def star(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Particles that nothing is wrong with, yet."""
    monkeypatch.chdir(shutil.copytree(sound, tmp_path / "particles"))
    return tmp_path / "particles" / "particles.star"


def changed(star: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Path:
    """The particles with another table."""
    table = read_particle_file(star).table
    relion.write_particles(star, table.with_frame(change(table.frame)))
    return star


def refused(capsys: pytest.CaptureFixture[str], tool: str, star: Path, *more: object) -> str:
    """What a tool says that does not start."""
    arguments = ["tool", tool, star, *TOOLS[tool], "--diameter", DIAMETER, "--output", "made", *more]
    with pytest.raises(SystemExit) as leaving:
        main([str(each) for each in arguments])
    assert leaving.value.code == 1
    assert not list(star.parent.glob("made*"))
    said = capsys.readouterr().err
    assert "will take" not in said
    assert said.count("\n") == 1
    return said


@every_tool
def test_particles_without_ctf_are_refused(tool, star, capsys):
    changed(star, lambda frame: frame.drop("defocus_u", "defocus_v", "defocus_angle"))
    assert "The particles have no CTF" in refused(capsys, tool, star)


@every_tool
def test_a_defocus_of_zero_in_both_directions_is_none(tool, star, capsys):
    """Some programs write it where none was estimated."""
    changed(star, lambda frame: frame.with_columns(defocus_u=pl.lit(0.0), defocus_v=pl.lit(0.0)))
    assert "The particles have no CTF" in refused(capsys, tool, star)


@every_tool
def test_no_particles_are_refused(tool, star, capsys):
    changed(star, lambda frame: frame.head(0))
    assert "no particles" in refused(capsys, tool, star)


@every_tool
def test_missing_stacks_are_refused(tool, star, capsys):
    changed(
        star, lambda frame: frame.with_columns(file=pl.Series(["particles.mrcs"] * 20 + ["gone.mrcs"] * (COUNT - 20)))
    )
    assert "1 of 2 stacks of particles are missing" in refused(capsys, tool, star)


@every_tool
def test_stacks_that_are_not_what_is_said_of_them_are_refused(tool, star, capsys):
    images = mrcfile.read("particles.mrcs")
    mrcfile.write("particles.mrcs", images[:20].copy(), overwrite=True)
    assert f"holds 20 images, but image {COUNT} is asked for" in refused(capsys, tool, star)
    mrcfile.write("particles.mrcs", images[:, 4:28, 4:28].copy(), overwrite=True)
    assert "24 pixels along an edge, but are said to have 32" in refused(capsys, tool, star)


@every_tool
@pytest.mark.filterwarnings("ignore:Data array contains NaN")
def test_images_that_are_all_damaged_are_refused(tool, star, capsys):
    mrcfile.write("particles.mrcs", np.full((COUNT, BOX, BOX), np.nan, np.float32), overwrite=True)
    assert f"None of the {COUNT} particles can be used" in refused(capsys, tool, star)


class Begun(BaseException):
    """A tool has begun to compute."""


@every_tool
@pytest.mark.filterwarnings("ignore:Data array contains NaN")
def test_single_particles_that_are_damaged_are_left_out_and_told(tool, star, capsys, monkeypatch):
    images = mrcfile.read("particles.mrcs").copy()
    images[3, 4, 5], images[7], images[8] = np.nan, np.inf, 0.0
    mrcfile.write("particles.mrcs", images, overwrite=True)
    blind = pl.when(pl.int_range(pl.len()) < 2).then(float("nan")).otherwise(pl.col("defocus_u"))
    zero = [
        pl.when(pl.col("index") == 9).then(0.0).otherwise(pl.col(name)).alias(name)
        for name in ("defocus_u", "defocus_v")
    ]
    changed(star, lambda frame: frame.with_columns(defocus_u=blind).with_columns(zero))

    def begin(_progress: object) -> None:
        raise Begun

    monkeypatch.setattr("cryoloom.cli.tool._progress.ToolProgress.__enter__", begin)
    arguments = ["tool", tool, star, *TOOLS[tool], "--diameter", DIAMETER, "--output", "made"]
    with pytest.raises(Begun):
        main([str(each) for each in arguments])
    said = capsys.readouterr().err
    assert "3 particles were left out: its CTF is not known." in said
    assert "2 particles were left out: its image holds pixels that are not finite numbers." in said
    assert "1 particle was left out: its image is empty" in said


@tools_of_classes
def test_fewer_particles_than_classes_are_refused(tool, star, capsys):
    said = refused(capsys, tool, star, "--classes", COUNT + 1)
    assert f"{COUNT + 1} classes" in said
    assert "ask for fewer classes" in said


@tools_with_masks
def test_a_half_set_that_is_empty_is_refused(tool, star, capsys):
    changed(star, lambda frame: frame.with_columns(half_set=pl.lit(1, pl.Int64)))
    assert f"The half sets hold {COUNT} and 0 particles" in refused(capsys, tool, star)


@tools_with_masks
def test_masks_that_do_not_fit_are_refused(tool, star, capsys):
    masks = {
        "resample the mask": np.ones((24, 24, 24)),
        "must be a cube": np.ones((24, BOX, BOX)),
        "holds nothing; a mask is 1": np.zeros((BOX, BOX, BOX)),
        "a mask lies between 0 and 1": np.full((BOX, BOX, BOX), 255.0),
    }
    for expected, mask in masks.items():
        write_volume(Path("mask.mrc"), mask.astype(np.float32), pixel_size=PIXEL)
        assert expected in refused(capsys, tool, star, "--mask", "mask.mrc")


@tools_with_masks
def test_a_reference_that_holds_nothing_is_refused(tool, star, capsys):
    write_volume(Path("flat.mrc"), np.ones((BOX, BOX, BOX), np.float32), pixel_size=PIXEL)
    assert "is 1 everywhere" in refused(capsys, tool, star, "--reference", "flat.mrc")


@every_tool
@pytest.mark.parametrize("label", ["rlnCtfDataAreCtfPremultiplied", "rlnCtfDataArePhaseFlipped"])
def test_images_that_were_changed_by_their_ctf_are_not_changed_again(tool, label, star, capsys) -> None:
    blocks = read_star(star)
    write_star(star, {**blocks, "optics": blocks["optics"].with_columns(pl.lit(1).alias(label))})
    assert f"already ({label}). Extract them again" in refused(capsys, tool, star)


@pytest.mark.parametrize(
    ("label", "value", "reason"),
    [
        ("rlnAngleTilt", np.inf, "its orientation is not known"),
        ("rlnOriginXAngst", np.inf, "its orientation is not known"),
        ("rlnOriginXAngst", -5000.0, "its shift moves it out of its image"),
        ("rlnOriginYAngst", 0.5 * BOX * PIXEL + 1.0, "its shift moves it out of its image"),
        ("rlnPhaseShift", np.inf, "its CTF is not known"),
    ],
)
def test_a_particle_with_what_cannot_be_is_left_out_and_told(label, value, reason, star, capsys) -> None:
    """The map of the others is bit for bit what they give without it."""
    blocks = read_star(star)
    table = blocks["particles"].with_columns(rlnPhaseShift=pl.lit(0.0))
    maps = []
    for name, rows in (
        (
            "some",
            table.with_columns(pl.when(pl.int_range(pl.len()) == 7).then(value).otherwise(pl.col(label)).alias(label)),
        ),
        ("others", table.filter(pl.int_range(pl.len()) != 7)),
    ):
        write_star(star.with_name(f"{name}.star"), {**blocks, "particles": rows})
        with pytest.raises(SystemExit) as leaving:
            main(["tool", "reconstruct", f"{name}.star", "--output", f"{name}.mrc"])
        assert not leaving.value.code
        maps.append(mrcfile.read(star.with_name(f"{name}.mrc")))
        said = capsys.readouterr().err
        assert (f"1 particle was left out: {reason}" in said) == (name == "some")
    assert np.isfinite(maps[0]).all()
    assert np.array_equal(*maps)


def test_shifts_that_are_all_out_of_the_images_are_refused(star, capsys) -> None:
    changed(star, lambda frame: frame.with_columns(shift_x=pl.lit(5000.0)))
    with pytest.raises(SystemExit) as leaving:
        main(["tool", "reconstruct", star.name, "--output", "made.mrc"])
    assert leaving.value.code == 1
    assert "move their centres out of their images" in capsys.readouterr().err
    half = ["--reference", "truth.mrc", "--search", "local"]
    assert "move their centres out of their images" in refused(capsys, "refine", star, *half)
