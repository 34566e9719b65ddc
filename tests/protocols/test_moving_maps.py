"""Maps are brought to their axes and onto other maps, as runs; halves, masks and poses follow them."""

from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np
import polars as pl
import pytest
from scipy.spatial.transform import Rotation

from cryoloom.engine.alignment import RigidMotion, move_map, operator_correlations
from cryoloom.engine.maps import invert_hand
from cryoloom.engine.projection import project_volume
from cryoloom.formats import read_star, relion, write_star
from cryoloom.protocols.maps._poses import write_moved_poses, write_other_poses
from cryoloom.testing.microscope import pseudoprotein
from cryoloom.workflow.predicting import predicted
from cryoloom.workflow.run import RunState

BOX, PIXEL = 40, 6.0
MOTION = RigidMotion(Rotation.from_rotvec([0.9, -1.4, 0.5]).as_matrix(), np.array([4.0, -7.0, 2.5]))
ANGLES = np.random.default_rng(2).uniform([-180, 0, -180], [180, 180, 180], (4, 3))
SHIFTS = np.array([[n + 0.5, -2.0] for n in range(4)])


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """A body of C3 symmetry on its axis, the same askew with halves and mask, and poses in the latter."""
    folder = tmp_path_factory.mktemp("moving")
    volume = pseudoprotein().density_map(BOX, PIXEL)
    askew = move_map(volume, MOTION, pixel_size=PIXEL)
    for name, one in (("upright", volume), ("askew", askew), ("half1", 0.9 * askew), ("half2", 1.1 * askew)):
        mrcfile.write(folder / f"{name}.mrc", one.astype(np.float32), voxel_size=PIXEL)
    rows = "\n".join(
        f"{n:06d}@s.mrcs {a[0]:.6f} {a[1]:.6f} {a[2]:.6f} {s[0]} {s[1]} 1"
        for n, (a, s) in enumerate(zip(ANGLES, SHIFTS, strict=True), 1)
    )
    names = ("ImageName", "AngleRot", "AngleTilt", "AnglePsi", "OriginXAngst", "OriginYAngst", "OpticsGroup")
    head = "\n".join(f"_rln{name}" for name in names)
    optics = ("OpticsGroup", "OpticsGroupName", "Voltage", "SphericalAberration", "AmplitudeContrast")
    optics += ("ImagePixelSize", "ImageSize", "ImageDimensionality")
    (folder / "poses.star").write_text(
        "data_optics\n\nloop_\n"
        + "\n".join(f"_rln{name}" for name in optics)
        + f"\n1 one 300 2.7 0.1 {PIXEL} {BOX} 2\n\ndata_particles\n\nloop_\n{head}\n{rows}\n"
    )
    mrcfile.write(folder / "s.mrcs", np.zeros((4, BOX, BOX), np.float32), voxel_size=PIXEL)
    return folder


@pytest.fixture
def project(make_project, files):
    project = make_project()
    halves = {"half1": files / "half1.mrc", "half2": files / "half2.mrc"}
    runs = [
        project.add("import-volume", file=files / "askew.mrc", **halves),
        project.add("import-particles", file=files / "poses.star"),
        project.add("import-volume", file=files / "upright.mrc"),
    ]
    assert {end.state for end in project.drive(*runs)} == {RunState.FINISHED}
    return project


