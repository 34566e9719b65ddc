"""Micrographs and particles that were cleaned away come back bit for bit, and in the right order."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from cryoloom.runtime import Project


def rebuild(project: Project, *words: str, expect: int) -> tuple[Any, str]:
    command = [sys.executable, "-m", "cryoloom.cli.main", "rebuild", str(project.path), *words, "--yes", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == expect, (done.stdout, done.stderr)
    return json.loads(done.stdout) if done.stdout else None, done.stderr


def images(project: Project) -> dict[str, bytes]:
    """Every file of the categories that are cleaned, below the project's folder."""
    folders = (path for path in project.path.glob("runs/*/files/*") if path.name in {"micrographs", "particles"})
    return {str(path.relative_to(project.path)): path.read_bytes() for folder in folders for path in folder.iterdir()}


def test_a_session_is_the_same_after_cleaning_and_rebuilding(played, tmp_path: Path) -> None:
    shutil.copytree(played.project.path, tmp_path / "copy")
    project = Project.open(tmp_path / "copy")
    runs = {run.record.protocol: run for run in project.runs()}
    before, tables = images(project), {name: run.outputs for name, run in runs.items()}
    particles = tables["extract"]["particles"].to_polars()
    assert len(before) == 3 * 4  # of each movie two sums, the motion, and the stack of its particles
    project.clean(project.plan_cleaning(categories=["micrographs", "particles"]))
    assert images(project) == {}

    number = runs["extract"].number
    _, said = rebuild(project, str(number), expect=1)
    assert f"Run {number}: 3 files are still missing. 3 items could not be made again" in said
    assert f"Rebuild run {runs['motion'].number} first" in said
    assert runs["extract"].failed_items() == []

    answer, _ = rebuild(project, expect=0)
    assert [(run["protocol"], run["items"], run["files"]) for run in answer["runs"]] == [
        ("motion", 3, 9),
        ("extract", 3, 3),
    ]
    assert images(project) == before
    assert tables["extract"]["particles"].to_polars().sort("id").equals(particles.sort("id"))
    assert [run.staleness().behind for run in runs.values()] == [0] * 6
