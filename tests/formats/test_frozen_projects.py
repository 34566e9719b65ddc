"""Projects of every released format open, list fully, and are not rewritten by it."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from cryoloom import Project
from cryoloom.data import child_id, half_set_of
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


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Five stages, tables and a round: four good movies, one cut short, one without electrons; images were cleaned."""
    return Path(shutil.copytree(HERE / "session-1", tmp_path / "session-1"))


def test_a_session_of_the_first_format_lists_fully(session: Path) -> None:
    before = fingerprint(session)
    project = Project.open(session)
    runs = {run.number: run for run in project.runs()}
    protocols = ["import-movies", "edit", "motion", "ctf", "curate", "pick", "extract", "filter", "preflight", "report"]
    assert [run.record.protocol for run in runs.values()] == protocols
    assert [run.state for run in runs.values()] == [RunState.FINISHED] * 9 + [RunState.DRAFT]
    assert [[item.label for item in runs[number].failed_items()] for number in (1, 3)] == [
        ["FoilHole_1005_Data_1_fractions.tif"],
        ["FoilHole_1006_Data_1_fractions"],
    ]
    movies, micrographs, ctfs, accepted, rejected, coordinates, particles = (
        project.output(name).to_polars()
        for name in (
            *("1.movies", "3.micrographs", "4.ctfs", "5.accepted", "5.rejected"),
            *("6.coordinates", "7.particles"),
        )
    )
    assert sorted(movies["foil_hole"]) == ["", "1001", "1002", "1003", "1004"], "nothing is told of the dark one"
    assert sorted(micrographs["foil_hole"]) == ["1001", "1002", "1003", "1004"]
    assert sorted(ctfs["foil_hole"]) == ["1002", "1003", "1004"]
    (excluded,) = runs[4].failed_items()
    assert excluded.excluded
    assert excluded.id in set(micrographs["id"]) - set(ctfs["id"])
    defocus = dict(ctfs.select("id", "defocus_u").iter_rows())
    assert {key for key in defocus if defocus[key] < 20000} == set(accepted["id"])
    assert {key for key in defocus if defocus[key] >= 20000} == set(rejected["id"])
    assert {child_id(key, "particle") for key in coordinates["id"]} >= set(particles["id"])
    assert [half_set_of(key) for key in particles["id"]] == particles["half_set"].to_list()
    assert set(particles["micrograph_id"]) <= set(accepted["id"])
    assert set(particles["grid_square"]) == {"1234567"}
    assert particles["grid_quality"].to_list() == [50.0] * len(particles)
    trace = project.trace("7.particles", int(particles["id"][0]))
    assert [ancestor.number for ancestor in trace.line] == [7, 6, 5, 3, 2, 1]
    assert {check.name for check in project.output("9.checks")} >= {"gain", "dose", "Thon rings"}  # type: ignore[attr-defined]
    assert fingerprint(session) == before, "opening rewrites nothing"


def test_a_session_of_the_first_format_goes_on(session: Path) -> None:
    project = Project.open(session)
    before = project.output("4.ctfs").to_polars()
    ctf = project.run(4).resume()
    ctf.wait(60)
    assert ctf.outputs["ctfs"].to_polars().equals(before), "there was nothing to do"
    assert [item.excluded for item in ctf.failed_items()] == [True]
    passed = project.add("filter", items="9.checks", condition='verdict == "ok"')
    passed.start().wait(60)
    assert {check.name for check in passed.outputs["kept"]} >= {"gain", "dose"}  # type: ignore[attr-defined]
    joined = project.add("join", items="7.particles", source="4.ctfs", key="micrograph_id", columns=["score"])
    joined.start().wait(60)
    scores = dict(before.select("id", "score").iter_rows())
    rows = joined.outputs["items"].to_polars()
    assert rows["score"].to_list() == [scores[key] for key in rows["micrograph_id"]]
    assert rows.height == len(project.output("7.particles"))
