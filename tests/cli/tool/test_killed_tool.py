"""A tool that is killed leaves no torn file, and given the same command again goes on to the same result."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import mrcfile
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "protocols"))

from phantom_particles import BOX, DIAMETER, write_particles

KILLED_WHILE_WRITING = f"""
import os, signal, sys
from cryoloom.cli.main import main
from cryoloom.formats.mrc import _write

append, sections = _write.VolumeWriter.append, iter(range(10_000))

def dying(self, section):
    if next(sections) == {BOX + BOX // 2}:  # in the middle of the second map
        self._output.file.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    return append(self, section)

_write.VolumeWriter.append = dying
main(sys.argv[1:])
"""


def in_words(folder: Path) -> list[str]:
    """Names of the results that are there; what is under construction has none yet."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


KILLED_AFTER_AN_ITERATION = """
import os, signal, sys
from cryoloom.cli.main import main
from cryoloom.protocols.unfinished import Unfinished

save, last = Unfinished.save_checkpoint, int(sys.argv.pop(1))

def dying(self, number, content, name="checkpoint"):
    save(self, number, content, name)
    if number == last:
        os.kill(os.getpid(), signal.SIGKILL)

Unfinished.save_checkpoint = dying
main(sys.argv[1:])
"""

RESULTS = [*(f"one_{what}.mrc" for what in ("half1", "half2", "map", "mask")), "one_particles.star", "one_trust.json"]


@pytest.fixture(scope="module")
def words(tmp_path_factory) -> list[str]:
    """A refinement that takes seconds: a symmetry that the particles do not have makes for few orientations."""
    folder = tmp_path_factory.mktemp("particles")
    star = write_particles(folder, count=40, noise=0.5)
    words = ["tool", "refine", star, "--reference", folder / "truth.mrc", "--diameter", DIAMETER, "--iterations", 3]
    words += ["--symmetry", "D7", "--accept-symmetry", "--threads", 1, "--trust", "quick", "--json"]
    return list(map(str, words))


def called(words: list[str], folder: Path, *more: object) -> tuple[dict, str]:
    """What the command answers, and what it says."""
    command = [sys.executable, "-m", "cryoloom", *words, "--output", str(folder / "one"), *map(str, more)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout), done.stderr.decode()


def killed(words: list[str], folder: Path, script: str, *first: str) -> None:
    command = [sys.executable, "-c", script, *first, *words, "--output", str(folder / "one")]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == -9, done.stderr.decode()


@pytest.fixture(scope="module")
def undisturbed(words, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    called(words, folder)
    assert in_words(folder) == sorted([*RESULTS, "one_trust.html"])  # and no folder of what is unfinished
    return folder


def check_same(made: Path, undisturbed: Path) -> None:
    assert in_words(made) == in_words(undisturbed)
    for name in RESULTS:
        assert (made / name).read_bytes() == (undisturbed / name).read_bytes(), name


def test_a_refinement_killed_after_an_iteration_goes_on_to_the_same_bits(words, undisturbed, tmp_path):
    killed(words, tmp_path, KILLED_AFTER_AN_ITERATION, "2")
    assert in_words(tmp_path) == ["one_unfinished"]
    kept = tmp_path / "one_unfinished"
    assert in_words(kept) == ["checkpoint-000001", "checkpoint-000002", "command.json"]
    (kept / ".checkpoint-000003.0123abcd.tmp").touch()  # as a kill while it is written leaves it
    told, said = called(words, tmp_path)
    assert f"It goes on after iteration 2, which an earlier call has kept in {kept}." in said
    assert told["iterations"] == 3
    check_same(tmp_path, undisturbed)


@pytest.mark.full
def test_another_command_begins_anew_and_says_so(words, undisturbed, tmp_path):
    killed([*words, "--seed", "1"], tmp_path, KILLED_AFTER_AN_ITERATION, "1")
    told, said = called(words, tmp_path)
    assert "begins anew" in said
    assert "was begun otherwise (seed)" in said
    assert any("begins anew" in remark for remark in told["remarks"])
    check_same(tmp_path, undisturbed)


@pytest.mark.full
def test_a_refinement_killed_while_it_writes_leaves_whole_files_and_writes_them_again(words, undisturbed, tmp_path):
    for page in ("one_trust.html", "one_trust.json"):  # of former maps, which new ones must not stand beside
        shutil.copy(undisturbed / page, tmp_path)
    killed(words, tmp_path, KILLED_WHILE_WRITING)
    assert in_words(tmp_path) == ["one_map.mrc", "one_unfinished"]
    assert mrcfile.read(tmp_path / "one_map.mrc").shape == (BOX,) * 3
    _, said = called(words, tmp_path)
    assert "after iteration 3" in said
    assert "one: The maps and particles are written (one_map.mrc); checks for the trust page go on" in said
    check_same(tmp_path, undisturbed)
