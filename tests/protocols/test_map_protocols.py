"""Protocols that make maps, as runs: what they make, that they go on after a fault, and what they say beforehand."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from types import SimpleNamespace

import mrcfile
import numpy as np
import pytest
from phantom_particles import BOX, COUNT, DIAMETER, PIXEL, write_particles

from cryoloom.engine.abinitio import AbInitioSettings, Confidence, ab_initio, predicted_seconds
from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.orientations import angular_distance, rotation_matrices
from cryoloom.engine.refinement import refine
from cryoloom.errors import ParameterError
from cryoloom.protocols.abinitio._runs import doubt_of, posed, share_done
from cryoloom.protocols.machine_speed import measure_speed
from cryoloom.protocols.particle_images import load_particles, read_particle_file, with_half_sets
from cryoloom.workflow.lane import Capacity
from cryoloom.workflow.predicting import predicted
from cryoloom.workflow.run import RunState


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


def map_files(run) -> dict[str, bytes]:
    folder = run.folder.files / "maps"
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


QUICK = {"diameter": DIAMETER, "iterations": 6, "batch_size": 30, "final_resolution": 20.0, "seed": 4, "runs": 1}


def test_reconstruct_gives_a_map_and_its_halves(imported, star):
    run = imported.add("reconstruct", particles="1.particles")
    assert imported.drive(run)[0].state is RunState.FINISHED
    (volume,) = run.outputs["volumes"].to_polars().iter_rows(named=True)
    assert (volume["box_size"], volume["pixel_size"], volume["symmetry"]) == (BOX, PIXEL, "C1")
    truth = mrcfile.read(star.with_name("truth.mrc"))
    made = mrcfile.read(imported.path / volume["file"])
    halves = [mrcfile.read(imported.path / volume[name]) for name in ("half1_file", "half2_file")]
    against_truth = fourier_shell_correlation(made, truth, pixel_size=PIXEL).correlation
    between = fourier_shell_correlation(*halves, pixel_size=PIXEL).correlation
    assert against_truth[1:8].min() > 0.9
    assert 0.2 < between[6] < against_truth[6]  # halves have half the particles, and noise of their own
    assert "C1" not in run.methods().text


@pytest.mark.filterwarnings("ignore:Data array contains NaN")
def test_damaged_images_are_failed_items_of_the_run(make_project, tmp_path):
    star = write_particles(tmp_path, count=40)
    images = mrcfile.read(star.with_name("particles.mrcs"))
    images[7, 3, 3] = np.nan
    mrcfile.write(star.with_name("particles.mrcs"), images, overwrite=True)
    project = make_project()
    source = project.add("import-particles", file=star)
    run = project.add("reconstruct", particles=source.outputs["particles"])
    ends = project.drive(source, run)
    assert ends[1].state is RunState.FINISHED
    assert "1 items were left out" in ends[1].reason
    (failed,) = run.failed_items()
    assert failed.label.endswith("particles.mrcs")
    assert failed.label.startswith("000008@")
    assert "finite" in failed.reason
    assert "1 particle was left out" in run.folder.newest_attempt().log_file.read_text()
    assert len(run.outputs["volumes"]) == 1


def test_abinitio_makes_maps_and_goes_on_from_its_last_iteration(imported, star, make_project, monkeypatch):
    run = imported.add("abinitio", particles="1.particles", classes=2, **QUICK)
    assert imported.drive(run)[0].state is RunState.FINISHED
    volumes, classes = (run.outputs[name].to_polars() for name in ("volumes", "classes"))
    assert volumes["id"].n_unique() == 2
    assert classes["share"].sum() == pytest.approx(1.0, abs=1e-6)
    assert set(volumes["hand"]) == {"undetermined"}
    shapes = {mrcfile.read(imported.path / name).shape for name in volumes["file"]}
    assert len(shapes) == 1
    assert "classes of" in run.folder.newest_attempt().end().reason
    particles, given = run.outputs["particles"].to_polars(), imported.run(1).outputs["particles"].to_polars()
    assert particles["id"].to_list() == given["id"].to_list()
    assert set(particles["class_number"]) <= {1, 2}
    assert not particles.select("rot", "tilt", "psi").equals(given.select("rot", "tilt", "psi"))

    other = make_project()
    source = other.add("import-particles", file=star)
    other.drive(source)
    again = other.add("abinitio", particles="1.particles", classes=2, **QUICK)
    iterated = []

    def torn(particles, settings, *, state=None, threads=1):
        for each in ab_initio(particles, settings, state=state, threads=threads):
            iterated.append(each.iteration)
            yield each
            if each.iteration == 3 and state is None:
                raise MemoryError("as a kill would end it")

    monkeypatch.setattr("cryoloom.protocols.abinitio._runs.ab_initio", torn)
    assert other.drive(again)[0].state is RunState.FAILED
    assert other.drive(again)[0].state is RunState.FINISHED
    assert iterated == [1, 2, 3, 4, 5, 6]
    assert map_files(again) == map_files(run)


def test_particles_of_a_first_map_get_their_poses_in_it(tmp_path):
    given = read_particle_file(write_particles(tmp_path, count=40, noise=0.5))
    particles = load_particles(given.table, given.resolve, diameter=DIAMETER)
    truth = mrcfile.read(tmp_path / "truth.mrc")
    state = SimpleNamespace(maps=np.stack([0.1 * truth[::-1], truth]), occupancy=np.array([0.5, 0.5]), resolution=15.0)
    found = posed(particles, AbInitioSettings(classes=2, shift_radius=15.0), state, threads=2).frame
    assert (found["class_number"] == 2).mean() > 0.95
    angles = [frame.select("rot", "tilt", "psi").to_numpy() for frame in (found, particles.table.frame)]
    error = angular_distance(*map(rotation_matrices, angles), np.eye(3)[None])
    assert np.median(error) < 6.0  # degrees; the phantom's finest detail is 12 Å at 60 Å from the centre
    moved = (found.select("shift_x", "shift_y") - particles.table.frame.select("shift_x", "shift_y")).to_numpy()
    assert np.median(np.hypot(*moved.T)) < PIXEL / 2


@pytest.fixture
def with_reference(make_project, tmp_path):
    """A project with some clear particles, and the truth as a map to start from."""
    star = write_particles(tmp_path, count=80, noise=0.5)
    project = make_project()
    runs = [
        project.add("import-particles", file=star),
        project.add("import-volume", file=star.with_name("truth.mrc")),
    ]
    assert [end.state for end in project.drive(*runs)] == [RunState.FINISHED] * 2
    return project


def test_refine_gives_map_halves_mask_poses_and_curves_and_goes_on(with_reference, tmp_path, monkeypatch):
    project = with_reference
    values = {"particles": "1.particles", "reference": "2.volumes", "diameter": DIAMETER, "iterations": 2}
    values["trust"] = "quick"
    run = project.add("refine", **values)
    end = project.drive(run)[0]
    assert end.state is RunState.FINISHED, end.reason
    (volume,) = run.outputs["volumes"].to_polars().iter_rows(named=True)
    truth = mrcfile.read(tmp_path / "truth.mrc")
    made = mrcfile.read(project.path / volume["file"])
    against_truth = fourier_shell_correlation(made, truth, pixel_size=PIXEL).correlation
    assert against_truth[1:7].min() > 0.8
    assert 2 * PIXEL <= volume["resolution"] < 40.0
    assert f"{volume['resolution']:.2f} Å" in end.reason
    mask = mrcfile.read(project.path / volume["mask_file"])
    assert (mask.min(), mask.max()) == (0.0, 1.0)
    assert mask[truth > 0.3 * truth.max()].mean() > 0.95
    posed = run.outputs["particles"].to_polars()
    given = project.run(1).outputs["particles"].to_polars()
    assert posed["id"].to_list() == given["id"].to_list()
    assert (
        posed["half_set"].to_list()
        == with_half_sets(project.run(1).outputs["particles"].latest().table()).frame["half_set"].to_list()
    )
    angles = [frame.select("rot", "tilt", "psi").to_numpy() for frame in (posed, given)]
    error = angular_distance(*map(rotation_matrices, angles), np.eye(3)[None])
    assert np.median(error) < 6.0  # degrees; the phantom's finest detail is 12 Å at 60 Å from the centre
    assert np.median(np.abs(posed["shift_x"] - given["shift_x"])) < PIXEL / 2
    curves = {row["curve"]: row for row in run.outputs["fscs"].to_polars().iter_rows(named=True)}
    assert {"unmasked", "masked", "corrected"} <= set(curves)
    assert list((run.folder.files / "partial").iterdir())  # maps that were shown while it ran
    page = project.path / volume["trust_file"]
    assert page.is_relative_to(run.folder.files / "trust")
    trust = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert trust["headline"]["resolution"] == volume["resolution"]
    assert trust["particles"] == [int((posed["half_set"] == half).sum()) for half in (1, 2)]
    assert "trust page" in page.read_text(encoding="utf-8")

    again = project.add("refine", **values)
    iterated = []

    def torn(*arguments, state=None, **more):
        for each in refine(*arguments, state=state, **more):
            iterated.append(each.iteration)
            yield each
            if each.iteration == 1 and state is None:
                raise MemoryError("as a kill would end it")

    monkeypatch.setattr("cryoloom.engine.refinement.refine", torn)
    assert project.drive(again)[0].state is RunState.FAILED
    assert project.drive(again)[0].state is RunState.FINISHED
    assert iterated == [1, 2]
    assert map_files(again) == map_files(run)
    columns = ["id", "rot", "tilt", "psi", "shift_x", "shift_y", "scale"]
    assert again.outputs["particles"].to_polars().select(columns).equals(posed.select(columns))


def test_refine_refuses_what_it_cannot_start_from(with_reference):
    values = {"particles": "1.particles", "reference": "2.volumes", "diameter": DIAMETER}
    run = with_reference.add("refine", **values, reference_number=2)
    end = with_reference.drive(run)[0]
    assert end.state is RunState.FAILED
    assert "there are 1 maps" in end.reason
    with pytest.raises(ParameterError):
        with_reference.add("refine", **values, symmetry="X")
    told = predicted(run)
    assert told is not None
    assert 0.2e9 < told.memory < 2e9


def test_what_no_other_run_has_found_is_doubted():
    assert doubt_of(None) == doubt_of(Confidence(0, np.array([0.9, 0.8]), 20.0)) == ""
    assert "correlate by 0.41" in doubt_of(Confidence(0, np.array([0.9, 0.41]), 20.0))
    seconds = np.array([1.0, 3.0])
    assert [share_done(iteration, seconds, 2) for iteration in (1, 2, 3, 4)] == [0.125, 0.5, 0.625, 1.0]
    assert share_done(5, seconds, 2) == 9 / 12  # a third run was needed


def test_settings_that_cannot_be_are_refused_when_the_run_is_added(imported):
    for values in ({"final_resolution": 50.0}, {"box_size": 33}, {"diameter": 1.0}):
        with pytest.raises(ParameterError):
            imported.add("abinitio", particles="1.particles", **QUICK | values)
    with pytest.raises(ParameterError, match="point group"):
        imported.add("reconstruct", particles="1.particles", symmetry="X3")


def test_the_time_that_is_predicted_is_that_of_the_processor(imported, star):
    """Within a factor of two; the processor's time, since others may use the machine at the same time."""
    given = read_particle_file(star)
    particles = load_particles(given.table, given.resolve, diameter=DIAMETER).images
    settings = AbInitioSettings(iterations=6, batch_size=60, final_resolution=14.0)
    spent, speeds = [], []
    for _ in range(3):  # others on the machine make it slower at times, never faster
        speeds.append(measure_speed())
        states = ab_initio(particles, settings)
        next(states)  # compiles
        begin = time.process_time()
        assert sum(1 for _ in states) == 5
        spent.append(time.process_time() - begin)
    told = predicted_seconds(settings, box_size=BOX, pixel_size=PIXEL)[1:].sum() / max(speeds)
    assert 0.5 < told / min(spent) < 2.0, (told, spent)


