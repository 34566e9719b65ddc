"""A STAR file never names images that were cleaned away: nothing is written, and it is said how they come back."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_session import InlineEnvironment

from cryoloom.cli.main import main
from cryoloom.errors import NotFoundError
from cryoloom.protocols.export import write_star_files
from cryoloom.workflow.driver import drive_run
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.project import Project
from cryoloom.workflow.run import RequestKind, RunState

Cleaned = Callable[..., Project]


@pytest.fixture
def cleaned(calm, tmp_path: Path) -> Cleaned:
    """A copy of the project with every stage, from which the categories that are named were cleaned away."""
    copied = ProjectFolder.open(shutil.copytree(calm.project.path, tmp_path / "my project", symlinks=True))
    project = Project(copied, InlineEnvironment())

    def clean(*categories: str) -> Project:
        assert project.clean(project.plan_cleaning(categories=categories)).files > 0
        return project

    return clean


def exported(capsys: pytest.CaptureFixture[str], project: Project, *names: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["export", str(project.path), *names])
    said = capsys.readouterr()
    return int(left.value.code or 0), said.out, said.err


@pytest.mark.parametrize("output", ["7.particles", "8.kept"])
def test_particles_that_were_cleaned_away_are_not_exported(
    cleaned: Cleaned, output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    project = cleaned("particles")
    status, _, said = exported(capsys, project, output)
    assert status == 1
    assert output in said
    assert "runs/000007-extract/files/particles/" in said
    assert f"`cryoloom rebuild {shlex.quote(str(project.path))} 7 --yes`" in said
    assert not list(project.path.glob("*.star"))


def test_what_is_rebuilt_first_is_named_first(cleaned: Cleaned, capsys: pytest.CaptureFixture[str]) -> None:
    project = cleaned("particles", "micrographs")
    _, _, said = exported(capsys, project, "7.particles")
    assert f"`cryoloom rebuild {shlex.quote(str(project.path))} 3 7 --yes`" in said


@pytest.mark.parametrize("outputs", [["3.micrographs"], ["5.accepted", "4.ctfs"], ["6.coordinates"]])
def test_micrographs_and_coordinates_in_micrographs_that_are_gone_are_not_exported(
    cleaned: Cleaned, outputs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    project = cleaned("micrographs")
    status, _, said = exported(capsys, project, *outputs)
    assert status == 1
    assert "runs/000003-motion/files/micrographs/" in said
    assert "rebuild" in said
    assert not list(project.path.glob("*.star"))


def test_particles_whose_micrographs_alone_are_gone_are_exported_with_a_remark(
    cleaned: Cleaned, capsys: pytest.CaptureFixture[str]
) -> None:
    project = cleaned("micrographs")
    status, said, _ = exported(capsys, project, "7.particles")
    assert status == 0
    assert (project.path / "particles.star").is_file()
    assert "files that 7.particles names are gone, the first runs/000003-motion/" in said
    assert "The images are there." in said


def test_a_cleaning_tells_beforehand_that_what_goes_was_exported(
    cleaned: Cleaned, capsys: pytest.CaptureFixture[str]
) -> None:
    project = cleaned("micrographs")
    assert [share.exported_in for share in project.plan_cleaning(categories=["particles"]).goes] == [()]
    assert exported(capsys, project, "7.particles")[0] == 0
    assert [share.exported_in for share in project.plan_cleaning(categories=["particles"]).goes] == [
        ("particles.star",)
    ]
    with pytest.raises(SystemExit):
        main(["clean", str(project.path), "--category", "particles"])
    assert "! exported: particles.star would name files that are gone" in capsys.readouterr().out


def test_movies_that_are_out_of_reach_are_not_exported(calm, tmp_path: Path) -> None:
    movies = calm.project.output("1.movies").latest().table()
    lost = movies.with_frame(movies.frame.with_columns(file=str(tmp_path / "unmounted") + movies.frame["file"]))
    with pytest.raises(NotFoundError, match=r"Make /.*unmounted.* reachable again"):
        write_star_files(tmp_path, {"1.movies": lost}, project=calm.project.path)


def test_an_export_as_a_run_fails_with_the_same_sentence(cleaned: Cleaned) -> None:
    project = cleaned("particles")
    run = project.add("export", particles="7.particles")
    end = drive_run(project.path, run.folder.path, InlineEnvironment())
    assert end is not None
    assert end.state is RunState.FAILED
    assert "rebuild" in end.reason


def test_after_rebuilding_it_is_exported(cleaned: Cleaned, capsys: pytest.CaptureFixture[str]) -> None:
    project = cleaned("particles")
    extract = project.run(7)
    extract.request(RequestKind.REBUILD)
    drive_run(project.path, extract.folder.path, InlineEnvironment())
    assert exported(capsys, project, "7.particles")[0] == 0
