"""The app in a real browser, over a project that the engine made, served as `cryoloom serve` serves it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from served import Served

from cryoloom.engine.maps import low_pass, soft_sphere
from cryoloom.formats import write_volume
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.project import Project, Run

sys.path.insert(0, str(Path(__file__).parent))

from looking import Looking

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[3]
APP = ROOT / "src" / "cryoloom" / "server" / "app" / "index.html"
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
BOX, PIXEL, DETAIL = 48, 2.0, 7.0
PATIENCE = 90_000  # ms, on a machine that others use


@dataclass(frozen=True)
class Study:
    """A project of every stage from movies to classes, and of a map.

    Parameters
    ----------
    shelf : the folder that is served
    project : the project in it
    """

    shelf: Path
    project: Project

    def address(self, page: str = "") -> str:
        """Of a page of the project."""
        return f"/projects/{self.project.record.ulid}{page and f'/{page}'}"

    def of_run(self, protocol: str, page: str) -> str:
        """Of a page of the newest run of a protocol."""
        return self.address(f"runs/{self.newest(protocol).ulid}/{page}")

    def newest(self, protocol: str) -> Run:
        """The newest run of a protocol."""
        return [run for run in self.project.runs() if run.record.protocol == protocol][-1]


@pytest.fixture(scope="session")
def study(calm, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The tiny session, on to classes and the choice among these; and a map with its half maps, sharpened."""
    from tiny_session import DIAMETER, InlineEnvironment, drive_here

    folder = tmp_path_factory.mktemp("browser")
    files = write_maps(folder)
    copy = shutil.copytree(calm.project.path, folder / "shelf" / "session")
    project = Project(ProjectFolder.open(copy), InlineEnvironment())

    def made(protocol: str, **asked: object) -> Run:
        run = project.add(protocol, **asked)
        drive_here(project, run)
        return run

    classified = made("class2d", particles="7.particles", diameter=DIAMETER, classes=3)
    made("select-classes", classes=classified.outputs["classes"], particles=classified.outputs["particles"])
    made("postprocess", volumes=made("import-volume", **files).outputs["volumes"])
    thresholds = project.run(5)
    thresholds.decide(condition="(defocus_u + defocus_v) / 2 >= 5000")  # handles show no other conditions
    thresholds.wait(120)
    return Study(copy.parent, project)


def write_maps(folder: Path) -> dict[str, Path]:
    """Two half maps that share all but noise, and their mean."""
    random = np.random.default_rng(1)
    texture = low_pass(random.normal(size=(BOX,) * 3).astype(np.float32), DETAIL, pixel_size=PIXEL)
    signal = soft_sphere(BOX, 11.0, 3.0) * (0.5 + texture)
    halves = [signal + random.normal(0, 0.3, signal.shape) for _ in range(2)]
    maps = {"half1": halves[0], "half2": halves[1], "file": 0.5 * (halves[0] + halves[1])}
    for name, volume in maps.items():
        write_volume(folder / f"{name}.mrc", volume.astype(np.float32), pixel_size=PIXEL)
    return {name: folder / f"{name}.mrc" for name in maps}


@pytest.fixture(scope="module")
def served(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    one = Served(study.shelf, tmp_path_factory.mktemp("home"))
    yield one
    one.stop()


@pytest.fixture(scope="module")  # it holds the event loop of this thread, which tests of other modules need
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium: as root, `apt-get install chromium`")
    if not (APP.exists() and AXE.exists()):
        pytest.skip("needs the built web app: `make web`")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright: `pip install -e .[test]`")
    alone = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    drawing = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    playwright.expect.set_options(timeout=PATIENCE)
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program, args=[*alone, *drawing])
        yield browser
        browser.close()


@pytest.fixture
def looking(chromium: Browser, served: Served, request: pytest.FixtureRequest) -> Iterator[Looking]:
    """Somebody who has come in, at a window of 1280 × 800 pixels; see `Looking`."""
    shots = request.config.getoption("--screenshots")
    context = chromium.new_context(
        base_url=served.address, viewport={"width": 1280, "height": 800}, color_scheme="light", reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE)
    one = Looking(context.new_page(), AXE.read_text(encoding="utf-8"), shots and Path(shots))
    one.page.goto(served.entrance)
    yield one
    context.close()
    assert one.wrong == []
