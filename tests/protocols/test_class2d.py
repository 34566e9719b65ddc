"""2D classes as runs and from the shell: what they make, that they go on after a fault, and the choice among them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import mrcfile
import polars as pl
import pytest
from phantom_particles import BOX, COUNT, DIAMETER, write_particles

from cryoloom.cli.main import main
from cryoloom.engine.classes2d import classify2d
from cryoloom.errors import ParameterError
from cryoloom.formats import read_star
from cryoloom.protocols.class2d import SelectClasses
from cryoloom.protocols.class_choice import labels_in
from cryoloom.protocols.particle_images import load_particles, read_particle_file
from cryoloom.runtime import findings_of
from cryoloom.workflow.predicting import predicted
from cryoloom.workflow.run import RunState
from cryoloom.workflow.warned import warnings_of

QUICK = {
    "diameter": DIAMETER,
    "classes": 3,
    "mini_batches": 2,
    "full_passes": 2,
    "final_resolution": 16.0,
    "images_per_class": 20,
    "seed": 4,
}


@pytest.fixture(scope="module")
def star(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_particles(tmp_path_factory.mktemp("particles"))


@pytest.fixture
def imported(make_project, star):
    """A project with the particles in it."""
    project = make_project()
    run = project.add("import-particles", file=star)
    assert project.drive(run)[0].state is RunState.FINISHED
    return project


def test_classes_go_on_from_the_last_iteration_and_are_chosen(imported, monkeypatch):
    run = imported.add("class2d", particles="1.particles", **QUICK)
    told = predicted(run)
    assert told is not None
    assert told.memory > 2**27
    iterated = []

    def torn(particles, settings, *, state=None, threads=1):
        for each in classify2d(particles, settings, state=state, threads=threads):
            iterated.append(each.iteration)
            yield each
            if each.iteration == 2 and state is None:
                raise MemoryError("as a kill would end it")

    monkeypatch.setattr("cryoloom.engine.classes2d.classify2d", torn)
    assert imported.drive(run)[0].state is RunState.FAILED
    assert imported.drive(run)[0].state is RunState.FINISHED
    assert iterated == [1, 2, 3, 4]
    classes, particles = (run.outputs[name].to_polars() for name in ("classes", "particles"))
    assert sorted(classes["label"]) == [1, 2, 3]
    assert classes["particle_count"].sum() == particles.height == COUNT
    assert mrcfile.read(imported.path / classes["file"][0]).shape == (3, BOX, BOX)
    assert set(particles["class_number"]) <= {1, 2, 3}
    assert "proposed to be kept" in run.folder.newest_attempt().end().reason

    chosen = imported.add("select-classes", classes="2.classes", particles="2.particles", least_resemblance=0.0)
    with pytest.raises(ParameterError, match=r"There is no class 12; there are 1-3\."):
        chosen.decide(leave_out="12")
    with pytest.raises(ParameterError, match="Leave out 1-3: none of classes 1-3 is left"):
        chosen.decide(leave_out="1-3")
    chosen.decide(keep="1-2", leave_out="3, 9")
    assert imported.drive(chosen)[0].state is RunState.FINISHED
    (warning,) = warnings_of(chosen.folder)
    assert warning.sentence == "Not all classes that are to be left out are found."
    assert warning.listing == "Missing: 9; there are 1-3."
    kept = chosen.outputs["particles"].to_polars()
    assert set(kept["id"]) == set(particles.filter(particles["class_number"] < 3)["id"])
    reason = chosen.folder.newest_attempt().end().reason
    assert reason == f"rejected: {COUNT - kept.height} in classes left out"
    assert kept.height + chosen.outputs["rejected"].to_polars().height == COUNT
    with pytest.raises(ParameterError, match="name it once"):
        chosen.decide(keep="1", leave_out="1-2")

    shown = findings_of(imported)  # of the report: what was kept, and what was not
    assert [one.label for one in shown.reconstruction.classes] == classes["label"].to_list()
    assert shown.reconstruction.kept == set(classes.filter(classes["label"] < 3)["id"])
    assert shown.particle_count == kept.height


def test_why_particles_of_classes_that_are_kept_are_left_out_is_said():
    outputs = {
        "classes": pl.DataFrame({"index": [0, 1]}),
        "particles": pl.DataFrame({"class_number": [1, 2, 2]}),
        "rejected": pl.DataFrame({"class_number": [1, 3, 3]}),
    }
    given = {
        name: SimpleNamespace(count=len(table), to_polars=lambda columns, table=table: table.select(columns))
        for name, table in outputs.items()
    }
    told = SelectClasses().summary(given, SelectClasses.Parameters())
    assert told == "rejected: 2 in classes left out, 1 unlike the average of their class"


def test_lists_of_labels_are_read():
    assert labels_in("1, 4-6 9") == {1, 4, 5, 6, 9}
    assert labels_in("") == set()
    with pytest.raises(ValueError, match="no class"):
        labels_in("good")


def test_the_tool_writes_averages_and_particles_that_can_be_read_again(star, tmp_path, capsys):
    prefix = tmp_path / "sorted"
    words = ["tool", "class2d", str(star), "--diameter", str(DIAMETER), "--output", str(prefix), "--json"]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--classes", "2", "--batches", "1", "--passes", "1", "--final-resolution", "24"])
    assert not ended.value.code
    document = json.loads(capsys.readouterr().out)
    assert mrcfile.read(document["averages"]).shape[0] == 2 == len(document["classes"])
    assert sum(one["particles"] for one in document["classes"]) == COUNT
    table = read_star(Path(document["particles"]))["particles"]
    assert set(table["rlnClassNumber"]) <= {1, 2}
    again = read_particle_file(Path(document["particles"]))
    assert len(load_particles(again.table, again.resolve, diameter=DIAMETER)) == COUNT
    kept = read_star(Path(document["kept"]))["particles"] if document["kept_particles"] else ()
    assert len(kept) == document["kept_particles"]
