"""What a refinement takes from the map that it is given: its sampling is that of the particles, its hand stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from phantom_particles import BOX, DIAMETER, PIXEL, write_particles

from cryoloom.cli.main import main
from cryoloom.engine.maps import soft_sphere
from cryoloom.formats import relion, write_stack, write_volume
from cryoloom.protocols.particle_images import read_particle_file
from cryoloom.workflow.run import RunState

COUNT = 40
STATED = "right, by helices at 6 Å"


class Begun(BaseException):
    """All is read, and it would be computed now."""


@pytest.fixture
def star(tmp_path: Path) -> Path:
    """Particles in half sets that are known; a quarter of them have no CTF, and pixels twice as large."""
    star = write_particles(tmp_path, count=COUNT, noise=0.5)
    table = read_particle_file(star).table
    write_stack(tmp_path / "coarse.mrcs", np.ones((COUNT, BOX // 2, BOX // 2), np.float32), pixel_size=2 * PIXEL)
    blind = pl.int_range(pl.len()) % 4 == 0
    changes = {
        "file": pl.lit("coarse.mrcs"),
        "pixel_size": 2 * pl.col("pixel_size"),
        "box_size": pl.col("box_size") // 2,
        "defocus_u": pl.lit(float("nan")),
    }
    frame = table.frame.with_columns(
        *(pl.when(blind).then(change).otherwise(pl.col(name)).alias(name) for name, change in changes.items()),
        half_set=1 + pl.int_range(pl.len()) // 2 % 2,
    )
    relion.write_particles(star, table.with_frame(frame))
    write_volume(tmp_path / "mask.mrc", soft_sphere(BOX, 12.0, 3.0), pixel_size=PIXEL)
    return star


@pytest.fixture
def begun(monkeypatch) -> dict[str, np.ndarray]:
    """What the engine is given."""
    given: dict[str, np.ndarray] = {}

    def begin(images, _half_sets, reference, _settings, *, mask, **_more):
        given.update(images=images.images, reference=reference)
        if mask is not None:
            given.update(mask=mask)
        raise Begun

    monkeypatch.setattr("cryoloom.engine.refinement.refine", begin)
    return given


def check_sampling(begun: dict[str, np.ndarray]) -> None:
    assert begun["images"].shape == (COUNT - COUNT // 4, BOX, BOX)
    assert {begun[name].shape for name in begun if name != "images"} == {(BOX,) * 3}


def test_particles_that_take_no_part_do_not_decide_the_sampling_of_a_tool(star, begun):
    words = ["tool", "refine", star, "--reference", star.with_name("truth.mrc"), "--mask", star.with_name("mask.mrc")]
    with pytest.raises(Begun):
        main([str(each) for each in (*words, "--diameter", DIAMETER, "--output", star.with_name("fine"))])
    assert "mask" in begun
    check_sampling(begun)


def test_particles_that_take_no_part_do_not_decide_the_sampling_of_a_run(star, begun, make_project):
    project = make_project()
    sources = [
        project.add("import-particles", file=star),
        project.add("import-volume", file=star.with_name("truth.mrc")),
    ]
    assert [end.state for end in project.drive(*sources)] == [RunState.FINISHED] * 2
    values = {"particles": "1.particles", "reference": "2.volumes", "diameter": DIAMETER}
    run = project.add("refine", **values)
    with pytest.raises(Begun):
        project.drive(run)
    check_sampling(begun)


def test_a_hand_that_a_person_stated_and_what_half_sets_were_shown_stay_with_the_map(tmp_path, make_project):
    star = write_particles(tmp_path, count=60, noise=0.5)
    table = read_particle_file(star).table
    relion.write_particles(star, table.with_frame(table.frame.with_columns(half_set=1 + pl.int_range(pl.len()) % 2)))
    project = make_project()
    runs = [
        project.add("import-particles", file=star),
        project.add("import-volume", file=star.with_name("truth.mrc")),
        project.add("invert-hand", volumes="2.volumes"),
        project.add("invert-hand", volumes="3.volumes", hand=STATED),
    ]
    common = {"particles": "1.particles", "reference": "4.volumes", "diameter": DIAMETER}
    refined = {**common, "search": "local", "trust": "quick", "iterations": 2}
    runs += [
        project.add("refine", **refined, initial_resolution=30.0),
        project.add("refine", **{**refined, "particles": "5.particles", "reference": "5.volumes"}),
        project.add("class3d", **common, resolution=16.0, start_resolution=20.0, start_iterations=2, iterations=1),
    ]
    assert [end.state for end in project.drive(*runs)] == [RunState.FINISHED] * len(runs)
    first, second, classes = (run.outputs["volumes"].to_polars() for run in runs[4:])
    assert {*first["hand"], *second["hand"], *classes["hand"]} == {STATED}
    # First both half sets start from one map at 30 Å, then each from its own at 20 Å, which the other is not shown.
    assert [*first["shared_resolution"], *second["shared_resolution"]] == [30.0, 30.0]
