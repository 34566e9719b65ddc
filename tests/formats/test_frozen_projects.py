"""Projects of every released format open, list fully, and are not rewritten by it."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from cryoloom import Project
from cryoloom.workflow.run import RunState

HERE = Path(__file__).parent


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HERE / "project-1", tmp_path / "project-1"))


def test_the_first_format_opens_whole(frozen: Path) -> None:
    before = fingerprint(frozen)
    project = Project.open(frozen)
    assert project.record.name == "Frozen"
    runs = project.runs()
    assert [(run.number, run.record.protocol, run.state) for run in runs] == [
        (1, "import-movies", RunState.FINISHED),
        (2, "filter", RunState.FINISHED),
        (3, "curate", RunState.FINISHED),
        (4, "motion", RunState.DRAFT),
    ]
    movies = project.output("1.movies").latest()
    assert movies.closed
    assert movies.to_polars()["frame_count"].to_list() == [4, 4, 4]
    assert sorted(Path(movie.file).name for movie in project.output("3.accepted")) == [  # type: ignore[attr-defined]
        "movie_1.mrcs",
        "movie_2.mrcs",
        "movie_3.mrcs",
    ]
    assert len(project.output("3.rejected")) == 0
    (failed,) = runs[0].failed_items()
    assert failed.label == "movie_4.mrcs"
    assert runs[0].annotations.label == "Session"
    assert runs[3].annotations.tags == ["later"]
    assert runs[3].parameters.patches == (3, 3)  # type: ignore[attr-defined]
    (optics,) = movies.optics_groups.values()
    assert (optics.voltage, optics.spherical_aberration) == (300.0, 2.7)
    assert fingerprint(frozen) == before, "opening rewrites nothing"


def test_work_goes_on_in_a_project_of_the_first_format(frozen: Path) -> None:
    project = Project.open(frozen)
    run = project.add("filter", items="3.accepted", condition="frame_count > 4")
    run.start().wait(60)
    assert run.number == 5
    assert len(run.outputs["kept"]) == 0
    assert len(run.outputs["rest"]) == 3
