"""The tools fit-map and symmetry: maps and poses move together, and what is told of them is true."""

import json

import mrcfile
import numpy as np
import pytest
import starfile
from scipy.spatial.transform import Rotation

from cryoloom.cli.main import main
from cryoloom.engine.alignment import RigidMotion, move_map, operator_correlations
from cryoloom.engine.projection import project_volume
from cryoloom.testing.microscope import pseudoprotein

BOX, PIXEL = 40, 6.0
MOTION = RigidMotion(Rotation.from_rotvec([0.9, -1.4, 0.5]).as_matrix(), np.array([4.0, -7.0, 2.5]), True)


def run(capsys, *arguments):
    status = 0
    try:
        main(["tool", *(str(argument) for argument in arguments)])
    except SystemExit as leaving:
        status = int(leaving.code or 0)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The body's map, and another one that is its mirror image, turned and shifted, with poses in that."""
    folder = tmp_path_factory.mktemp("alignment")
    volume = pseudoprotein().density_map(BOX, PIXEL)
    moved = move_map(volume, MOTION, pixel_size=PIXEL)
    mrcfile.write(folder / "still.mrc", volume, voxel_size=PIXEL)
    mrcfile.write(folder / "moved.mrc", moved, voxel_size=PIXEL)
    angles = np.random.default_rng(2).uniform([-180, 0, -180], [180, 180, 180], (4, 3))
    rows = "\n".join(f"{n}@s.mrcs {a[0]:.6f} {a[1]:.6f} {a[2]:.6f} {n}.5 -2" for n, a in enumerate(angles, 1))
    names = ("ImageName", "AngleRot", "AngleTilt", "AnglePsi", "OriginXAngst", "OriginYAngst")
    head = "\n".join(f"_rln{name}" for name in names)
    (folder / "poses.star").write_text(f"data_particles\n\nloop_\n{head}\n{rows}\n")
    return folder


def images(map_file, star_file):
    poses = starfile.read(star_file)
    angles = poses[["rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi"]].to_numpy()
    shifts = poses[["rlnOriginXAngst", "rlnOriginYAngst"]].to_numpy().astype(float)
    return project_volume(mrcfile.read(map_file), angles, shifts, pixel_size=PIXEL)


def test_a_map_is_fitted_and_its_poses_follow(files, capsys, tmp_path):
    status, out, err = run(
        capsys, "fit-map", files / "moved.mrc", "--to", files / "still.mrc", "--mirror", "--resolution", 18,
        "--output", tmp_path / "fitted.mrc", "--particles", files / "poses.star",
        "--output-particles", tmp_path / "poses.star", "--json",
    )  # fmt: skip
    assert status == 0, err
    told = json.loads(out)
    assert told["inverted"]
    assert told["count"] == 4
    # Both maps were interpolated once, and their corners lost what came from outside the box.
    assert told["correlation"] > 0.98
    fitted, still = mrcfile.read(tmp_path / "fitted.mrc"), mrcfile.read(files / "still.mrc")
    assert np.corrcoef(fitted.ravel(), still.ravel())[0, 1] > 0.97
    after = images(tmp_path / "fitted.mrc", tmp_path / "poses.star")
    before = images(files / "moved.mrc", files / "poses.star")
    assert min(np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(after, before, strict=True)) > 0.97


def test_the_symmetry_of_a_map_is_proposed_and_its_axes_found(files, capsys, tmp_path):
    given = ("symmetry", files / "moved.mrc", "--output", tmp_path / "upright.mrc", "--json")
    status, out, err = run(capsys, *given, "--resolution", 25)
    assert status == 0, err
    told = json.loads(out)
    assert told["group"] == "C3"
    assert told["proposed"]
    assert len(told["correlations"]) == 3
    upright = mrcfile.read(tmp_path / "upright.mrc")
    assert operator_correlations(upright, "C3", pixel_size=PIXEL, resolution=25.0).min() > 0.97


def test_a_group_that_the_map_lacks_is_told_as_it_is(files, capsys):
    status, out, err = run(capsys, "symmetry", files / "still.mrc", "--group", "c4", "--json")
    assert status == 0, err
    told = json.loads(out)
    assert (told["group"], told["proposed"], told["map"]) == ("C4", False, None)
    assert min(told["correlations"]) < 0.5
    assert told["has_symmetry"] is False
    (remark,) = told["remarks"]
    assert "does not look alike under C4" in remark
    assert f"by {min(told['correlations']):.2f} (" in remark
    assert [one["angle"] for one in told["operators"]] == pytest.approx([90.0, 180.0, 270.0])
    assert [one["correlation"] for one in told["operators"]] == told["correlations"][1:]
    assert remark in err
    below = ", ".join(
        f"{one:.2f} ({angle}°)" for one, angle in zip(told["correlations"][1:], (90, 180, 270), strict=True)
    )
    assert f"  about Z: {below}\n" in err
    status, out, err = run(capsys, "symmetry", files / "still.mrc", "--group", "c4")
    assert status == 0, err
    assert "not C4, correlation" in out
    status, out, err = run(capsys, "symmetry", files / "still.mrc", "--group", "c3", "--json")
    assert (json.loads(out)["has_symmetry"], json.loads(out)["remarks"]) == (True, [])
    assert "does not look alike" not in err


def test_a_map_of_other_sampling_is_fitted_to_and_that_is_said(files, capsys, tmp_path):
    finer = tmp_path / "finer.mrc"
    mrcfile.write(finer, pseudoprotein().density_map(60, 4.0), voxel_size=4.0)
    status, out, err = run(
        capsys, "fit-map", files / "moved.mrc", "--to", finer, "--mirror", "--resolution", 18,
        "--output", tmp_path / "fitted.mrc", "--json",
    )  # fmt: skip
    assert status == 0, err
    told = json.loads(out)
    assert told["remarks"] == ["finer.mrc, 60 px of 4.000 Å, was sampled as moved.mrc is, 40 px of 6.000 Å."]
    assert told["remarks"][0] in err
    assert told["pixel_size"] == PIXEL
    assert told["correlation"] > 0.98
    fitted, still = mrcfile.read(tmp_path / "fitted.mrc"), mrcfile.read(files / "still.mrc")
    assert np.corrcoef(fitted.ravel(), still.ravel())[0, 1] > 0.97


def test_shifts_in_pixels_are_refused(files, capsys, tmp_path):
    old = tmp_path / "old.star"
    old.write_text((files / "poses.star").read_text().replace("Angst", ""))
    status, _, err = run(
        capsys, "symmetry", files / "still.mrc", "--group", "C3", "--particles", old,
        "--output-particles", tmp_path / "new.star",
    )  # fmt: skip
    assert status == 1
    assert "shifts in pixels" in err