def test_a_run_says_beforehand_what_it_will_take(imported):
    short = predicted(imported.add("abinitio", particles="1.particles", **QUICK))
    values = QUICK | {"iterations": 5000, "batch_size": 5000, "classes": 20}
    long = predicted(imported.add("abinitio", particles="1.particles", **values))
    assert short is not None
    assert long is not None
    assert long.seconds > 1000 * short.seconds
    assert not short.advice
    (sentence,) = [sentence for sentence in long.advice if "more than a day" in sentence]
    assert "RELION" in sentence  # whether it is installed or not
    assert predicted(imported.run(1)) is None
    blind = imported.add("import-particles", file=Path(__file__))
    assert predicted(imported.add("reconstruct", particles=blind.outputs["particles"])) is None  # nothing is there yet


@pytest.mark.parametrize("protocol", ["class2d", "abinitio", "class3d", "refine", "reconstruct"])
def test_a_box_is_proposed_that_fits_the_memory(imported, star, protocol):
    reference = imported.add("import-volume", file=star.with_name("truth.mrc"))
    imported.drive(reference)
    inputs = {"particles": imported.run(1).outputs["particles"].latest()}
    more = {}
    if protocol in {"class3d", "refine"}:
        inputs["reference"], more = reference.outputs["volumes"].latest(), {"reference": "2.volumes"}
    if protocol != "reconstruct":
        more["diameter"] = DIAMETER
    if protocol == "refine":
        more["trust"] = "quick"  # nothing to advise but the box
    run = imported.add(protocol, particles="1.particles", **more)
    made = run.protocol()

    def memory(box_size: int) -> int:
        return made.resources(inputs, run.parameters.model_copy(update={"box_size": box_size})).memory

    available = (memory(BOX) + memory(16)) // 2
    (sentence,) = made.predict(inputs, run.parameters, Capacity(cpu=1, memory=available)).advice
    said = re.fullmatch(r"With box_size=(\d+) \(finest detail ([\d.]+) Å\) it fits\.", sentence)
    assert said is not None
    proposed = int(said[1])
    assert float(said[2]) == pytest.approx(2 * BOX * PIXEL / proposed, abs=0.05)
    assert memory(proposed) <= available < memory(proposed + 2)
    assert not made.predict(inputs, run.parameters, Capacity(cpu=1, memory=memory(BOX))).advice


def test_duplicates_are_set_apart(imported):
    """Particles lie 200 px of 1 Å apart, but for shifts of some 5 Å: nothing is near, until all of a row is."""
    none = imported.add("remove-duplicates", particles="1.particles")
    rows = imported.add("remove-duplicates", particles="1.particles", distance=230.0)
    assert imported.drive(none)[0].state is RunState.FINISHED
    assert imported.drive(rows)[0].state is RunState.FINISHED
    assert len(none.outputs["kept"]) == COUNT
    assert len(rows.outputs["kept"]) + len(rows.outputs["duplicates"]) == COUNT
    assert len(rows.outputs["kept"]) < 0.6 * COUNT
