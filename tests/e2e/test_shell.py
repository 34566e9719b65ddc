"""One journey through the shell: every step leaves the right exit status and, if asked, one JSON document."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import pytest

from cryoloom.formats import write_tiff_movie

FRAMES = np.random.default_rng(8).poisson(4.0, (4, 192, 256)).astype(np.uint8)


def shell(*words: object, expect: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cryoloom.cli.main", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == expect, (words, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done


def document(*words: object, expect: int = 0) -> Any:
    """The one JSON document on standard output."""
    return json.loads(shell(*words, "--json", expect=expect).stdout)


def states(project: Path) -> dict[int, str]:
    return {run["number"]: run["state"] for run in document("status", project)["runs"]}


def progress(project: Path, number: int) -> dict[str, Any]:
    (run,) = document("status", project, number)["runs"]
    return run["progress"]


def failed(project: Path, number: int) -> dict[str, str]:
    (run,) = document("status", project, number, "--failed")["runs"]
    return {item["label"]: item["reason"] for item in run["failed_items"]}


def test_from_a_new_project_to_a_report(tmp_path: Path, wait_until) -> None:
    raw, project = tmp_path / "raw", tmp_path / "project"
    raw.mkdir()
    write_tiff_movie(raw / "first.tif", FRAMES, pixel_size=1.5)
    write_tiff_movie(raw / "second.tif", FRAMES[::-1], pixel_size=1.5)
    with mrcfile.new(raw / "unlit.mrcs", np.zeros(FRAMES.shape, np.float32)) as movie:
        movie.voxel_size = 1.5

    made = document("new", project, "--name", "A journey")
    assert (made["path"], made["name"]) == (str(project), "A journey")
    assert "is a project already" in shell("new", project, expect=1).stderr

    settings = [f"folder={raw}", "voltage=300", "pixel_size=1.5", "dose_per_frame=1", "expect_more=true"]
    added = document("add", project, "import-movies", *(word for each in settings for word in ("--set", each)))
    assert (added["number"], added["outputs"]) == (1, ["movies"])
    document("add", project, "motion", "--in", "movies=1.movies", "--set", "patches=1,1", "--label", "one motion")
    document("add", project, "ctf", "--in", "micrographs=2.micrographs")
    shell("add", project, "motion", "--in", "movies=2.micrographs", expect=1)
    shell("add", project, "ctf", "--in", "micrographs=2", "--set", "resolution_range=wide", expect=1)
    assert states(project) == {1: "draft", 2: "draft", 3: "draft"}

    started = document("run", project, "--no-wait")
    assert [run["number"] for run in started["runs"]] == [1, 2, 3]
    wait_until(lambda: progress(project, 3)["done"] == 2)
    assert "more than none" in failed(project, 2)["unlit"]
    assert "already" in shell("run", project, 1, "--no-wait", expect=1).stderr

    assert document("retry", project, 2) == {"retried": [2]}
    wait_until(lambda: "unlit" in failed(project, 2))
    assert document("stop", project, 2) == {"asked_to_stop": [2]}
    wait_until(lambda: states(project)[2] == "stopped")
    document("resume", project, 2, "--no-wait")
    assert states(project)[2] not in {"stopped", "failed"}
    assert document("close", project) == {"closed": [1]}
    wait_until(lambda: set(states(project).values()) == {"finished"})
    text = shell("status", project, "--failed").stdout
    assert "unlit" in text
    assert "finished" in text

    exported = document("export", project, "1.movies", "2.micrographs", "3.ctfs")
    assert {Path(file).name for file in exported["files"]} == {"movies.star", "micrographs_ctf.star"}
    assert all(Path(file).is_file() for file in exported["files"])
    shell("export", project, "9.movies", expect=1)
    report = document("report", project)
    assert report["exposures"] == 2
    assert Path(report["report"]).stat().st_size > 10_000

    sums = {path: path.read_bytes() for path in (project / "runs").rglob("files/micrographs/*")}
    assert document("clean", project, 2, "--category", "micrographs", "--yes")["done"] is True
    assert not any(path.exists() for path in sums)
    (gone,) = document("rebuild", project)["runs"]
    assert (gone["number"], gone["items"], gone["files"]) == (2, 2, 6)
    assert not any(path.exists() for path in sums), "a preview makes nothing"
    assert document("rebuild", project, "--yes")["done"] is True
    assert {path: path.read_bytes() for path in (project / "runs").rglob("files/micrographs/*")} == sums
    assert shell("rebuild", project).stdout == "No file is missing.\n"

    sums = sorted((project / "runs").rglob("*.mrc"))
    assert document("clean", project)["done"] is False
    assert document("rm", project, 3)["done"] is False
    assert sorted((project / "runs").rglob("*.mrc")) == sums, "a preview removes nothing"
    assert set(states(project)) == {1, 2, 3}


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ((), 2),
        (("frobnicate",), 2),
        (("new",), 2),
        (("status", "nowhere", "--bogus"), 2),
        (("run", "nowhere", "three"), 2),
        (("status", "nowhere"), 1),
        (("add", "nowhere", "ctf"), 1),
        (("report", "nowhere"), 1),
    ],
)
def test_usage_and_input_have_exit_statuses_of_their_own(words: tuple[str, ...], status: int) -> None:
    done = shell(*words, expect=status)
    assert done.stderr or not words
