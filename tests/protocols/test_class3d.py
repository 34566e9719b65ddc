"""3D classes as runs and from the shell: what they make, that they go on after a fault, and the choice among them."""

from __future__ import annotations

import json
import time
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from phantom_particles import BOX, COUNT, DIAMETER, PIXEL, write_particles

from cryoloom.cli.main import main
from cryoloom.engine.classes3d import Classes3DSettings, classify3d, predicted_seconds
from cryoloom.errors import InputError, ParameterError
from cryoloom.formats import read_star, write_star, write_volume
from cryoloom.protocols.class3d._compute import (
    check_symmetry,
    mask_of,
    share_between,
)
from cryoloom.protocols.known_poses import check_frame, check_known_poses
from cryoloom.protocols.machine_speed import measure_speed
from cryoloom.protocols.particle_images import load_particles, read_particle_file
from cryoloom.workflow.predicting import predicted
from cryoloom.workflow.run import RunState
from cryoloom.workflow.warned import by_sentence, warnings_of

FEW = {"start_iterations": 2, "iterations": 1}
QUICK = {"diameter": DIAMETER, "resolution": 16.0, "start_resolution": 20.0, "seed": 4, **FEW}


@pytest.fixture(scope="module")
def star(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Particles that are all alike."""
    return write_particles(tmp_path_factory.mktemp("particles"))


@pytest.fixture
def imported(make_project, star):
    """A project with the particles and their map in it."""
    project = make_project()
    runs = [project.add("import-particles", file=star), project.add("import-volume", file=star.with_name("truth.mrc"))]
    assert [end.state for end in project.drive(*runs)] == [RunState.FINISHED] * 2
    return project


@pytest.fixture(scope="module")
def loaded(star):
    given = read_particle_file(star)
    return load_particles(given.table, given.resolve, diameter=DIAMETER)


def test_classes_go_on_from_the_last_iteration_and_are_chosen(imported, monkeypatch):
    run = imported.add("class3d", particles="1.particles", reference="2.volumes", **QUICK)
    told = predicted(run)
    assert told is not None
    assert 2**27 < told.memory < 2**30
    iterated = []

    def torn(*arguments, state=None, **options):
        for each in classify3d(*arguments, state=state, **options):
            iterated.append(each.iteration)
            yield each
            if each.iteration == 2 and state is None:
                raise MemoryError("as a kill would end it")

    monkeypatch.setattr("cryoloom.engine.classes3d.classify3d", torn)
    assert imported.drive(run)[0].state is RunState.FAILED
    end = imported.drive(run)[0]
    assert end.state is RunState.FINISHED, end.reason
    assert iterated == [1, 2, 3]
    classes, volumes, particles = (run.outputs[name].to_polars() for name in ("classes", "volumes", "particles"))
    assert classes["class_number"].to_list() == [1, 2]
    assert classes["particle_count"].sum() == particles.height == COUNT
    assert classes["file"].to_list() == volumes["file"].to_list()
    first, second, whole = (
        mrcfile.read(imported.path / volumes[name][0]) for name in ("half1_file", "half2_file", "file")
    )
    assert whole.shape == (BOX,) * 3
    assert np.corrcoef((first + second).ravel(), whole.ravel())[0, 1] > 0.9
    given = imported.run(1).outputs["particles"].to_polars()
    same = ["id", "rot", "tilt", "psi", "shift_x", "shift_y"]
    assert particles.select(same).equals(given.select(same))
    assert set(particles["half_set"]) == {1, 2}
    assert particles["score"].is_between(0.5, 1.0).all()
    assert "not reproducible" in end.reason
    assert any("not reproducible" in warning.sentence for warning in warnings_of(run.folder))
    text = run.methods().text
    assert "adjusted Rand index" in text
    assert "so the split is not reproducible" in text

    inputs = {"classes": "3.classes", "particles": "3.particles"}
    chosen = imported.add("select-classes-3d", **inputs, keep="1", least_probability=0.0)
    assert imported.drive(chosen)[0].state is RunState.FINISHED
    kept = chosen.outputs["particles"].to_polars()
    assert set(kept["id"]) == set(particles.filter(particles["class_number"] == 1)["id"])
    assert kept.height + chosen.outputs["rejected"].to_polars().height == COUNT
    assert chosen.outputs["classes"].to_polars()["class_number"].to_list() == [1]
    other = imported.add("select-classes-3d", **inputs)
    other.decide(leave_out="1")
    assert imported.drive(other)[0].state is RunState.FINISHED
    assert set(other.outputs["particles"].to_polars()["class_number"]) == {2}
    with pytest.raises(ParameterError, match="There is no class 7; there are 1-2"):
        other.decide(leave_out="7")
    nothing = imported.drive(imported.add("select-classes-3d", **inputs, keep="7"))[0]
    assert nothing.state is RunState.FAILED
    assert nothing.reason == "Keep 7: none of classes 1-2 is left; choose at least one to be kept."
    some = imported.add("select-classes-3d", **inputs, keep="2, 7")
    assert imported.drive(some)[0].state is RunState.FINISHED
    assert by_sentence(warnings_of(some.folder)) == {
        "Not all classes that are to be kept are found. Missing: 7; there are 1-2.": []
    }
    with pytest.raises(ParameterError, match="names no class"):
        imported.add("select-classes-3d", **inputs, keep="good")


def test_what_cannot_be_sorted_is_refused(imported):
    for values, sentence in (
        ({"reference_number": 2}, "there are 1 maps"),
        ({"classes": 12}, "ask for fewer classes"),
        ({"symmetry": "C2"}, "does not look alike under C2: at 20 Å it correlates with itself by"),
    ):
        run = imported.add("class3d", particles="1.particles", reference="2.volumes", **QUICK | values)
        end = imported.drive(run)[0]
        assert end.state is RunState.FAILED
        assert sentence in end.reason
    with pytest.raises(ParameterError):
        imported.add("class3d", particles="1.particles", reference="2.volumes", **QUICK | {"classes": 1})
    with pytest.raises(ParameterError, match="smaller number"):
        imported.add("class3d", particles="1.particles", reference="2.volumes", **QUICK | {"resolution": 30.0})


def test_the_tool_answers_with_all_that_it_has_made_and_refuses_what_does_not_fit(star, tmp_path, capsys):
    def call(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["tool", "class3d", *map(str, words), "--json"])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    truth = star.with_name("truth.mrc")
    options = ["--reference", truth, "--diameter", DIAMETER, "--resolution", 16, "--start-resolution", 20]
    options += ["--start-iterations", 2, "--iterations", 1, "--seed", 3]
    documents = []
    for name in ("one", "two"):
        status, out, err = call(star, *options, "--output", tmp_path / name)
        assert status == 0, err
        assert "This will take up to about" in err
        assert "not reproducible" in err
        documents.append(json.loads(out))
    first, second = documents
    assert first["reproducible"] is False
    assert abs(first["agreement"]) < first["agreement_needed"]
    assert first["maps"] == [str(tmp_path / f"one_class{number}.mrc") for number in (1, 2)]
    assert sum(one["particles"] for one in first["classes"]) == COUNT
    for one, two in zip(first["maps"], second["maps"], strict=True):
        assert Path(one).read_bytes() == Path(two).read_bytes()
    sorted_ = read_star(Path(first["particles"]))["particles"]
    given = read_star(star)["particles"]
    assert set(sorted_["rlnClassNumber"]) == {1, 2}
    assert np.allclose(sorted_["rlnAngleTilt"], given["rlnAngleTilt"])
    again = read_particle_file(Path(first["particles"]))
    assert len(load_particles(again.table, again.resolve, diameter=DIAMETER)) == COUNT

    small = tmp_path / "small.mrc"
    write_volume(small, np.ones((BOX - 2,) * 3, np.float32), pixel_size=PIXEL)
    status, _, err = call(star, *options, "--output", tmp_path / "no", "--mask", small)
    assert status == 1
    assert "resample the mask" in err
    blocks = read_star(star)
    unposed = tmp_path / "unposed.star"
    (tmp_path / "particles.mrcs").symlink_to(star.with_name("particles.mrcs"))
    poses = [name for name in blocks["particles"].columns if name.startswith("rlnAngle")]
    write_star(unposed, {**blocks, "particles": blocks["particles"].drop(poses)})
    status, _, err = call(unposed, *options, "--output", tmp_path / "no")
    assert status == 1
    assert "no orientation" in err
    defoci = [name for name in blocks["particles"].columns if name.startswith("rlnDefocus")]
    write_star(unposed, {**blocks, "particles": blocks["particles"].drop(defoci)})
    status, _, err = call(unposed, *options, "--output", tmp_path / "no")
    assert status == 1
    assert "CTF" in err


def test_all_copies_by_symmetry_are_sorted_without_symmetry(imported):
    copies = imported.add("expand-symmetry", particles="1.particles", symmetry="C2")
    inputs = {"particles": "3.particles", "reference": "2.volumes"}
    # The phantom has no symmetry; expanded, its particles make a map that still resembles it.
    run = imported.add("class3d", **inputs, **QUICK)
    end = imported.drive(copies, run)[-1]
    assert end.state is RunState.FINISHED, end.reason
    made = run.outputs["particles"].to_polars()
    assert made.height == 2 * COUNT
    same = ["id", "source_particle_id", "half_set", "rot", "tilt", "psi"]
    assert made.select(same).equals(copies.outputs["particles"].to_polars().select(same))
    assert not any("copies" in warning.sentence for warning in warnings_of(run.folder))
    imposed = imported.add("class3d", **inputs, **QUICK | {"symmetry": "C2", "accept_symmetry": True})
    imported.drive(imposed)
    assert any("further copies" in warning.sentence for warning in warnings_of(imposed.folder))


def test_a_reference_of_another_frame_is_refused(loaded, star):
    poses = check_known_poses(loaded)
    truth = mrcfile.read(star.with_name("truth.mrc"))
    mask = mask_of(truth, loaded.grid)
    check_frame(loaded, poses, truth, mask, "C1")
    turned = np.ascontiguousarray(np.rot90(truth, axes=(0, 1)))
    with pytest.raises(InputError, match="correlates with the reference by"):
        check_frame(loaded, poses, turned, mask_of(turned, loaded.grid), "C1")


def test_a_symmetry_that_the_reference_does_not_have_is_imposed_only_if_that_is_accepted(star):
    truth = mrcfile.read(star.with_name("truth.mrc"))
    sampled = {"pixel_size": PIXEL, "diameter": DIAMETER}
    assert check_symmetry(truth, "C1", **sampled).remarks == ()
    with pytest.raises(InputError, match=r"180° about Z.*align-to-symmetry.*go on all the same \(accept_symmetry\)"):
        check_symmetry(truth, "C2", **sampled)
    (remark,) = check_symmetry(truth, "C2", **sampled, accept=True).remarks
    assert "does not look alike under C2" in remark
    twofold = truth + np.roll(np.rot90(truth, 2, axes=(1, 2)), (1, 1), (1, 2))  # about the centre, n // 2
    assert check_symmetry(twofold, "C2", **sampled).remarks == ()


def test_what_lies_between_classes():
    assert share_between(np.array([0, 0, 1, 1]), np.array([1.0, 1.0, 3.0, 3.0])) == 1.0
    assert share_between(np.array([0, 1, 0, 1]), np.array([1.0, 1.0, 3.0, 3.0])) == 0.0
    assert share_between(np.array([0, 1]), np.array([2.0, 2.0])) == 0.0


@pytest.mark.full
def test_the_time_that_is_predicted_is_that_of_the_processor(loaded):
    """Within a factor of two; the processor's time, since others may use the machine at the same time."""
    settings = Classes3DSettings(resolution=13.0, start_resolution=15.0, start_iterations=3, iterations=1)
    poses = check_known_poses(loaded)
    mask = np.ones((BOX,) * 3, np.float32)
    list(classify3d(loaded.images, poses, loaded.half_sets, mask, settings))  # compiles
    spent, speeds = [], []
    for _ in range(3):  # others on the machine make it slower at times, never faster
        speeds.append(measure_speed())
        begin = time.process_time()
        list(classify3d(loaded.images, poses, loaded.half_sets, mask, settings))
        spent.append(time.process_time() - begin)
    told = predicted_seconds(settings, count=COUNT, box_size=BOX, pixel_size=PIXEL).sum() / max(speeds)
    assert 0.5 < told / min(spent) < 2.0, (told, spent)
