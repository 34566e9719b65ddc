"""A server of real projects, asked as a browser asks it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from starlette.testclient import TestClient

from cryoloom.auth import AccessKey, CookieSigner
from cryoloom.formats import write_tiff_movie
from cryoloom.runtime import Project
from cryoloom.server import ServerSettings, create_application
from cryoloom.workflow.driver import drive_run

ADDRESS = "http://127.0.0.1:8765"
SECRET = b"0123456789abcdef0123456789abcdef"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """The folder of the projects."""
    folder = tmp_path / "projects"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(shelf: Path) -> ServerSettings:
    return ServerSettings(projects_folder=shelf, key=AccessKey("the-key"), signer=CookieSigner(SECRET))


@pytest.fixture
def stranger(settings: ServerSettings) -> Iterator[TestClient]:
    """A browser that has not signed in."""
    with TestClient(create_application(settings), base_url=ADDRESS, follow_redirects=False) as client:
        yield client


@pytest.fixture
def browser(settings: ServerSettings) -> Iterator[TestClient]:
    """A browser that has signed in."""
    with TestClient(create_application(settings), base_url=ADDRESS, follow_redirects=False) as client:
        client.headers["Cookie"] = f"__Host-cryoloom={settings.signer.sign('ana')}"
        yield client


@pytest.fixture
def movies(tmp_path: Path) -> Path:
    """A folder of three movies and one that is none."""
    folder = tmp_path / "raw"
    folder.mkdir()
    frames = np.random.default_rng(3).poisson(3.0, (4, 64, 64)).astype(np.uint8)
    for number in (1, 2, 3):
        write_tiff_movie(folder / f"movie_{number}.tif", frames + number, pixel_size=1.5)
    (folder / "movie_4.tif").write_bytes(b"II*\x00 and no more")
    return folder


@pytest.fixture
def new_import(movies: Path) -> dict[str, object]:
    """What a page sends to import these movies."""
    parameters = {"folder": str(movies), "voltage": 300.0, "pixel_size": 1.5, "settle": 0.1, "dose_per_frame": 1.0}
    return {"protocol": "import-movies", "parameters": parameters}


@pytest.fixture
def imported(shelf: Path, movies: Path) -> Project:
    """A project that has imported the movies and chosen some."""
    project = Project.create(shelf / "session", "Session")
    settings = {"voltage": 300.0, "pixel_size": 1.5, "settle": 0.1, "dose_per_frame": 1.0}
    for run in (
        project.add("import-movies", folder=movies, **settings),
        project.add("filter", items="1.movies", condition="frame_count == 4"),
    ):
        drive_run(project.path, run.folder.path, project.environment)
    return project


@pytest.fixture(autouse=True)
def no_driver_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    for process in psutil.process_iter(["cmdline"]):
        if any(argument.startswith(str(tmp_path)) for argument in process.info["cmdline"] or []):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
