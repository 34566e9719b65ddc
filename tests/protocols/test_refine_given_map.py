"""What a refinement takes from the map that it is given: its sampling is that of the particles, its hand stays.

Particles that take no part decide neither that sampling nor what is reserved, here or elsewhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from phantom_particles import BOX, DIAMETER, PIXEL, write_particles

from cryoloom.cli.main import main
from cryoloom.data import SetWriter, Snapshot, StoredSet, Volume
from cryoloom.engine.maps import soft_sphere
from cryoloom.formats import relion, write_stack, write_volume
from cryoloom.protocols.particle_images import read_particle_file
from cryoloom.protocols.refine import Refine
from cryoloom.protocols.refine._given import given_map, grid_of, settings_of, told_shared, warnings_of
from cryoloom.workflow.predicting import predicted
from cryoloom.workflow.project import Run
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


def test_a_mask_that_does_not_fit_is_refused_before_images_are_read(star, monkeypatch, make_project, capsys):
    def read(*_arguments, **_more):
        raise Begun

    monkeypatch.setattr("cryoloom.protocols.particle_images._load.gather_images", read)
    narrow = star.with_name("narrow.mrc")
    write_volume(narrow, soft_sphere(BOX // 2, 6.0, 3.0), pixel_size=PIXEL)
    words = ["tool", "refine", star, "--reference", star.with_name("truth.mrc"), "--mask", narrow]
    with pytest.raises(SystemExit):
        main([str(each) for each in (*words, "--diameter", DIAMETER, "--output", star.with_name("fine"))])
    assert "resample the mask" in capsys.readouterr().err
    project = make_project()
    sources = [
        project.add("import-particles", file=star),
        project.add("import-volume", file=star.with_name("truth.mrc")),
        project.add("import-volume", file=narrow),
        project.add("create-mask", volumes="3.volumes", shape="sphere", diameter=80.0),
    ]
    assert [end.state for end in project.drive(*sources)] == [RunState.FINISHED] * 4
    values = {"particles": "1.particles", "reference": "2.volumes", "masks": "4.masks", "diameter": DIAMETER}
    (end,) = project.drive(project.add("refine", **values))
    assert "resample the mask" in end.reason


@pytest.fixture
def with_and_without(star, make_project):
    """A project with all particles, and with those alone that have a CTF."""
    project = make_project()
    table = read_particle_file(star).table
    sound = star.with_name("sound.star")
    relion.write_particles(sound, table.with_frame(table.frame.filter(pl.col("defocus_u").is_finite())))
    sources = [
        *(project.add("import-particles", file=one) for one in (star, sound)),
        project.add("import-volume", file=star.with_name("truth.mrc")),
        project.add("create-mask", volumes="3.volumes", shape="sphere", diameter=80.0),
    ]
    assert [end.state for end in project.drive(*sources)] == [RunState.FINISHED] * 4
    return project, ("1.particles", "2.particles")


def inputs_of(run: Run) -> dict[str, Snapshot[Any]]:
    """What is there of the inputs of a run."""
    places = {name: run.project.folder.find_run(at.run).outputs / at.output for name, at in run.record.inputs.items()}
    found = {name: StoredSet(place).latest() for name, place in places.items()}
    return {name: snapshot for name, snapshot in found.items() if snapshot is not None}


@pytest.mark.parametrize(
    ("protocol", "values"),
    [
        ("refine", {"reference": "3.volumes", "diameter": DIAMETER}),
        ("refine", {"reference": "3.volumes", "diameter": DIAMETER, "search": "local"}),
        ("class3d", {"reference": "3.volumes", "diameter": DIAMETER}),
        ("class2d", {"diameter": DIAMETER}),
        ("abinitio", {"diameter": DIAMETER}),
        ("reconstruct", {}),
        ("ctf-refine", {"reference": "3.volumes"}),
        ("subtract", {"reference": "3.volumes", "masks": "4.masks"}),
    ],
)
def test_particles_that_take_no_part_do_not_decide_what_is_reserved(with_and_without, protocol, values):
    project, sets = with_and_without
    runs = [project.add(protocol, particles=one, **values) for one in sets]
    counts = [len(project.run(number).outputs["particles"]) for number in (1, 2)]
    assert counts == [COUNT, COUNT - COUNT // 4]
    reserved = [run.protocol().resources(inputs_of(run), run.parameters) for run in runs]
    assert reserved[0] == reserved[1]
    told = [predicted(run) for run in runs]
    assert None not in told
    assert told[0] == told[1]


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
    # Their particles tell the same, for a local search in a map that tells nothing.
    assert [set(run.outputs["particles"].to_polars()["shared_resolution"]) for run in runs[4:6]] == [{30.0}, {30.0}]


@pytest.mark.parametrize(
    ("of_map", "of_particles", "given", "expected"),
    [
        (30.0, 15.0, None, 15.0),
        (15.0, 30.0, None, 15.0),
        (None, 15.0, None, 15.0),
        (15.0, None, None, 15.0),
        (None, None, None, 40.0),
        (15.0, 15.0, 25.0, 25.0),
    ],
)
def test_the_finest_that_map_and_particles_tell_is_what_half_sets_were_shown(
    tmp_path, of_map, of_particles, given, expected
):
    table = read_particle_file(write_particles(tmp_path, count=8)).table
    shared = pl.lit(of_particles, pl.Float64).alias("shared_resolution")
    volume = Volume(id=1, file="truth.mrc", pixel_size=PIXEL, box_size=BOX, shared_resolution=of_map)
    for kind, items in (("particles", table.with_frame(table.frame.with_columns(shared))), ("volumes", [volume])):
        SetWriter.open(tmp_path / kind, kind).commit(items)
    inputs: dict[str, Any] = {
        "particles": StoredSet(tmp_path / "particles").latest(),
        "reference": StoredSet(tmp_path / "volumes").latest(),
    }
    parameters = Refine.Parameters(diameter=DIAMETER, search="local", shared_resolution=given)
    shared = told_shared(inputs, given_map(inputs, parameters))
    assert settings_of(parameters, shared).shared_resolution == expected
    warned = "".join(warnings_of(inputs, parameters, grid_of(inputs["particles"], parameters)))
    assert ("if it was finer, give it" in warned) == (of_map is of_particles is given is None)
