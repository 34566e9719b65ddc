"""Whatever numbers a set holds, what is drawn of it is drawn, or refused in a sentence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient
from tests.server.made_sets import BOX, ITEM, OTHERS, add_run, address_of

from cryoloom.data import (
    Class2D,
    Coordinate,
    Item,
    LocalResolution,
    Micrograph,
    Particle,
    SetWriter,
    Volume,
)
from cryoloom.errors import FormatError
from cryoloom.formats import write_image, write_volume
from cryoloom.runtime import Project
from cryoloom.server._numbers import believed
from cryoloom.server.maps._trust import trust_figures
from cryoloom.server.pictures._grey import covering, stretched

pytestmark = pytest.mark.timeout(240)

ABSURD = (0.0, -1.0, float("nan"), float("inf"), -float("inf"), 1e-300, 1e300)
PAGE = '{"version": 1, "particle_scaling": {"counts": [10, 20, 40], "resolutions": [8.0, 6.0, 5.0]}}'


@pytest.fixture
def project(shelf: Path) -> Project:
    project = Project.create(shelf / "numbers", "Numbers")
    ramp = np.arange(BOX**3, dtype=np.float32).reshape((BOX,) * 3)
    write_volume(project.path / "map.mrc", ramp, pixel_size=1.0)
    write_image(project.path / "image.mrc", ramp[0], pixel_size=1.0)
    (project.path / "page.html").write_text("<p>mine", encoding="utf-8")
    (project.path / "page.json").write_text(PAGE, encoding="utf-8")
    return project


def asked(browser: TestClient, address: str) -> int:
    answer = browser.get(address)
    assert answer.status_code < 500, (address, answer.text)
    if answer.status_code >= 400:
        assert answer.json()["message"], address
    return answer.status_code


def drawn(browser: TestClient, project: Project, rows: list[Item], *paths: str, **inputs) -> list[int]:
    run = add_run(project, rows, **inputs)
    return [asked(browser, address_of(project, run) + path) for path in paths]


@pytest.mark.parametrize("number", ABSURD)
def test_pixels_of_no_size_are_refused_where_they_are_divided_by(
    browser: TestClient, project: Project, number: float
) -> None:
    for kind in (Class2D, Particle):
        row = kind(**{**OTHERS[kind], "file": "map.mrc", "pixel_size": number})
        filtered, plain = drawn(
            browser, project, [row], "/outputs/made/images?low_pass=20", "/outputs/made/images?size=16"
        )
        assert (filtered, plain) == (422, 200)
    for column, status in (("pixel_size", 422), ("width", 422)):
        wrong = int(np.clip(np.nan_to_num(number), -1, 0)) if column == "width" else number
        image = Micrograph(**{**OTHERS[Micrograph], "file": "image.mrc", column: wrong})
        micrographs = add_run(project, [image])
        picks = [Coordinate(id=2, micrograph_id=1, x=1.0, y=1.0)]
        assert drawn(browser, project, picks, "/picture", micrographs=micrographs) == [status], column


@pytest.mark.parametrize("number", ABSURD)
def test_picks_at_absurd_places_are_left_out(browser: TestClient, project: Project, number: float) -> None:
    micrographs = add_run(project, [Micrograph(**{**OTHERS[Micrograph], "file": "image.mrc"})])
    for place in ({"x": number}, {"y": number}, {"diameter": number}):
        picks = [Coordinate(**{"id": 2, "micrograph_id": 1, "x": 1.0, "y": 1.0, **place})]
        assert drawn(browser, project, picks, "/picture", "/picture?size=panel", micrographs=micrographs) == [200, 200]


@pytest.mark.parametrize("number", ABSURD)
def test_maps_with_absurd_numbers_are_shown_without_them(browser: TestClient, project: Project, number: float) -> None:
    volume = f"/outputs/made/volumes/{ITEM}"
    for column in ("pixel_size", "resolution", "b_factor"):
        row = Volume(**{**OTHERS[Volume], "trust_file": "page.html", column: number})
        run = add_run(project, [row])
        local = {**OTHERS[LocalResolution], "file": "map.mrc", "pixel_size": number}
        add_run(project, [LocalResolution(**local)], volumes=run)
        found = {path: asked(browser, address_of(project, run) + path) for path in (volume, "/maps", "/picture")}
        assert set(found.values()) == {200}, (column, found)
        told = browser.get(address_of(project, run) + volume).json()
        if column == "resolution":
            assert (told["resolution"], told["headline"]) == (None, "Its resolution has not been measured.")
        scaling = asked(browser, address_of(project, run) + "/curves/scaling")
        assert scaling == (422 if column == "pixel_size" else 200)


@pytest.mark.parametrize("number", ABSURD)
def test_columns_of_absurd_numbers_are_plotted(browser: TestClient, project: Project, number: float) -> None:
    rows = [Coordinate(id=2 + at, micrograph_id=1, x=x, y=1.0) for at, x in enumerate((number, 1.0, -number))]
    run = add_run(project, rows)
    for path in ("plot?x=x", "plot?x=x&y=y", "rows?sort=x", "table?sort=x"):
        assert asked(browser, f"{address_of(project, run)}/outputs/made/{path}") == 200


def test_a_plot_reaches_from_the_least_number_to_the_largest(browser: TestClient, project: Project) -> None:
    most = 1.5e308  # twice of which is none
    rows = [Coordinate(id=2 + at, micrograph_id=1, x=x, y=1.0) for at, x in enumerate((-most, -most, 0.0, most))]
    run = add_run(project, rows)
    counts = browser.get(f"{address_of(project, run)}/outputs/made/plot?x=x").json()["counts"]
    assert (counts[0], counts[len(counts) // 2], counts[-1], sum(counts)) == (2, 1, 1, 4)


@pytest.fixture
def session(shelf: Path, session_shelf: Path) -> Iterator[Project]:
    shutil.copytree(session_shelf / "session", shelf / "session")
    return Project.open(shelf / "session")


def test_exposures_with_absurd_numbers_are_shown_or_refused(browser: TestClient, session: Project) -> None:
    micrographs, ctfs = session.run(1), session.run(2)
    run = address_of(session, micrographs)
    image, fit = (run.outputs[name].latest() for run, name in ((micrographs, "micrographs"), (ctfs, "ctfs")))
    first, item = next(iter(image.items())), f"{next(iter(image.items())).id:016x}"
    fitted = fit.item(first.id)
    exposure = f"{run}/outputs/micrographs/exposures/{item}"
    columns = ("defocus_u", "defocus_angle", "phase_shift", "fit_resolution", "tilt_angle", "tilt_axis", "pixel_size")
    for column in columns:
        of_ctf = column != "pixel_size"
        folder, name, row = (ctfs, "ctfs", fitted) if of_ctf else (micrographs, "micrographs", first)
        tilt = {"tilt_angle": 10.0, "tilt_axis": 10.0} if column.startswith("tilt") else {}
        for number in (0.0, float("nan"), -1e300):
            writer = SetWriter.open(folder.folder.outputs / name, row.kind)
            writer.commit([replace(row, **{**tilt, column: number})], close=True, reopen=writer.closed)
            told, rings, _ = (asked(browser, exposure + path) for path in ("", "/rings", "/image?low_pass=9&scale=4"))
            assert told == 200, (column, number)
            if column in {"defocus_u", "defocus_angle", "phase_shift", "pixel_size"}:
                assert rings == (200 if of_ctf and number == 0.0 else 422), (column, number)
        assert asked(browser, f"{run}/outputs/micrographs/exposures") == 200
        assert asked(browser, f"/api/projects/{session.record.ulid}/session") == 200
        writer.commit([row], close=True, reopen=writer.closed)


def test_numbers_are_believed_that_there_are() -> None:
    assert believed(0.83, "The pixel size") == 0.83
    for number in (*ABSURD, None):
        with pytest.raises(FormatError, match="The pixel size is"):
            believed(number, "The pixel size")


@pytest.mark.parametrize("resolution", [0, -1, 1e-200, 1e300])
def test_resolutions_beside_a_trust_page_that_are_none_are_left_out(tmp_path: Path, resolution: float) -> None:
    told = {"version": 1, "particle_scaling": {"counts": [1, 2], "resolutions": [4.0, resolution]}}
    (tmp_path / "page.json").write_text(json.dumps(told), encoding="utf-8")
    assert trust_figures(tmp_path / "page.json").particle_scaling.counts == ()


@pytest.mark.parametrize("shape", [(1, 4000), (4000, 1), (1, 1)])
def test_a_picture_of_any_shape_fills_a_box(shape: tuple[int, int]) -> None:
    assert covering(np.full(shape, 7, np.uint8), 232, 696).tolist() == np.full((232, 696), 7).tolist()


def test_an_image_of_the_largest_numbers_is_stretched() -> None:
    most = np.finfo(np.float32).max
    image = np.array([[-most, 0.0, most]] * 3, np.float32)
    assert stretched(image, (0.0, 100.0)).tolist() == [[0, 128, 255]] * 3
