"""After a warm-up nothing is left to be compiled: of every kernel, in every type that a session meets."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cryoloom.formats import write_stack, write_tiff_movie
from cryoloom.testing.eer import ElectronEvents, write_eer

_PREAMBLE = """
import importlib, json, pkgutil, sys
from cryoloom.runtime import use_kernel_cache, warm_up
use_kernel_cache()
for _ in warm_up():
    pass

from numba.core.dispatcher import Dispatcher

def kernels():
    found = {}
    for name in ("data", "engine", "formats", "protocols", "workflow", "lanes"):
        package = importlib.import_module(f"cryoloom.{name}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, Dispatcher):
                    found[f"{value.py_func.__module__}.{value.py_func.__name__}"] = value
    return found

def calls(kernel):
    function = kernel.py_func
    named = (function.__globals__.get(name) for name in function.__code__.co_names)
    return {f"{one.py_func.__module__}.{one.py_func.__name__}" for one in named if isinstance(one, Dispatcher)}
"""

_WHICH_ARE_COVERED = """
found = kernels()
covered, waiting = set(), [name for name, kernel in found.items() if kernel.signatures]
while waiting:  # what a kernel calls is compiled with it, and need not have been called by itself
    name = waiting.pop()
    if name not in covered:
        covered.add(name)
        waiting += calls(found[name])
print(json.dumps({"all": sorted(found), "left": sorted(set(found) - covered)}))
"""

_WHAT_IS_COMPILED_LATER = """
before = {name: set(map(str, kernel.signatures)) for name, kernel in kernels().items()}
from cryoloom.cli.main import main
for words in json.loads(sys.argv[1]):
    try:
        main(words)
    except SystemExit as leaving:
        assert not leaving.code, words
after = {name: set(map(str, kernel.signatures)) for name, kernel in kernels().items()}
later = {name: sorted(after[name] - before[name]) for name in after if after[name] - before[name]}
sys.stderr.write("\\n" + json.dumps(later))
"""


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", _PREAMBLE + script, *arguments], capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stderr
    return done


def test_every_kernel_is_compiled() -> None:
    found = json.loads(run(_WHICH_ARE_COVERED).stdout)
    assert len(found["all"]) > 10
    assert found["left"] == []


@pytest.fixture
def movies(tmp_path: Path) -> list[Path]:
    """One movie of each type that detectors write, with a bad pixel."""
    random = np.random.default_rng(7)
    counts = random.poisson(4.0, (4, 256, 256))
    counts[:, 100, 90] = 120
    write_tiff_movie(tmp_path / "counts8.tif", counts.astype(np.uint8), pixel_size=1.5)
    write_tiff_movie(tmp_path / "counts16.tif", counts.astype(np.uint16), pixel_size=1.5)
    for name, kind in (("bytes", np.int8), ("shorts", np.int16), ("floats", np.float32)):
        write_stack(tmp_path / f"{name}.mrcs", counts.astype(kind), pixel_size=1.5)
    frames = []
    for _ in range(8):
        places = np.flatnonzero(random.random(256 * 256) < 0.5)
        frames.append(ElectronEvents(y=places // 256 * 4, x=places % 256 * 4))
    write_eer(tmp_path / "events.eer", frames, shape=(256, 256), pixel_size=1.5)
    write_stack(tmp_path / "gain.mrc", random.normal(1.0, 0.03, (1, 256, 256)).astype(np.float32), pixel_size=1.5)
    return [path for path in sorted(tmp_path.iterdir()) if path.name != "gain.mrc"]


def test_a_session_compiles_nothing(movies: list[Path], tmp_path: Path) -> None:
    described = ["--pixel-size", "1.5", "--voltage", "300", "--dose-per-frame", "1"]
    commands = []
    for movie in movies:
        gain = [] if movie.suffix == ".eer" else ["--gain", str(tmp_path / "gain.mrc"), "--gain-orientation", "as-is"]
        fractions = ["--eer-fractions", "4"] if movie.suffix == ".eer" else []
        for patches in ("1x1", "2x2"):
            output = tmp_path / f"{movie.stem}_{patches}.mrc"
            settings = [*described, *gain, *fractions, "--patches", patches]
            commands.append(["tool", "motion", str(movie), *settings, "--output", str(output)])
    micrograph, picks = str(output), str(tmp_path / "picks.star")
    commands += [
        ["tool", "ctf", micrograph, "--voltage", "300", "--cs", "2.7", "--amplitude-contrast", "0.1"],
        ["tool", "pick", micrograph, "--diameter", "60", "--output", picks],
        ["tool", "fsc", micrograph, micrograph],
    ]
    later = json.loads(run(_WHAT_IS_COMPILED_LATER, json.dumps(commands)).stderr.rpartition("\n")[2])
    assert later == {}
