"""The memory that tools for particles are predicted to take, against what their own processes take."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from phantom_particles import write_larger_particles

from cryoloom.cli.main import main

SIZES = ((64, 300), (96, 48), (128, 60))  # box and number of particles

# The system's own peak of the new program: `resource` would count that of the process it was forked from.
PROGRAM = """
import sys
from pathlib import Path
from cryoloom.cli.main import main
try:
    main(["tool", *sys.argv[1:]])
except SystemExit as leaving:
    assert not leaving.code, leaving.code
print(1024 * int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]), file=sys.stderr)
"""
DIAMETER = "120"
REFERENCE = ("--reference", "large.mrc")
REFINE = ("refine", *REFERENCE, "--accept-symmetry", "--iterations", "2", "--symmetry")
COMMANDS = {
    "class2d": ("class2d", "--classes", "10"),
    "abinitio": ("abinitio", "--iterations", "3", "--runs", "1", "--final-resolution", "8"),
    "class3d": ("class3d", *REFERENCE, "--classes", "2"),
    "refine with symmetry": (*REFINE, "O", "--trust", "quick"),
    "refine without symmetry": (*REFINE, "C1", "--trust", "quick"),
    "refine twice": (*REFINE, "O"),
    "refine locally": (*REFINE, "C1", "--search", "local", "--trust", "quick"),
    "ctfrefine": ("ctfrefine", *REFERENCE),
    "ctfrefine of halves": ("ctfrefine", "--half1", "half1.mrc", "--half2", "half2.mrc"),
    "subtract": ("subtract", *REFERENCE, "--mask", "mask.mrc"),
    "change-box": ("change-box", "--box", "80", "--micrograph-pixel-size", "1"),
}


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[1]} of {size[0]} px")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Particles of a size, and the map that they are of."""
    box, count = request.param
    folder = tmp_path_factory.mktemp("memory")
    write_larger_particles(folder, box=box, count=count)
    return folder


@pytest.mark.full
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_what_is_predicted_is_what_is_taken(folder, command):
    tool, *options = command
    about = [] if tool in {"ctfrefine", "subtract", "change-box"} else ["--diameter", DIAMETER]
    shared = [*about, "--threads", "1", "--overwrite", "--output", "made", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tool, "large.star", *options, *shared],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    taken = int(done.stderr.splitlines()[-1])
    told = json.loads(done.stdout)
    predicted = told["predicted"]["memory"]
    if "trust" in told:
        assert "trust page" in (folder / told["trust"]).read_text(encoding="utf-8")
        assert len(told["symmetry_correlations"]) == (1 if "C1" in command else 24)
    assert 0.5 < predicted / taken < 2.0, (predicted, taken)


class Stopped(BaseException):
    """A tool said what it takes; nothing is computed."""


@pytest.mark.parametrize("tool", ["abinitio", "class2d", "class3d", "ctfrefine", "reconstruct", "refine", "subtract"])
def test_a_tool_knows_what_smaller_boxes_take(tool, tmp_path, monkeypatch):
    told = {}

    def stop(_protocol, _seconds, memory, *, smaller, **_options):
        told.update(memory=memory, smaller=smaller)
        raise Stopped

    write_larger_particles(tmp_path, box=48, count=60)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("cryoloom.cli.tool._prediction.foretell", stop)
    options = {"ctfrefine": REFERENCE, "subtract": (*REFERENCE, "--mask", "mask.mrc"), "reconstruct": ()}
    given = options.get(tool, ("--diameter", DIAMETER))
    if tool in {"class3d", "refine"}:
        given = (*given, *REFERENCE)
    if tool in {"class2d", "class3d"}:
        given = (*given, "--classes", "2")
    output = "made.mrc" if tool == "reconstruct" else "made"
    with pytest.raises(Stopped):
        main(["tool", tool, "large.star", *given, "--output", output, "--threads", "1"])
    grid, memory = told["smaller"]
    assert grid.extent == pytest.approx(192.0)
    assert memory(grid.box_size) == told["memory"]
    assert memory(grid.box_size // 4 * 2) < told["memory"]
