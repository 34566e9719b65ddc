"""Images that show protein dark: refused where that is not said, and computed with where it is."""

from __future__ import annotations

import json
from pathlib import Path

import mrcfile
import numpy as np
import polars as pl
import pytest
from phantom_particles import DIAMETER, write_particles

from cryoloom.cli.main import main
from cryoloom.protocols.particle_images import load_particles, read_particle_file
from cryoloom.workflow.run import RunState


@pytest.fixture
def dark(tmp_path) -> Path:
    """Particles in known poses and half sets, whose images are inverted."""
    star = write_particles(tmp_path, count=40, noise=0.5)
    with mrcfile.open(star.with_name("particles.mrcs"), "r+") as file:
        file.set_data(-file.data)
    return star


def called(capsys, star: Path, *more: object) -> tuple[int, str, str]:
    words = ["tool", "refine", star, "--reference", star.with_name("truth.mrc"), "--diameter", DIAMETER]
    words += ["--iterations", 2, "--trust", "quick", "--json", "--overwrite", "--output", star.with_name("fine")]
    with pytest.raises(SystemExit) as left:
        main([str(each) for each in (*words, *more)])
    out, err = capsys.readouterr()
    return left.value.code or 0, out, err


def test_the_tool_refuses_dark_images_until_that_is_said(dark, capsys):
    code, _, said = called(capsys, dark)
    assert code == 1
    assert "The images look inverted" in said
    assert "--protein-dark" in said
    assert not list(dark.parent.glob("fine*"))
    code, out, said = called(capsys, dark, "--protein-dark")
    assert code == 0, said
    truth = mrcfile.read(dark.with_name("truth.mrc"))
    assert np.corrcoef(mrcfile.read(json.loads(out)["map"]).ravel(), truth.ravel())[0, 1] > 0.7
    written = read_particle_file(Path(json.loads(out)["particles"])).table.frame
    assert written["contrast_sign"].unique().to_list() == [-1]  # what was said stays with the particles


def test_poses_in_dark_images_do_not_belong_to_a_bright_reference(dark, capsys):
    from cryoloom.formats import relion

    table = read_particle_file(dark).table
    relion.write_particles(dark, table.with_frame(table.frame.with_columns(half_set=1 + pl.int_range(pl.len()) % 2)))
    code, _, said = called(capsys, dark, "--search", "local")
    assert code == 1
    assert "The images look inverted" in said


def test_imported_particles_are_as_was_said(dark, make_project):
    project = make_project()
    sources = [
        project.add("import-particles", file=dark),
        project.add("import-particles", file=dark, protein="dark"),
        project.add("import-volume", file=dark.with_name("truth.mrc")),
    ]
    assert [end.state for end in project.drive(*sources)] == [RunState.FINISHED] * 3
    values = {"reference": "3.volumes", "diameter": DIAMETER, "iterations": 2, "trust": "quick"}
    silent = project.drive(project.add("refine", particles="1.particles", **values))[0]
    assert silent.state is RunState.FAILED
    assert "The images look inverted" in (silent.reason or "")
    assert "protein=dark" in (silent.reason or "")
    said = project.drive(project.add("refine", particles="2.particles", **values))[0]
    assert said.state is RunState.FINISHED
    given = read_particle_file(dark, protein_dark=True)
    white = load_particles(given.table, given.resolve, diameter=DIAMETER).images.images
    assert np.array_equal(white, -mrcfile.read(dark.with_name("particles.mrcs")))


def test_a_tool_without_a_reference_warns_of_dark_images(dark, capsys):
    words = ["tool", "class2d", dark, "--diameter", DIAMETER, "--classes", 2, "--batches", 0, "--passes", 1]
    words += ["--output", dark.with_name("made"), "--overwrite", "--json"]
    for said in ([], ["--protein-dark"]):
        with pytest.raises(SystemExit) as left:
            main([str(each) for each in (*words, *said)])
        assert not left.value.code
        out, err = capsys.readouterr()
        warned = [one for one in json.loads(out)["remarks"] if "look inverted" in one]
        assert len(warned) == (0 if said else 1)
        assert ("look inverted" in err) == bool(warned)


def test_runs_without_a_reference_warn_of_dark_images(dark, make_project):
    project = make_project()
    (source,) = project.drive(project.add("import-particles", file=dark))
    assert source.state is RunState.FINISHED
    brief = {"mini_batches": 0, "full_passes": 1, "classes": 2}
    runs = [
        project.add("class2d", particles="1.particles", diameter=DIAMETER, **brief),
        project.add("abinitio", particles="1.particles", diameter=DIAMETER, iterations=2, runs=1),
    ]
    assert [end.state for end in project.drive(*runs)] == [RunState.FINISHED] * 2
    assert all("The images look inverted" in one.folder.newest_attempt().log_file.read_text() for one in runs)
