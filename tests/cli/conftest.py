"""Commands run in this process, and a project to run them on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cryoloom.cli.main import main
from cryoloom.formats import write_tiff_movie
from cryoloom.runtime import Project, use_kernel_cache
from cryoloom.workflow.driver import drive_run

Shell = Callable[..., tuple[str, str]]
Document = Callable[..., Any]


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    """Runs a command and gives what it wrote on standard output and standard error."""

    def run(*words: object, expect: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([*map(str, words)])
        said = capsys.readouterr()
        assert (left.value.code or 0) == expect, (words, said.out, said.err)
        return said.out, said.err

    return run


@pytest.fixture
def document(shell: Shell) -> Document:
    """Runs a command and gives the one JSON document on standard output."""

    def run(*words: object, expect: int = 0) -> Any:
        return json.loads(shell(*words, "--json", expect=expect)[0])

    return run


@pytest.fixture(scope="session")
def _made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shell")
    (folder / "raw").mkdir()
    frames = np.random.default_rng(3).poisson(3.0, (4, 64, 64)).astype(np.uint8)
    for number in (1, 2, 3):
        write_tiff_movie(folder / "raw" / f"movie_{number}.tif", frames + number, pixel_size=1.5)
    (folder / "raw" / "movie_4.tif").write_bytes(b"II*\x00 and no more")
    project = Project.create(folder / "project", "Small session")
    settings = {"voltage": 300.0, "pixel_size": 1.5, "settle": 0.1, "dose_per_frame": 1.0}
    for run in (
        project.add("import-movies", folder=folder / "raw", **settings),
        project.add("filter", items="1.movies", condition="frame_count == 4"),
        project.add("curate", items="2.kept", condition="frame_count > 1"),
    ):
        drive_run(project.path, run.folder.path, project.environment)
    project.add("motion", movies="3.accepted", patches=(1, 1))
    return project.path


@pytest.fixture
def project(_made_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """1 has imported three movies and failed on a fourth, 2 kept them, 3 accepted them; 4, motion, is a draft."""
    use_kernel_cache()  # before it would be placed in what is gone after this test
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Path(shutil.copytree(_made_once, tmp_path / "project"))
