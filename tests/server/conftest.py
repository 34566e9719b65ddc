"""A server of real projects, asked as a browser asks it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from starlette.testclient import TestClient

from cryoloom.auth import LOCAL, AccessKey, Accounts, Person, Role
from cryoloom.data import Class2D, Particle, SetWriter
from cryoloom.formats import write_stack, write_tiff_movie
from cryoloom.runtime import Project
from cryoloom.server import ServerSettings, create_application
from cryoloom.workflow.driver import drive_run

ADDRESS = "http://127.0.0.1:8765"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """The folder of the projects."""
    folder = tmp_path / "projects"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> ServerSettings:
    return ServerSettings(shelf, Accounts.kept_in(tmp_path_factory.mktemp("state")), AccessKey("the-key"))


@pytest.fixture
def signed_in(settings: ServerSettings) -> Callable[..., dict[str, str]]:
    """Lets somebody in, and gives the headers by which a browser shows that."""

    def let_in(name: str = "ana", role: Role = Role.ADMIN, seconds: float = 3600.0) -> dict[str, str]:
        accounts = settings.accounts
        person = accounts.people.welcome(Person(LOCAL, name, name), first_role=role)
        cookie = accounts.sessions.begin(person.id, seconds=seconds)
        return {"Cookie": f"{settings.cookies.name}={cookie}"}

    return let_in


@pytest.fixture(scope="session")
def session_shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the projects, with one that holds a small session; see `a_session`."""
    sys.path.insert(0, str(Path(__file__).parent))
    from a_session import make_session

    return make_session(tmp_path_factory.mktemp("exposures"))


@pytest.fixture
def stranger(settings: ServerSettings) -> Iterator[TestClient]:
    """A browser that has not signed in."""
    with TestClient(create_application(settings), base_url=ADDRESS, follow_redirects=False) as client:
        yield client


@pytest.fixture
def browser(settings: ServerSettings, signed_in: Callable[..., dict[str, str]]) -> Iterator[TestClient]:
    """A browser that the person who started the server has signed in with."""
    with TestClient(create_application(settings), base_url=ADDRESS, follow_redirects=False) as client:
        client.headers.update(signed_in())
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


@pytest.fixture
def classified(shelf: Path, write_round: Callable[..., None]) -> Project:
    """A project with a 2D classification of twelve particles in four classes, and the choice among these."""
    project = Project.create(shelf / "classes", "Classes")
    (shelf / "particles.star").touch()
    project.add("import-particles", file=shelf / "particles.star")
    classes = project.add("class2d", particles="1.particles", diameter=30.0, classes=4)
    write_round(classes)
    chosen = project.add("select-classes", classes="2.classes", particles="2.particles")
    drive_run(project.path, chosen.folder.path, project.environment)
    return project


@pytest.fixture
def write_round() -> Callable[..., None]:
    """Writes what a round of a 2D classification leaves; see `_write_round`."""
    return _write_round


def _write_round(run, *, more: int = 0) -> None:
    """What a round of a 2D classification leaves: classes 1 and 2 are proposed to be kept, and one particle in three
    resembles its average too little; `more` are members that a later round finds in the last class."""
    random = np.random.default_rng(5)
    count = 12 + more
    folder = run.folder.path / "files" / "averages"
    folder.mkdir(parents=True, exist_ok=True)
    write_stack(folder / "averages.mrcs", random.normal(size=(4, 32, 32)).astype(np.float32), pixel_size=2.0)
    write_stack(folder / "particles.mrcs", random.normal(size=(count, 32, 32)).astype(np.float32), pixel_size=2.0)
    below = folder.relative_to(run.project.path)
    image = {"pixel_size": 2.0, "box_size": 32}
    averages = [
        Class2D(
            id=10 + index, file=f"{below}/averages.mrcs", index=index, label=index + 1, proposed=index < 2,
            particle_count=3 + more * (index == 3), share=0.25, resolution=None if index == 3 else 8.0 + index,
            evenness=0.9, score=1.0 - index / 10, reason="like most of the others" if index < 2 else "faint", **image,
        )
        for index in range(4)
    ]  # fmt: skip
    particles = [
        Particle(
            id=100 + number, file=f"{below}/particles.mrcs", index=number, contrast_sign=-1 if number == 1 else 1,
            class_number=1 + min(number // 3, 3), score=0.5 if number % 3 == 2 else 1.0, **image,
        )
        for number in range(count)
    ]  # fmt: skip
    for name, rows in (("classes", averages), ("particles", particles)):
        writer = SetWriter.open(run.folder.outputs / name, rows[0].kind)
        writer.commit(rows, close=True, reopen=writer.closed)


@pytest.fixture(autouse=True)
def no_driver_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    for process in psutil.process_iter(["cmdline"]):
        if any(argument.startswith(str(tmp_path)) for argument in process.info["cmdline"] or []):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
