"""What leaves a project is what was asked for, and says what is not in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cryoloom.formats.star import read_star
from cryoloom.runtime import Project
from cryoloom.workflow.driver import drive_run


@pytest.fixture
def decided(project: Path) -> Path:
    """The project after a person has accepted two of three movies."""
    run = Project.open(project).run(3)
    files = sorted(movie.file for movie in Project.open(project).output("1.movies"))  # type: ignore[attr-defined]
    run.decide(condition=f'file != "{files[0]}"')
    run.wait(60)
    return project


def movies_in(file: str) -> int:
    tables = read_star(Path(file))
    return len(tables["movies"])


def test_the_report_shows_what_was_accepted_and_names_the_rest(decided: Path, document: Callable[..., Any]) -> None:
    told = document("report", decided)
    assert told["shown"] == ["3.accepted (2 movies)"]
    assert told["left_out"] == ["3.rejected (1 movie)"]
    page = Path(told["report"]).read_text(encoding="utf-8")
    assert "<dt>movies</dt><dd>2</dd>" in page
    assert "Not shown: 3.rejected (1 movie)." in page
    assert "Of 3 items, 2 were accepted" in page
    assert "A person decided: condition = file != " in page
    assert document("report", decided, "1.movies")["shown"] == ["1.movies (3 movies)"]
    assert document("report", decided, "3.rejected")["shown"] == ["3.rejected (1 movie)"]


def test_a_report_names_what_it_cannot_show(decided: Path, shell: Callable[..., tuple[str, str]]) -> None:
    said = shell("report", decided, "3.accepted", "3.rejected", expect=1)[1]
    assert "Two sets of movies were named; name one of each kind." in said


def test_every_set_that_is_named_is_exported(decided: Path, tmp_path: Path, document: Callable[..., Any]) -> None:
    told = document("export", decided, "1.movies", "3.accepted")
    files = {Path(file).name: movies_in(file) for file in told["files"]}
    assert files == {"movies_1_movies.star": 3, "movies_3_accepted.star": 2}
    assert told["remarks"] == []
    elsewhere = document("export", decided, "3.accepted", "--to", tmp_path / "elsewhere")
    assert [Path(file).name for file in elsewhere["files"]] == ["movies.star"]
    assert any(f"below {decided}: start RELION there" in remark for remark in elsewhere["remarks"])


def test_a_run_whose_plugin_is_missing_lists_exports_and_is_reported(
    project: Path, document: Callable[..., Any], shell: Callable[..., tuple[str, str]]
) -> None:
    for file in ("run.json", "attempts/0001/request.json"):
        path = next((project / "runs").glob("000002-*")) / file
        record = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**record, "protocol": "my-lab.thing"}), encoding="utf-8")
    assert [run["state"] for run in document("status", project, "--failed")["runs"]][:3] == ["finished"] * 3
    assert movies_in(document("export", project, "2.kept")["files"][0]) == 3
    told = document("report", project)
    assert told["shown"] == ["3.accepted (3 movies)"]
    assert "Protocol my-lab.thing version 1 with condition" in Path(told["report"]).read_text(encoding="utf-8")
    said = shell("resume", project, 2, expect=1)[1]
    assert "Run 2 (my-lab.thing) can be read but not changed: There is no protocol 'my-lab.thing'" in said


@pytest.fixture
def begun(project: Path) -> Path:
    """The project with the runs of a session, which have begun and made nothing: 6 micrographs to 9 particles."""
    opened = Project.open(project)
    nothing = opened.add("filter", items="1.movies", condition="frame_count > 400")
    motion = opened.add("motion", movies=nothing.outputs["kept"])
    micrographs = motion.outputs["micrographs"]
    ctf = opened.add("ctf", micrographs=micrographs)
    pick = opened.add("pick", micrographs=micrographs, diameter=100)
    coordinates, fits = pick.outputs["coordinates"], ctf.outputs["ctfs"]
    extract = opened.add("extract", micrographs=micrographs, ctfs=fits, coordinates=coordinates, diameter=100)
    for run in (nothing, motion, ctf, pick, extract):
        drive_run(opened.path, run.folder.path, opened.environment)
    return project


def test_sets_that_are_empty_are_told_and_the_others_written(begun: Path, document: Callable[..., Any]) -> None:
    told = document("export", begun, "1.movies", "6.micrographs", "7.ctfs", "8.coordinates", "9.particles")
    assert [(Path(file).name, movies_in(file)) for file in told["files"]] == [("movies.star", 3)]
    assert told["remarks"] == [
        "6.micrographs, 7.ctfs, 8.coordinates and 9.particles are empty so far; nothing is written of them."
    ]


@pytest.mark.parametrize("name", ["5.kept", "6.micrographs", "8.coordinates", "9.particles"])
def test_an_export_of_an_empty_set_is_refused_in_a_sentence(
    begun: Path, shell: Callable[..., tuple[str, str]], name: str
) -> None:
    before = sorted(begun.iterdir())
    assert shell("export", begun, name, expect=1)[1] == f"cryoloom: {name} is empty so far; nothing is written.\n"
    several = shell("export", begun, "6.micrographs", "7.ctfs", "9.particles", expect=1)[1]
    assert several == "cryoloom: 6.micrographs, 7.ctfs and 9.particles are empty so far; nothing is written.\n"
    assert sorted(begun.iterdir()) == before
