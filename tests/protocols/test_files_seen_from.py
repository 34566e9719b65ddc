"""Particles that a tool writes to another folder are found by whatever reads them next."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from phantom_particles import write_larger_particles

from cryoloom.cli.main import TOOLS, main
from cryoloom.data import OpticsGroup
from cryoloom.formats import read_star, read_volume, relion, write_star
from cryoloom.protocols.particle_images import read_particle_file

COUNT = 64
ONE_SEARCH = "--initial-resolution 40 --iterations 2"
WRITERS = {
    "extract": "in/field.mrc --coordinates in/picks.star --box 64 --voltage 300 "
    "--spherical-aberration 2.7 --amplitude-contrast 0.1 --output out/made.mrcs",
    "abinitio": "in/large.star --diameter 120 --runs 1 --iterations 2 --batch 16 --final-resolution 30 "
    "--output out/made",
    "class2d": "in/large.star --diameter 120 --classes 2 --batches 1 --passes 1 "
    "--final-resolution 30 --output out/made",
    "class3d": "in/large.star --reference in/large.mrc --diameter 120 --classes 2 --start-iterations 2 --iterations 2 "
    "--output out/made",
    "refine": f"in/large.star --reference in/large.mrc --diameter 120 --trust quick {ONE_SEARCH} --output out/made",
    "ctfrefine": "in/large.star --reference in/large.mrc --output out/made",
    "subtract": "in/large.star --reference in/large.mrc --mask in/mask.mrc --output out/made",
    "project": "in/large.mrc --angles in/large.star --output out/made.mrcs",
    "invert-hand": "in/large.mrc --particles in/large.star --output-particles out/made.star --output out/made.mrc",
    "fit-map": "in/large.mrc --to in/large.mrc --particles in/large.star --output-particles out/made.star "
    "--resolution 30 --output out/made.mrc",
    "symmetry": "in/large.mrc --group C2 --particles in/large.star --output-particles out/made.star "
    "--output out/made.mrc",
    "expand-symmetry": "in/large.star --symmetry C2 --output out/made.star",
    "change-box": "in/large.star --box 48 --output out/made",
}
NO_PARTICLES = {
    *("motion", "ctf", "pick", "simulate", "reconstruct", "fsc", "mask", "postprocess", "localres", "directions"),
    *("difference", "views", "model-fsc", "resample", "filter-map", "combine-maps"),
}


@pytest.fixture(scope="module")
def _made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written-elsewhere")
    (folder / "in").mkdir()
    star = write_larger_particles(folder / "in", box=32, count=COUNT)
    table = read_particle_file(star).table
    (group,) = table.optics_groups.values()
    (folder / "in" / "mtf.star").write_text("data_mtf\n")
    described = {group.id: _with_detector(group)}
    relion.write_particles(star, type(table)(table.frame, table.schema, described))
    positions = table.frame.select(rlnCoordinateX="x", rlnCoordinateY="y")
    write_star(folder / "in" / "picks.star", {"": positions})
    return folder


@pytest.fixture
def folder(_made_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where commands run: in/ holds particles, micrograph and maps; out/, which is no part of it, is still empty."""
    (tmp_path / "in").symlink_to(_made_once / "in")
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _with_detector(group: OpticsGroup) -> OpticsGroup:
    return replace(group, mtf_file="mtf.star")


def _run(capsys: pytest.CaptureFixture[str], *words: str) -> None:
    with pytest.raises(SystemExit) as left:
        main(["tool", *words])
    told = capsys.readouterr()
    assert not left.value.code, told.err


def test_every_tool_is_known_to_write_particles_or_not() -> None:
    assert set(WRITERS) | NO_PARTICLES == set(TOOLS)
    assert not set(WRITERS) & NO_PARTICLES


@pytest.mark.parametrize("tool", WRITERS)
def test_what_a_tool_writes_elsewhere_is_read_by_the_next(
    tool: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(capsys, tool, *shlex.split(WRITERS[tool]))
    stars = sorted((folder / "out").glob("*.star"))
    assert stars
    for star in stars:
        given = read_particle_file(star)
        for column in ("file", "micrograph_file"):
            places = [given.resolve(name) for name in given.table.frame[column].unique()]
            assert all(place.is_file() for place in places), places
        detectors = [group.mtf_file for group in given.table.optics_groups.values() if group.mtf_file]
        assert detectors or tool == "extract"
        assert all(given.resolve(name).is_file() for name in detectors)
    if tool != "extract":  # which has no poses
        _run(capsys, "reconstruct", str(stars[-1]), "--output", "out/again.mrc")
        assert np.isfinite(read_volume(folder / "out" / "again.mrc")).all()


def test_names_that_lead_there_anyway_stay(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As RELION has them, seen from the folder of the project, not from that of the STAR file."""
    table = read_particle_file(folder / "in" / "large.star").table
    named = table.with_frame(table.frame.with_columns(file=pl.lit("in/large.mrcs"), micrograph_file=pl.lit("gone.mrc")))
    relion.write_particles(folder / "all.star", named)
    _run(capsys, "expand-symmetry", "all.star", "--symmetry", "C2", "--output", "out/made.star")
    particles = read_star(folder / "out" / "made.star")["particles"]
    assert isinstance(particles, pl.DataFrame)
    assert particles["rlnImageName"][0].endswith("@in/large.mrcs")
    assert set(particles["rlnMicrographName"]) == {"gone.mrc"}  # what is not there is not looked for elsewhere
