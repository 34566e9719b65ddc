"""Subtraction from file to file, as a tool and as a run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from polars.testing import assert_series_equal

from cryoloom.cli.main import main
from cryoloom.engine.maps import soft_mask
from cryoloom.formats import read_particles
from cryoloom.workflow.predicting import predicted
from cryoloom.workflow.run import RunState

sys.path.insert(0, str(Path(__file__).parents[1] / "engine" / "ctf_refinement"))

from aberrated_particles import BOX, PIXEL, blobs, make_scene, volume, write_scene

WIDTH = 1.2  # Å
PART = blobs()[0][:, 2] > 0  # is taken away


def around(chosen):
    """Soft mask about some blobs."""
    return soft_mask(volume(chosen=chosen, width=WIDTH) > 0.03, extension=0.0, edge=2.0)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Particles without noise, their map, and masks about the part that stays and the other."""
    folder = tmp_path_factory.mktemp("subtract")
    scene = make_scene(micrographs=3, each=8, noise=0.0, width=WIDTH)
    write_scene(folder, scene)
    for name, data in (
        ("map", volume(width=WIDTH)),
        ("stays", np.maximum(around(~PART) - around(PART), 0)),
        ("goes", around(PART)),
        ("even", np.ones((BOX,) * 3, np.float32)),
    ):
        mrcfile.write(folder / f"{name}.mrc", data.astype(np.float32), voxel_size=PIXEL)
    return folder, scene


def tool(capsys, *words, expect=0):
    with pytest.raises(SystemExit) as left:
        main(["tool", "subtract", *map(str, words)])
    said = capsys.readouterr()
    assert (left.value.code or 0) == expect, said.err
    return said


def rest_of(scene, *, ratio, images):
    """The images are those of the masked map: more like the rest than like the whole."""
    rest = make_scene(micrographs=3, each=8, noise=0.0, width=WIDTH, chosen=~PART).images
    removed = scene.images - rest
    assert np.sqrt(((images - rest) ** 2).mean() / (removed**2).mean()) < ratio


def test_the_tool_takes_away_what_a_mask_surrounds(files, capsys, tmp_path):
    folder, scene = files
    words = ("--reference", folder / "map.mrc", "--threads", 1, "--json")
    star = folder / "particles.star"
    goes = ("--mask", folder / "goes.mrc", "--mask-holds-removed", "--output", tmp_path / "goes")
    told = json.loads(tool(capsys, star, *goes, *words).out)
    images = mrcfile.read(told["stack"])
    # The soft edge also takes what neighbours have there.
    rest_of(scene, ratio=0.35, images=images)
    before, after = (read_particles(path).table.frame for path in (star, told["particles"]))
    changed = {"id", "file", "index", "optics_group", "parent_id"}
    for column in set(before.columns) - changed:
        assert_series_equal(before[column], after[column])
    assert told["count"] == 24
    stays = ("--mask", folder / "stays.mrc", "--output", tmp_path / "stays")
    rest_of(scene, ratio=0.5, images=mrcfile.read(json.loads(tool(capsys, star, *stays, *words).out)["stack"]))


def test_bad_input_is_refused(files, capsys, tmp_path):
    folder, _ = files
    star, output = folder / "particles.star", ("--output", tmp_path / "made")
    mask = ("--mask", folder / "goes.mrc")
    assert "Give the map" in tool(capsys, star, *mask, *output, expect=1).err
    reference = ("--reference", folder / "map.mrc")
    assert "everywhere" in tool(capsys, star, "--mask", folder / "even.mrc", *reference, *output, expect=1).err
    poseless = folder / "poseless.star"
    poseless.write_text(star.read_text().replace("_rlnAngleRot", "_mine"))
    assert "no orientation" in tool(capsys, poseless, *mask, *reference, *output, expect=1).err
    assert not list(tmp_path.iterdir())


def test_a_run_subtracts_and_recentres(files, make_project):
    folder, _ = files
    project = make_project()
    runs = [
        project.add("import-particles", file=folder / "particles.star"),
        project.add("import-volume", file=folder / "map.mrc"),
        project.add("import-volume", file=folder / "goes.mrc"),
    ]
    project.drive(*runs)
    threshold = project.add("create-mask", volumes="3.volumes", shape="threshold", threshold=0.5, extension=1, edge=2)
    (end,) = project.drive(threshold)
    assert end.state is RunState.FINISHED, end.reason
    settings = {"mask_holds": "removed", "recentre": True, "threads": 1}
    run = project.add("subtract", particles="1.particles", reference="2.volumes", masks="4.masks", **settings)
    assert predicted(run).memory > 2**28
    (end,) = project.drive(run)
    assert end.state is RunState.FINISHED, end.reason
    made = run.outputs["particles"].to_polars().sort("index")
    source = runs[0].outputs["particles"].to_polars().sort("index")
    assert made["id"].to_list() == source["id"].to_list()
    assert made["half_set"].to_list() == source["half_set"].to_list()
    assert np.abs(made.select("shift_x", "shift_y").to_numpy()).max() <= 0.5 * PIXEL + 1e-6
    images = mrcfile.read(project.path / made["file"][0])
    assert images.shape == (24, BOX, BOX)
    assert run.protocol().file_categories["particles"].value == "rebuildable"
    assert "recentred" in run.methods().text
