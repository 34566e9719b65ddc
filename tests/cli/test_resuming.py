"""Runs whose drivers are gone go on by themselves while somebody watches, and nothing else does."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from cryoloom.runtime import Project
from cryoloom.workflow.run import RunState

Shell = Callable[..., tuple[str, str]]
Document = Callable[..., Any]


def cut_off(project: Path, number: int, *, further: int = 0) -> None:
    """Make it look as if the driver of a run had been killed, and so often more with nothing done."""
    run = Project.open(project).run(number)
    first = run.folder.attempt(1).path
    (first / "end.json").unlink()
    (first / "status.json").unlink(missing_ok=True)
    request = json.loads((first / "request.json").read_text(encoding="utf-8"))
    (first / "request.json").write_text(json.dumps({**request, "process_started": 1}), encoding="utf-8")
    for extra in range(further):
        shutil.copytree(first, run.folder.attempt(2 + extra).path)
    assert run.state is RunState.INTERRUPTED


def mark_stopped(project: Path, number: int) -> None:
    path = Project.open(project).run(number).folder.attempt(1).path / "end.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "state": "stopped"}), encoding="utf-8")


def states(project: Path) -> dict[int, str]:
    return {run.number: run.state.value for run in Project.open(project).runs()}


@pytest.mark.parametrize(
    "words", [("status", "--watch"), ("run",), ("resume",)], ids=["status --watch", "run", "resume"]
)
def test_what_was_interrupted_goes_on(project: Path, shell: Shell, words: tuple[str, ...]) -> None:
    shutil.rmtree(Project.open(project).run(4).folder.path)
    cut_off(project, 2)
    mark_stopped(project, 3)
    assert states(project) == {1: "finished", 2: "interrupted", 3: "stopped"}
    said = shell(words[0], project, *words[1:], "--json")
    answer = json.loads(said[0])
    assert states(project) == {1: "finished", 2: "finished", 3: "stopped"}
    assert [run["state"] for run in answer["runs"] if run["number"] == 2] == ["finished"]
    if words[0] == "status":
        assert "Run 2 (filter) was interrupted: its driver is gone. It goes on now." in said[1]


def test_what_a_person_stopped_is_named_where_nothing_else_is_to_be_started(project: Path, shell: Shell) -> None:
    shutil.rmtree(Project.open(project).run(4).folder.path)
    for words in ("resume", "run"):
        assert shell(words, project)[0] == "There is nothing to start.\n"
    mark_stopped(project, 2)
    assert shell("resume", project)[0] == (
        "There is nothing to start but what a person stopped: run 2 was stopped, and "
        f"`cryoloom resume {project} 2` goes on with it.\n"
    )
    mark_stopped(project, 3)
    for words in ("resume", "run"):
        assert (
            f"runs 2, 3 were stopped, and `cryoloom resume {project} 2 3` goes on with them."
            in (shell(words, project)[0])
        )
    assert json.loads(shell("resume", project, "--json")[0]) == {"runs": []}
    shell("resume", project, 2, 3)
    assert states(project) == {1: "finished", 2: "finished", 3: "finished"}


def test_looking_once_resumes_nothing_and_says_what_would(project: Path, document: Document) -> None:
    cut_off(project, 2)
    (told,) = document("status", project, 2)["runs"]
    assert told["state"] == "interrupted"
    assert told["advice"].endswith(f"this goes on with it: cryoloom resume {project} 2")
    assert states(project)[2] == "interrupted"


def test_a_run_that_is_cut_off_again_and_again_is_left_to_a_person(project: Path, shell: Shell) -> None:
    cut_off(project, 2, further=3)
    said = shell("status", project, 2, "--watch", "--json")[1]
    assert "Run 2 (filter) was interrupted 4 times in a row with nothing done; it is left." in said
    assert len(Project.open(project).run(2).folder.attempt_numbers()) == 4
    shell("resume", project, 2)
    assert states(project)[2] == "finished"


def test_a_draft_without_its_plugin_does_not_hold_up_the_others(
    project: Path, shell: Shell, document: Document
) -> None:
    document("add", project, "filter", "--in", "items=1.movies", "--set", "condition=frame_count > 1")
    path = Project.open(project).run(4).folder.run_file
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**record, "protocol": "my-lab.thing"}), encoding="utf-8")
    said = shell("run", project)[1]
    assert "Run 4 (my-lab.thing) can be read but not changed: There is no protocol 'my-lab.thing'" in said
    assert states(project) == {1: "finished", 2: "finished", 3: "finished", 4: "draft", 5: "finished"}


def test_a_driver_that_is_killed_under_a_watch_is_started_again(
    project: Path, tmp_path: Path, document: Document
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for movie in Project.open(project).output("1.movies"):
        shutil.copy(movie.file, raw)  # type: ignore[attr-defined]
    for number in (2, 3, 4):
        shutil.rmtree(Project.open(project).run(number).folder.path)
    settings = [f"folder={raw}", "voltage=300", "pixel_size=1.5", "settle=0.1", "expect_more=true"]
    document("add", project, "import-movies", *(word for each in settings for word in ("--set", each)))
    run = Project.open(project).run(5)
    run.start()
    watch = subprocess.Popen(
        [sys.executable, "-m", "cryoloom.cli.main", "status", str(project), "--watch", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    try:
        for kills in (1, 2):
            while len(run.folder.attempt_numbers()) < kills or run.folder.attempt(kills).heartbeat() < 1:
                assert time.monotonic() < deadline, run.standing
                time.sleep(0.05)
            os.kill(run.folder.attempt(kills).request().process_id, signal.SIGKILL)
        while len(run.folder.attempt_numbers()) < 3:
            assert time.monotonic() < deadline, run.standing
            time.sleep(0.05)
        run.close()
        out, error = watch.communicate(timeout=120)
    finally:
        watch.kill()
        for process in psutil.process_iter(["cmdline"]):
            if str(run.folder.path) in (process.info["cmdline"] or []):
                process.kill()
    assert [told["state"] for told in json.loads(out)["runs"]] == ["finished", "finished"]
    assert error.count("It goes on now.") == 2
    assert len(run.outputs["movies"]) == 3


def test_a_watch_ends_when_what_is_left_waits_for_a_failed_run(
    project: Path, tmp_path: Path, shell: Shell, document: Document
) -> None:
    (tmp_path / "raw").mkdir()
    settings = [f"folder={tmp_path / 'raw'}", "voltage=300", "pixel_size=1.5", "settle=0.1", "expect_more=true"]
    document("add", project, "import-movies", *(word for each in settings for word in ("--set", each)))
    document("add", project, "filter", "--in", "items=5.movies", "--set", "condition=frame_count > 1")
    shutil.rmtree(tmp_path / "raw")  # the import fails, as it does when a disk is not mounted
    said = shell("run", project, 5, 6, "--json", expect=1)
    assert {number: states(project)[number] for number in (5, 6)} == {5: "failed", 6: "waiting for input"}
    assert (
        "Run 6 (filter) waits for Run 5 (import-movies), which is failed. It goes on by itself when that does."
        in (said[1])
    )
    shell("stop", project, 6)
