"""A refinement goes on from the poses that particles have: from files, in a project, and in a finer sampling."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import mrcfile
import numpy as np
import polars as pl
import pytest
from phantom_particles import DIAMETER, PIXEL, write_particles
from phantoms import blobs
from scipy.spatial.transform import Rotation

from cryoloom.cli.main import main
from cryoloom.data import OpticsGroup, Particle, Table, digest
from cryoloom.engine.abinitio import AbInitioSettings
from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.maps import resample
from cryoloom.engine.orientations import angular_distance, euler_angles, rotation_matrices
from cryoloom.engine.projection import project_volume
from cryoloom.engine.refinement import RefinementSettings, refine
from cryoloom.engine.symmetry import point_group
from cryoloom.errors import InputError
from cryoloom.formats import relion, write_image, write_volume
from cryoloom.protocols.abinitio._runs import posed
from cryoloom.protocols.change_box._compute import Source, re_extract
from cryoloom.protocols.change_box._sampling import Wanted
from cryoloom.protocols.particle_images import load_particles, read_particle_file
from cryoloom.protocols.reconstruct._compute import map_of, sums_of
from cryoloom.protocols.refine._start import check_goes_on, local_start
from cryoloom.protocols.refined import refined
from cryoloom.protocols.symmetry._expand import expanded
from cryoloom.workflow.predicting import predicted
from cryoloom.workflow.run import RunState
from cryoloom.workflow.warned import warnings_of

ANGLES, SHIFTS = ["rot", "tilt", "psi"], ["shift_x", "shift_y"]


def led_astray(frame: pl.DataFrame, degrees: float, distance: float) -> pl.DataFrame:
    """Poses that are a little wrong, in half sets that are known."""
    random = np.random.default_rng(21)
    turns = Rotation.from_rotvec(random.normal(0, degrees / np.sqrt(3), (frame.height, 3)), degrees=True).as_matrix()
    angles = euler_angles(turns @ rotation_matrices(frame.select(ANGLES).to_numpy()))
    shifts = frame.select(SHIFTS).to_numpy() + random.normal(0, distance / np.sqrt(2), (frame.height, 2))
    named = zip([*ANGLES, *SHIFTS], [*angles.T, *shifts.T], strict=True)
    halves = pl.Series("half_set", 1 + np.arange(frame.height) % 2)
    return frame.with_columns(halves, *(pl.Series(name, np.ascontiguousarray(values)) for name, values in named))


def errors(frame: pl.DataFrame, truth: pl.DataFrame) -> tuple[float, float]:
    """Medians, in degrees and Å."""
    turned = angular_distance(*(rotation_matrices(one.select(ANGLES).to_numpy()) for one in (frame, truth)))
    moved = (frame.select(SHIFTS) - truth.select(SHIFTS)).to_numpy()
    return float(np.median(turned)), float(np.median(np.hypot(*moved.T)))


@pytest.fixture
def star(tmp_path) -> Path:
    return write_particles(tmp_path, count=60, noise=0.5)


def changed(star: Path, change) -> Path:
    """The particles with another table."""
    table = read_particle_file(star).table
    target = star.with_name("changed.star")
    relion.write_particles(target, table.with_frame(change(table.frame)))
    return target


def called(capsys, star: Path, *more: object) -> tuple[int, str, str]:
    words = ["tool", "refine", star, "--reference", star.with_name("truth.mrc"), "--diameter", DIAMETER]
    with pytest.raises(SystemExit) as left:
        main([str(each) for each in (*words, "--search", "local", "--output", star.with_name("fine"), *more)])
    out, err = capsys.readouterr()
    return left.value.code or 0, out, err


def test_what_cannot_go_on_is_refused_before_it_starts(star, capsys):
    def refused(star: Path, *more: object) -> str:
        code, _, said = called(capsys, star, *more)
        assert code == 1
        assert not list(star.parent.glob("fine*"))
        return said

    assert "drawn now would not be independent" in refused(star)
    near = changed(star, lambda frame: led_astray(frame, 0.0, 0.0))
    assert "must then not be moved away" in refused(near, "--align-reference")
    assert "Bring it and its particles to the axes" in refused(near, "--symmetry", "C3")
    truth = near.with_name("truth.mrc")
    assert "Give both half maps" in refused(near, "--half1", truth)
    turned = near.with_name("turned.mrc")
    write_volume(turned, np.ascontiguousarray(mrcfile.read(truth).transpose(1, 2, 0)), pixel_size=PIXEL)
    assert "give the map that the particles were refined to" in refused(near, "--reference", turned)
    half_maps = ("--half1", truth, "--half2", truth)
    assert "for a local search" in refused(near, *half_maps, "--search", "everywhere")
    together = changed(star, lambda frame: led_astray(frame, 0.0, 0.0).with_columns(poses_from=pl.lit("together")))
    assert "found in one map of all of them" in refused(together)
    unposed = changed(star, lambda frame: led_astray(frame, 0.0, 0.0).drop(ANGLES))
    assert "there is none to look about" in refused(unposed)


def test_poses_of_a_first_map_are_not_taken_for_those_of_half_sets(star):
    """Half sets are drawn when particles are read, and stay; it is another question where poses were found."""
    given = read_particle_file(star)
    loaded = load_particles(given.table.with_frame(given.table.frame.head(8)), given.resolve, diameter=DIAMETER)
    first = SimpleNamespace(maps=[mrcfile.read(star.with_name("truth.mrc"))], occupancy=[1.0], resolution=30.0)
    relion.write_particles(star, posed(loaded, AbInitioSettings(shift_radius=10.0), first))
    found = read_particle_file(star).table
    assert found.frame["half_set"].to_list() == loaded.half_sets.tolist()
    with pytest.raises(InputError, match="found in one map of all of them"):
        check_goes_on(found)


def test_the_tool_goes_on_from_poses_and_half_maps(star, capsys):
    truth = read_particle_file(star).table.frame
    near = changed(star, lambda frame: led_astray(frame, 5.0, 5.0))
    given = read_particle_file(near).table.frame
    halves = ("--half1", star.with_name("truth.mrc"), "--half2", star.with_name("truth.mrc"))
    code, out, err = called(capsys, near, *halves, "--iterations", 3, "--trust", "quick", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["search"] == "local"
    assert "each half set in its half of the reference at 20 Å" in err
    assert "do not tell where their poses were found" in err
    found = read_particle_file(Path(told["particles"])).table.frame
    assert found["half_set"].to_list() == given["half_set"].to_list()
    assert errors(found, truth)[0] < 0.6 * errors(given, truth)[0]
    assert errors(found, truth)[1] < PIXEL / 4 < errors(given, truth)[1]
    assert set(found["poses_from"]) == {"halves"}
    # Nobody told what the half sets were shown before, and each started from a map of its own.
    assert "if it was finer, give it (--shared-resolution)" in err
    assert set(found["shared_resolution"]) == {40.0}


def test_particles_tell_the_tool_up_to_where_halves_were_shown_the_same(star, capsys):
    """What they tell goes before 40 Å, what is given before both; a start that both are shown counts in any case."""
    near = changed(
        star,
        lambda frame: led_astray(frame, 0.0, 0.0).with_columns(poses_from=pl.lit("halves"), shared_resolution=15.0),
    )
    halves = ("--half1", star.with_name("truth.mrc"), "--half2", star.with_name("truth.mrc"))
    brief = ("--iterations", 2, "--trust", "quick", "--overwrite", "--json")
    for more, expected in ((halves, 15.0), ((*halves, "--shared-resolution", 25), 25.0), ((), 15.0)):
        code, out, err = called(capsys, near, *more, *brief)
        assert code == 0, err
        assert "--shared-resolution" not in err
        assert f"taken for evidence beyond {expected:g} Å only" in err
        found = read_particle_file(Path(json.loads(out)["particles"])).table.frame
        assert set(found["shared_resolution"]) == {expected}


def test_a_run_goes_on_and_after_an_interruption_to_the_same(star, make_project, monkeypatch):
    near = changed(star, lambda frame: led_astray(frame, 5.0, 5.0))
    project = make_project()
    sources = (
        project.add("import-particles", file=near),
        project.add("import-volume", file=star.with_name("truth.mrc")),
    )
    project.drive(*sources)
    values = {"particles": "1.particles", "reference": "2.volumes", "diameter": DIAMETER, "iterations": 2}
    run = project.add("refine", **values, search="local", trust="quick")
    (end,) = project.drive(run)
    assert end.state is RunState.FINISHED, end.reason
    said = [one.sentence for one in warnings_of(run.folder)]
    assert any("of the poses that they come with, each half set in the reference at 20 Å" in one for one in said)
    assert any("if it was finer, give it (shared_resolution)" in one for one in said)
    assert "by local searches" in run.methods().text
    told, everywhere = (predicted(one) for one in (run, project.add("refine", **values, trust="quick")))
    assert told.seconds < 0.5 * everywhere.seconds
    truth, refined_ones = read_particle_file(star).table.frame, run.outputs["particles"].to_polars()
    assert set(refined_ones["poses_from"]) == {"halves"}
    assert set(refined_ones["shared_resolution"]) == {20.0}  # both half sets were shown the reference
    assert errors(refined_ones, truth)[0] < 0.6 * errors(project.run(1).outputs["particles"].to_polars(), truth)[0]

    again = project.add("refine", **values, search="local", trust="quick")
    iterated = []

    def torn(*arguments, state=None, **more):
        for each in refine(*arguments, state=state, **more):
            iterated.append(each.iteration)
            yield each
            if state is None:
                raise MemoryError("as a kill would end it")

    monkeypatch.setattr("cryoloom.engine.refinement.refine", torn)
    assert [project.drive(again)[0].state for _ in range(2)] == [RunState.FAILED, RunState.FINISHED]
    assert iterated == [1, 2]
    columns = ["id", *ANGLES, *SHIFTS, "scale"]
    assert again.outputs["particles"].to_polars().select(columns).equals(refined_ones.select(columns))
    maps = [sorted(one.folder.files.glob("maps/*")) for one in (run, again)]
    assert [path.read_bytes() for path in maps[0]] == [path.read_bytes() for path in maps[1]]


def test_copies_by_symmetry_stay_where_they_are_without_it(star):
    """Of the phantom, which has no symmetry, one copy of three is right; a search everywhere would find it thrice."""
    given = read_particle_file(changed(star, lambda frame: led_astray(frame, 0.0, 0.0)))
    copies = expanded(given.table, point_group("C3"))
    loaded = load_particles(copies, given.resolve, diameter=DIAMETER, duplicates_within=20.0, copies=True)
    assert len(loaded) == 180
    settings = RefinementSettings(initial_resolution=20.0, iterations=2)
    reference = map_of(sums_of(loaded, np.arange(180)), loaded.images, point_group("C1"))
    start = local_start(loaded, reference, None, settings, None, threads=2)
    assert np.array_equal(start.sources, np.repeat(np.arange(0, 180, 3), 3))
    *_, last = refine(
        loaded.images, loaded.half_sets, reference, settings, poses=start.poses, sources=start.sources, threads=2
    )
    assert angular_distance(last.rotations, start.poses.rotations).max() < 30.0  # copies are 120° apart
    halves = loaded.half_sets.reshape(-1, 3)
    assert (halves == halves[:, :1]).all()


FINE, FIELD, NAMES = 3.0, 560, ("one.mrc", "two.mrc", "three.mrc", "four.mrc")


def fine_phantom() -> np.ndarray:
    """Blobs of 3 Å, which pixels of 6 Å do not resolve."""
    random = np.random.default_rng(5)
    return blobs(random.normal(size=(40, 3)) * [9.0, 7.0, 5.0], random.uniform(0.5, 1.5, 40), 1.0, box=64)


def write_session(folder: Path, truth: np.ndarray) -> tuple[Table, dict[int, Source]]:
    """Micrographs of the phantom, and where its particles are, with true poses."""
    random, rows, sources = np.random.default_rng(8), [], {}
    optics = OpticsGroup.describe(
        name="one", voltage=300.0, spherical_aberration=0.0, amplitude_contrast=1.0, detector_pixel_size=FINE
    )
    centres = np.array([(x, y) for y in range(70, FIELD - 40, 100) for x in range(70, FIELD - 40, 100)])
    for name in NAMES:
        identity = digest("micrograph", name.encode())
        angles = random.uniform([-180, 0, -180], [180, 180, 180], (len(centres), 3))
        shifts = random.uniform(-5, 5, (len(centres), 2))
        field = np.zeros((FIELD, FIELD), np.float32)
        for (x, y), stamp in zip(centres, project_volume(truth, angles, shifts, pixel_size=FINE), strict=True):
            field[y - 32 : y + 32, x - 32 : x + 32] += stamp
        field += random.normal(0, 0.5 * field.std(), field.shape).astype(np.float32)
        write_image(folder / name, field, pixel_size=FINE)
        sources[identity] = Source(folder / name, name, FINE, 1)
        rows += [
            Particle(
                id=len(rows) + number + 1,
                micrograph_id=identity,
                micrograph_file=name,
                x=float(centre[0]),
                y=float(centre[1]),
                file="none.mrcs",
                index=0,
                pixel_size=FINE,
                box_size=64,
                defocus_u=1.0,
                defocus_v=1.0,
                defocus_angle=0.0,
                half_set=1 + number % 2,
                **dict(zip([*ANGLES, *SHIFTS], [*angle, *shift], strict=True)),
            ).with_optics(optics)
            for number, (centre, angle, shift) in enumerate(zip(centres, angles, shifts, strict=True))
        ]
    return Table.of(rows, "particles"), sources


def resolution_of(made: np.ndarray, truth: np.ndarray, pixel_size: float) -> float:
    known = resample(truth, pixel_size=FINE, new_pixel_size=pixel_size, box_size=len(made))
    return fourier_shell_correlation(made, known, pixel_size=pixel_size).resolution(0.5)


def test_in_finer_pixels_it_resolves_more_and_poses_stay(tmp_path):
    """Refined about poses that are a little wrong in pixels of 6 Å, cut out anew in pixels of 3 Å, and refined on."""
    truth = fine_phantom()
    exact, sources = write_session(tmp_path, truth)
    table = exact.with_frame(led_astray(exact.frame, 4.0, 3.0).with_columns(exact.frame["half_set"]))
    settings = RefinementSettings(initial_resolution=20.0, iterations=4)
    halves, sampling, resolutions, errors = np.stack([truth] * 2), FINE, [], []
    for box, pixel in ((32, 6.0), (64, FINE)):
        files = {one: tmp_path / f"{one}_{box}.mrcs" for one in sources}
        made = re_extract(
            table,
            sources,
            Wanted(box, pixel),
            lambda one, files=files: (files[one], files[one].name),
            resolve=tmp_path.joinpath,
        )
        loaded = load_particles(made.table(table), lambda name: tmp_path / name, diameter=150.0)
        given = [resample(one, pixel_size=sampling, new_pixel_size=pixel, box_size=box) for one in halves]
        start = local_start(loaded, given[0], np.stack(given), settings, None, threads=2)
        near = {"poses": start.poses, "sources": start.sources}
        *_, state = refine(loaded.images, loaded.half_sets, start.reference, settings, **near, threads=2)
        halves, sampling = state.half_maps, pixel
        table = refined(loaded, state, symmetry="C1").particles
        resolutions.append(resolution_of(state.combined_map, truth, pixel))
        errors.append(place_and_pose(table.frame, exact.frame))
    assert resolutions[0] < 13.0  # pixels of 6 Å show nothing beyond 12 Å
    assert resolutions[1] < 8.0
    (turned, moved), (turned_at_last, moved_at_last) = errors
    assert turned_at_last <= turned < 3.0  # of 4° on average
    assert moved_at_last <= moved < 1.5


def place_and_pose(frame: pl.DataFrame, truth: pl.DataFrame) -> tuple[float, float]:
    """Medians of the angles in degrees, and of the distances in Å between particles in their micrographs."""
    frame, truth = frame.sort("id"), truth.sort("id")
    turned = angular_distance(*(rotation_matrices(one.select(ANGLES).to_numpy()) for one in (frame, truth)))
    first, second = (one.select("x", "y").to_numpy() * FINE - one.select(SHIFTS).to_numpy() for one in (frame, truth))
    return float(np.median(turned)), float(np.median(np.hypot(*(first - second).T)))