def images(volume: np.ndarray, angles: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    return project_volume(volume, angles, shifts, pixel_size=PIXEL)


def follow_each_other(project, run) -> np.ndarray:
    """The moved map; what is seen of it in the moved poses is what was seen before, but for two interpolations."""
    (volume,) = run.outputs["volumes"].to_polars().iter_rows(named=True)
    poses = run.outputs["particles"].to_polars().sort("index")
    moved = mrcfile.read(project.path / volume["file"])
    askew = mrcfile.read(project.path / project.run(1).outputs["volumes"].to_polars()["file"][0])
    angles, shifts = poses.select("rot", "tilt", "psi").to_numpy(), poses.select("shift_x", "shift_y").to_numpy()
    for before, after in zip(images(askew, ANGLES, SHIFTS), images(moved, angles, shifts), strict=True):
        assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.99
    half = mrcfile.read(project.path / volume["half2_file"])
    assert half == pytest.approx(1.1 * moved, abs=1e-3 * float(moved.max()))
    return moved


def add_mask(project, volume: np.ndarray) -> np.ndarray:
    """A mask about the map that is askew, as a set of its own."""
    settings = {"shape": "threshold", "threshold": 0.3 * float(volume.max()), "extension": 0.0, "edge": 2.0}
    run = project.add("create-mask", volumes="1.volumes", **settings)
    assert project.drive(run)[0].state is RunState.FINISHED
    (path,) = run.outputs["masks"].to_polars()["file"]
    return mrcfile.read(project.path / path).copy()


def moved_mask(project, run) -> np.ndarray:
    (path,) = run.outputs["masks"].to_polars()["file"]
    return mrcfile.read(project.path / path).copy()


def test_a_map_is_brought_to_the_axes_that_are_proposed(project, files):
    askew = mrcfile.read(files / "askew.mrc")
    before = add_mask(project, askew)
    given = {"volumes": "1.volumes", "particles": "2.particles", "masks": "4.masks"}
    run = project.add("align-to-symmetry", **given)
    end = project.drive(run)[0]
    assert end.state is RunState.FINISHED, end.reason
    moved = follow_each_other(project, run)
    assert operator_correlations(moved, "C3", pixel_size=PIXEL).min() > 0.95
    assert "C3, correlation at least" in end.reason
    mask = moved_mask(project, run)
    assert 0 <= mask.min() < mask.max() <= 1
    # What surrounds a body of C3 symmetry looks alike from three sides of its axis, if it lies where the body does.
    least = [operator_correlations(one, "C3", pixel_size=PIXEL).min() for one in (before, mask)]
    assert least[0] < 0.7
    assert least[1] > 0.9
    inverted = project.add("invert-hand", **given)
    assert project.drive(inverted)[0].state is RunState.FINISHED
    assert np.array_equal(moved_mask(project, inverted), invert_hand(before))


def test_a_group_that_a_map_does_not_have_is_warned_of(project):
    run = project.add("align-to-symmetry", volumes="1.volumes", symmetry="C4", volume_number=1)
    assert project.drive(run)[0].state is RunState.FINISHED
    assert "does not look alike under C4" in run.folder.newest_attempt().log_file.read_text()
    assert len(run.outputs["particles"]) == len(run.outputs["masks"]) == 0
    beyond = project.add("align-to-symmetry", volumes="1.volumes", volume_number=2)
    assert predicted(beyond) is None
    assert "there are 1 maps" in project.drive(beyond)[0].reason


def test_more_work_is_said_to_take_longer(project):
    given = {"volumes": "1.volumes", "reference": "3.volumes"}
    told = [
        predicted(project.add(protocol, **values))
        for protocol, values in (
            ("fit-map", given),
            ("fit-map", given | {"mirror": True}),
            ("align-to-symmetry", {"volumes": "1.volumes", "symmetry": "C3"}),
            ("align-to-symmetry", {"volumes": "1.volumes"}),
            ("fit-map", {"volumes": "3.volumes", "reference": "1.volumes"}),  # without halves
        )
    ]
    assert all(one is not None for one in told)
    fit, both_hands, group, proposal, alone = (one.seconds for one in told if one is not None)
    assert both_hands > fit > alone > 0.0
    assert proposal > group > 0.0


def test_a_map_is_fitted_onto_another_one(project, files):
    run = project.add("fit-map", volumes="1.volumes", reference="3.volumes", particles="2.particles", resolution=18.0)
    end = project.drive(run)[0]
    assert end.state is RunState.FINISHED, end.reason
    moved = follow_each_other(project, run)
    upright = mrcfile.read(files / "upright.mrc")
    assert np.corrcoef(moved.ravel(), upright.ravel())[0, 1] > 0.98
    assert "correlation 0.9" in end.reason


MOTIONS = {"turned": MOTION, "mirrored": RigidMotion(MOTION.rotation, MOTION.shift, True)}


@pytest.fixture
def told(files, tmp_path) -> Path:
    """Poses of which it is told where they were found, but for the last, which another program has found since."""
    table = relion.read_particles(files / "poses.star").table
    found = pl.Series("poses_from", ["halves", "together", "halves", "together"])
    there = pl.lit(str(files / "s.mrcs")).alias("file")
    shared = pl.Series("shared_resolution", [15.0, None, 15.0, None])
    relion.write_particles(tmp_path / "told.star", table.with_frame(table.frame.with_columns(found, shared, there)))
    blocks = read_star(tmp_path / "told.star")
    shifts = pl.col("rlnOriginXAngst") + pl.Series([0.0, 0.0, 0.0, 1.25])
    write_star(tmp_path / "told.star", {**blocks, "particles": blocks["particles"].with_columns(shifts)})
    return tmp_path / "told.star"


TOLD = [("halves", 15.0), ("together", None), ("halves", 15.0), ("", None)]


def what_is_told(frame: pl.DataFrame) -> list[tuple[str, float | None]]:
    return frame.sort("index").select("poses_from", "shared_resolution").rows()


@pytest.mark.parametrize("motion", MOTIONS.values(), ids=MOTIONS)
def test_a_star_file_of_moved_poses_tells_where_they_were_found(told, motion):
    moved = told.with_name("moved.star")
    assert write_moved_poses(told, moved, motion) == 4
    before, after = (relion.read_particles(path).table.frame for path in (told, moved))
    # The map moved by several Å, so that no shift passes by chance for the one that the file told of.
    assert (before["shift_x"] - after["shift_x"]).abs().min() > 0.1
    assert what_is_told(before) == what_is_told(after) == TOLD
    assert write_moved_poses(moved, told.with_name("again.star"), motion) == 4
    assert what_is_told(relion.read_particles(told.with_name("again.star")).table.frame) == TOLD
    write_other_poses(told, told.with_name("hand.star"))
    assert what_is_told(relion.read_particles(told.with_name("hand.star")).table.frame) == TOLD


def test_sets_of_moved_poses_tell_where_they_were_found(project, told):
    runs = [
        project.add("import-particles", file=told),
        project.add("align-to-symmetry", volumes="1.volumes", particles="4.particles"),
        project.add("fit-map", volumes="1.volumes", reference="3.volumes", particles="4.particles"),
        project.add("invert-hand", volumes="1.volumes", particles="4.particles"),
    ]
    assert {end.state for end in project.drive(*runs)} == {RunState.FINISHED}
    for run in runs:
        assert what_is_told(run.outputs["particles"].to_polars()) == TOLD


def test_files_that_do_not_tell_it_tell_nothing_after_they_moved(files, tmp_path):
    write_moved_poses(files / "poses.star", tmp_path / "moved.star", MOTION)
    columns = (read_star(path)["particles"].columns for path in (files / "poses.star", tmp_path / "moved.star"))
    assert next(columns) == next(columns)


def test_poses_without_shifts_are_moved_and_get_some(files, tmp_path):
    """As other programs write them; what is missing counts as 0."""
    blocks = read_star(files / "poses.star")
    bare = blocks["particles"].select(pl.exclude("^rlnOrigin.*$", "^cryoloom_.*$"))
    zero = bare.with_columns(rlnOriginXAngst=pl.lit(0.0), rlnOriginYAngst=pl.lit(0.0))
    moved = {}
    for name, table in (("bare", bare), ("zero", zero)):
        write_star(tmp_path / f"{name}.star", {**blocks, "particles": table})
        write_moved_poses(tmp_path / f"{name}.star", tmp_path / f"{name}_moved.star", MOTION)
        moved[name] = read_star(tmp_path / f"{name}_moved.star")["particles"]
    assert moved["bare"].height == bare.height > 0
    assert (
        moved["bare"].select(sorted(moved["bare"].columns)).equals(moved["zero"].select(sorted(moved["zero"].columns)))
    )
