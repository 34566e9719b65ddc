"""A demonstration that cannot go on says which run did not finish, and leaves no microscope that writes on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from cryoloom.cli.demo import _map
from cryoloom.cli.demo._microscope import end_process
from cryoloom.errors import ProjectError
from cryoloom.runtime import Project
from cryoloom.workflow.driver import drive_run

PATIENCE = 60.0  # seconds, for a machine that does much else


@pytest.fixture
def children() -> Iterator[list[psutil.Process]]:
    """Processes that are ended after the test, whatever became of it."""
    begun: list[psutil.Process] = []
    yield begun
    for process in begun:
        if process.is_running():
            process.kill()


def as_if_begun_by_hand(handling: str) -> list[str]:
    """Python with words that follow, with SIGHUP handled so, whatever these tests were begun under."""
    begin = f"import os, signal, sys; signal.signal(signal.SIGHUP, {handling}); os.execv(sys.executable, sys.argv[1:])"
    return [sys.executable, "-c", begin, sys.executable]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_no_microscope_outlives_the_demonstration(
    tmp_path: Path, children: list[psutil.Process], number: signal.Signals
) -> None:
    words = ["demo", str(tmp_path / "demo"), "--until", "particles", "--movies", "100"]
    command = [*as_if_begun_by_hand("signal.SIG_DFL"), "-m", "cryoloom", *words]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as demo:
        seen = psutil.Process(demo.pid)
        children.append(seen)
        deadline = time.monotonic() + PATIENCE
        while not (found := [child for child in seen.children() if "simulate" in child.cmdline()]):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        children += found
        demo.send_signal(number)
        assert demo.wait(PATIENCE) != 0
        assert not any(child.is_running() for child in found)


def test_what_is_ignored_from_outside_stays_ignored(tmp_path: Path, children: list[psutil.Process]) -> None:
    """Begun under nohup, it outlives the terminal that it was begun from."""
    words = ["demo", str(tmp_path / "demo"), "--until", "particles", "--movies", "100"]
    command = [*as_if_begun_by_hand("signal.SIG_IGN"), "-m", "cryoloom", *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as demo:
        seen = psutil.Process(demo.pid)
        children.append(seen)
        deadline = time.monotonic() + PATIENCE
        while not (found := [child for child in seen.children() if "simulate" in child.cmdline()]):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        children += found
        demo.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            demo.wait(2.0)
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(PATIENCE) == 128 + signal.SIGTERM


def test_a_process_that_does_not_listen_is_killed(children: list[psutil.Process]) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE) as process:
        children.append(psutil.Process(process.pid))
        assert process.stdout is not None
        process.stdout.readline()  # it is deaf now
        end_process(process, patience=0.2)
        assert process.returncode == -signal.SIGKILL
        end_process(process)  # once more harms nobody


def small_project(folder: Path) -> Project:
    """Particles enough to begin with."""
    star = folder / "particles.star"
    star.write_text(
        "data_optics\nloop_\n_rlnOpticsGroup\n_rlnOpticsGroupName\n_rlnVoltage\n_rlnSphericalAberration\n"
        "_rlnAmplitudeContrast\n_rlnImagePixelSize\n_rlnImageSize\n1 grid 300 2.7 0.1 4.0 32\n\n"
        "data_particles\nloop_\n_rlnImageName\n_rlnOpticsGroup\n1@stack.mrcs 1\n",
        encoding="utf-8",
    )
    project = Project.create(folder / "project", "Small")
    project.add("import-particles", file=star)
    return project


@pytest.mark.parametrize(
    ("stopped", "said"),
    [(True, r"run 2 \(class2d\) did not finish: stopped by a person; run 3"), (False, r"run 2 \(class2d\) did not")],
    ids=["stopped", "failed"],
)
def test_a_map_run_that_did_not_finish_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: bool, said: str
) -> None:
    project = small_project(tmp_path)
    source = project.run(1)

    def drive(runs: Sequence[Any]) -> None:
        (classes,) = (run for run in runs if run.number == 2)
        drive_run(project.path, classes.folder.path, project.environment)  # it fails: there are no particles
        end = classes.folder.newest_attempt().path / "end.json"
        document = json.loads(end.read_text(encoding="utf-8"))
        if stopped:
            document |= {"state": "stopped", "reason": "stopped by a person"}
            end.write_text(json.dumps(document), encoding="utf-8")

    drive_run(project.path, source.folder.path, project.environment)
    monkeypatch.setattr(_map, "start", drive)
    with pytest.raises(ProjectError, match=said) as told:
        _map.make_map(project, source.outputs["particles"], 100.0, quiet=True)
    assert f"`cryoloom resume {project.path} 2" in str(told.value)
    assert "`cryoloom demo` begins anew, in a folder beside." in str(told.value)
