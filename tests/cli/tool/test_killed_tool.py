"""A tool that is killed leaves no torn file, and called again makes everything anew."""

from __future__ import annotations

import json
import os
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


@pytest.mark.full
def test_a_refinement_killed_while_it_writes_leaves_whole_files_and_is_made_again(tmp_path):
    star = write_particles(tmp_path, count=40, noise=0.5)
    made = tmp_path / "made"
    made.mkdir()
    words = ["tool", "refine", star, "--reference", tmp_path / "truth.mrc", "--diameter", DIAMETER, "--iterations", 2]
    # A symmetry that the particles do not have makes for few orientations, and quick iterations.
    words += ["--symmetry", "D7", "--accept-symmetry", "--threads", 1, "--output", made / "one", "--json"]
    words += ["--trust", "quick"]
    command = list(map(str, words))
    killed = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, *command], capture_output=True, check=False)
    assert killed.returncode == -9, killed.stderr.decode()
    there = in_words(made)
    assert [name for name in there if name.endswith(".mrc")] == ["one_map.mrc"]
    assert "one_particles.star" not in there
    json.loads((made / "one_trust.json").read_text())
    whole = mrcfile.read(made / "one_map.mrc")
    assert whole.shape == (BOX,) * 3
    before = (made / "one_map.mrc").read_bytes()
    again = subprocess.run(
        [sys.executable, "-m", "cryoloom", *command], capture_output=True, check=False, env=dict(os.environ)
    )
    assert again.returncode == 0, again.stderr.decode()
    assert json.loads(again.stdout)["iterations"] == 2  # all of them, from the beginning
    names = [f"one_{what}.mrc" for what in ("half1", "half2", "map", "mask")]
    assert in_words(made) == [*names, "one_particles.star", "one_trust.html", "one_trust.json"]
    assert (made / "one_map.mrc").read_bytes() == before
