"""A script may give `--json`, `--seed` and `--threads` to whichever tool it calls."""

from __future__ import annotations

import json
from pathlib import Path

import mrcfile
import numpy as np
import pytest

from cryoloom.cli.main import TOOLS, command_of, main
from cryoloom.cli.output import emit
from cryoloom.engine.maps import low_pass, soft_sphere

BOX, PIXEL = 32, 3.0
COMMON = ["--seed", "5", "--threads", "2", "--json"]


@pytest.mark.parametrize("name", TOOLS)
def test_every_tool_declares_what_all_of_them_take(name: str) -> None:
    declared = {option: one for one in command_of(name, TOOLS[name]).params for option in one.opts}
    for option in ("--json", "--seed", "--threads"):
        assert option in declared
        assert declared[option].help


@pytest.fixture
def halves(tmp_path: Path) -> list[Path]:
    """Halves whose resolution the random phases move: a body in as much noise."""
    random = np.random.default_rng(4)
    texture = low_pass(random.normal(size=(BOX,) * 3).astype(np.float32), 9.0, pixel_size=PIXEL)
    body = soft_sphere(BOX, 7.0, 3.0) * (0.5 + texture)
    paths = [tmp_path / f"half{number}.mrc" for number in (1, 2)]
    for path in paths:
        noisy = body + random.normal(0, body.std(), body.shape)
        mrcfile.write(path, noisy.astype(np.float32), voxel_size=PIXEL)
    return paths


def answer(capsys: pytest.CaptureFixture[str], *words: object) -> dict:
    with pytest.raises(SystemExit) as left:
        main(["tool", *map(str, words)])
    told = capsys.readouterr()
    assert not left.value.code, told.err
    return json.loads(told.out)


def test_tools_that_need_no_seed_or_threads_work_with_them(halves, tmp_path, capsys) -> None:
    makes = {"resample": ["--box", 24], "mask": [], "invert-hand": []}
    for name, options in makes.items():
        output = tmp_path / f"{name}.mrc"
        answer(capsys, name, halves[0], *options, "--output", output, *COMMON)
        assert output.exists()
    mean = tmp_path / "mean.mrc"
    answer(capsys, "combine-maps", *halves, "--operation", "mean", "--output", mean, *COMMON)
    assert np.allclose(mrcfile.read(mean), 0.5 * (mrcfile.read(halves[0]) + mrcfile.read(halves[1])), atol=1e-6)


def test_the_seed_draws_the_random_phases(halves, tmp_path, capsys) -> None:
    local = ("localres", *halves, "--output", tmp_path / "local.mrc", "--json")
    first, again, other = (answer(capsys, *local, "--seed", seed)["resolution"] for seed in (3, 3, 4))
    assert first == again
    assert first != other
    given = ("directions", *halves, "--json")
    first, again, other = (answer(capsys, *given, "--seed", seed)["mean"] for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_a_document_holds_no_value_that_is_no_number(capsys) -> None:
    for value in (float("nan"), np.float32("inf"), np.array([1.0, np.nan])):
        with pytest.raises(ValueError, match="not JSON compliant"):
            emit({"resolution": value}, as_json=True, text="")
    assert capsys.readouterr().out == ""


def test_masked_halves_and_weak_masks_are_told(halves, tmp_path, capsys) -> None:
    ball = soft_sphere(BOX, 8.0, 4.0)
    mrcfile.write(tmp_path / "ball.mrc", ball, voxel_size=PIXEL)
    mrcfile.write(tmp_path / "weak.mrc", np.float32(0.4) * ball, voxel_size=PIXEL)
    output = tmp_path / "made.mrc"
    for name in ("difference", "localres"):
        with pytest.raises(SystemExit, match="1"):
            main(["tool", name, *map(str, [*halves, "--mask", tmp_path / "weak.mrc", "--output", output]), "--json"])
        assert "goes up to 0.4 only" in json.loads(capsys.readouterr().out)["error"]
    masked = [path.with_name(f"masked_{path.name}") for path in halves]
    for path, whole in zip(masked, halves, strict=True):
        mrcfile.write(path, mrcfile.read(whole) * ball, voxel_size=PIXEL)
    words = [*masked, "--mask", tmp_path / "ball.mrc"]
    with pytest.raises(SystemExit, match="1"):
        main(["tool", "difference", *map(str, [*words, "--output", output, "--json"])])
    assert "were masked before" in json.loads(capsys.readouterr().out)["error"]
    assert not output.exists()
    for name, options in {
        "localres": ["--output", output],
        "directions": [],
        "postprocess": ["--output", output],
    }.items():
        told = answer(capsys, name, *words, *options, "--json")
        (doubt,) = [one for one in told.get("doubts", told.get("warnings")) if "masked before" in one]
        assert "neither masked nor filtered" in doubt
