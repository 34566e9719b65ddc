"""The one-shot tools as they are promised: their commands, what they answer, and the same bytes for the same seed."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from phantom_particles import BOX, write_particles

from cryoloom.cli.main import main
from cryoloom.formats import read_stack, read_volume
from cryoloom.protocols.particle_images import read_particle_file

PIXEL, CLASSES = 8.0, 10  # Å
REFINE = (
    "tool refine particles.star --reference map.mrc --initial-resolution 40 --symmetry C3 --diameter 200 "
    "--output PREFIX --json"
)
COMMANDS = {
    "refine": (
        REFINE,
        {"map", "half_maps", "mask", "particles", "resolution", "iterations"},
    ),
    "abinitio": (
        "tool abinitio particles.star --classes 1 --diameter 200 --output PREFIX",
        {"maps", "confidence"},
    ),
    "class2d": (
        "tool class2d particles.star --classes 10 --diameter 190 --output PREFIX",
        {"averages", "particles"},
    ),
}


def body() -> np.ndarray:
    """Blobs about a threefold axis on Z, within 190 Å."""
    random = np.random.default_rng(11)
    grid = np.arange(BOX) - BOX // 2
    x, y, z = random.uniform([2.0, -5.0, -6.0], [10.0, 5.0, 6.0], (10, 3)).T
    volume = np.zeros((BOX,) * 3)
    for turn in np.deg2rad([0.0, 120.0, 240.0]):
        turned = (x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn), z)
        blobs = [np.exp(-((grid - place[:, None]) ** 2) / (2 * 1.1**2)) for place in turned]
        volume += np.einsum("px,py,pz->zyx", *blobs)
    return volume.astype(np.float32)


def files_in(value: object) -> list[Path]:
    if isinstance(value, list):
        return [path for one in value for path in files_in(one)]
    return [Path(value)] if isinstance(value, str) else []


@pytest.mark.full
@pytest.mark.parametrize(("command", "keys"), COMMANDS.values(), ids=COMMANDS)
def test_a_command_answers_what_is_promised_and_the_same_bytes_again(command, keys, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_particles(tmp_path, count=160, noise=1.0, truth=body(), pixel=PIXEL)
    (tmp_path / "truth.mrc").rename("map.mrc")
    words = [word for word in shlex.split(command) if word != "--json"]
    written = []
    for prefix in ("first", "again"):
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([prefix if word == "PREFIX" else word for word in words] + ["--json", "--seed", "3", "--threads", "2"])
        told = capsys.readouterr()
        assert not left.value.code, told.err
        answer = json.loads(told.out)
        assert keys <= answer.keys()
        named = [path for key in sorted(keys) for path in files_in(answer[key])]
        assert named
        assert all(path.is_file() for path in named), named
        assert all(path.name.startswith(prefix) for path in named)
        written.append({path.name.removeprefix(prefix): path.read_bytes() for path in named})
    assert written[0].keys() == written[1].keys()
    for name, content in written[0].items():
        assert content.replace(b"first_", b"again_") == written[1][name], name
    check(answer, command.split()[1])


def check(answer: dict, tool: str) -> None:
    """What is in the files is what it is called."""
    if tool == "refine":
        maps = [read_volume(path) for path in (answer["map"], *answer["half_maps"], answer["mask"])]
        assert {volume.shape for volume in maps} == {(BOX,) * 3}
        assert 0 <= maps[3].min() < maps[3].max() <= 1
        assert 2 * PIXEL <= answer["resolution"] < 30.0
        assert 2 <= answer["iterations"] <= 20
        posed = read_particle_file(Path(answer["particles"])).table.frame
        assert len(posed) == 160
        assert {"rot", "tilt", "psi", "shift_x", "shift_y", "half_set"} <= set(posed.columns)
    elif tool == "abinitio":
        (path,) = answer["maps"]
        assert read_volume(path).shape == (BOX,) * 3
        assert answer["confidence"]
    else:
        with read_stack(Path(answer["averages"])) as averages:
            assert averages.header.shape == (CLASSES, BOX, BOX)
        numbers = read_particle_file(Path(answer["particles"])).table.frame["class_number"]
        assert len(numbers) == 160
        assert numbers.is_between(1, CLASSES).all()
