"""Exposures through the interface: rows that belong together, images as they are, rings where they lie."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from cryoloom.data import Micrograph, SetWriter
from cryoloom.engine.ctf import zeros_along
from cryoloom.formats import write_image
from cryoloom.formats.relion import MovieMotion, write_motion
from cryoloom.runtime import Project
from cryoloom.server._places import Places
from cryoloom.server.exposures import ExposureFrames, exposure_document, exposure_sets, exposure_table
from cryoloom.server.exposures._drift import drift_of
from cryoloom.server.exposures._table import _moment

sys.path.insert(0, str(Path(__file__).parent))

from a_session import DEFOCUS, EDGE, PIXEL, drive_here, image_of, transfer_of


@pytest.fixture
def shelf(session_shelf: Path) -> Path:
    return session_shelf


@pytest.fixture
def project(shelf: Path) -> Project:
    return Project.open(shelf / "session")


def address(project: Project, number: int = 1, output: str = "micrographs") -> str:
    return f"/api/projects/{project.record.ulid}/runs/{project.run(number).ulid}/outputs/{output}/exposures"


def first(browser: TestClient, project: Project) -> str:
    """Where the first exposure is asked for."""
    return f"{address(project)}/{browser.get(address(project)).json()['ids'][0]}"


def pixels(answer) -> np.ndarray:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png"), answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def test_what_other_runs_have_found_out_stands_beside_each_micrograph(browser: TestClient, project: Project) -> None:
    table = browser.get(address(project)).json()
    assert table["names"] == ["shot_1", "shot_2", "shot_3"]
    assert {kind: link["run"] for kind, link in table["sets"].items()} == {
        "micrographs": project.run(1).ulid,
        "ctfs": project.run(2).ulid,
        "coordinates": project.run(3).ulid,
    }
    values = dict(zip([one["name"] for one in table["measures"]], table["values"], strict=True))
    assert np.array(values["defocus"]) * 1e4 == pytest.approx(DEFOCUS, rel=0.02)
    ctfs = project.run(2).outputs["ctfs"].latest()
    for at, identity in enumerate(table["ids"]):
        ctf = ctfs.item(int(identity, 16))
        assert values["fit_resolution"][at] == pytest.approx(ctf.fit_resolution, rel=1e-4)
        assert values["astigmatism"][at] == pytest.approx((ctf.defocus_u - ctf.defocus_v) / 10, rel=1e-4)
    picks = project.run(3).outputs["coordinates"].to_polars()["micrograph_id"].to_list()
    assert [count or 0 for count in values["picks"]] == [picks.count(int(one, 16)) for one in table["ids"]]
    assert "motion_total" not in values  # nothing is known of it
    assert all(later >= earlier for earlier, later in zip(table["times"], table["times"][1:], strict=False))


def test_micrographs_that_were_chosen_have_the_same_fits_and_picks(browser: TestClient, project: Project) -> None:
    table = browser.get(address(project, 4, "accepted")).json()
    assert (table["count"], table["names"]) == (2, ["shot_2", "shot_3"])
    assert {table["sets"][kind]["run"] for kind in ("ctfs", "coordinates")} == {
        project.run(2).ulid,
        project.run(3).ulid,
    }


def test_sets_are_chosen_anew_when_a_run_is_added(shelf: Path, tmp_path: Path) -> None:
    shutil.copytree(shelf / "session", tmp_path / "copy")
    project = Project.open(tmp_path / "copy")
    micrographs = project.run(1).outputs["micrographs"]
    before = exposure_sets(micrographs)
    assert exposure_sets(micrographs).others.keys() == before.others.keys()
    again = project.add("ctf", micrographs="1.micrographs", resolution_range=(40.0, 8.0), replaces=project.run(2).ulid)
    drive_here(again)
    newer = exposure_sets(micrographs).of("ctfs")
    assert newer is not None
    assert newer.run.ulid == again.ulid


def test_one_exposure_tells_all_that_is_known(browser: TestClient, project: Project) -> None:
    told = browser.get(first(browser, project)).json()
    assert (told["width"], told["height"], told["pixel_size"], told["protein_dark"]) == (EDGE, EDGE, PIXEL, True)
    assert 0.5 * (told["ctf"]["defocus_u"] + told["ctf"]["defocus_v"]) == pytest.approx(DEFOCUS[0], rel=0.02)
    assert (told["drift"], told["drift_missing"]) == (None, "")
    of_this = project.run(3).outputs["coordinates"].to_polars()
    of_this = of_this.filter(of_this["micrograph_id"] == int(told["id"], 16))
    assert of_this.height > 3
    assert told["picks"]["x"] == pytest.approx(of_this["x"].to_list(), abs=1e-3)
    assert (told["picks"]["protocol"], told["picks"]["diameter"]) == ("pick", 100.0)
    numbers = {one["label"]: (one["value"], one["unit"]) for one in told["numbers"]}
    assert numbers["Voltage"] == (300.0, "kV")


def test_an_image_is_grey_about_its_mean(browser: TestClient, project: Project) -> None:
    place, image = first(browser, project), image_of(DEFOCUS[0], 1)
    for scale in (1, 2, 3):
        sent = browser.get(f"{place}/image", params={"scale": scale}).content
        edge = EDGE // scale
        small = image[: edge * scale, : edge * scale].reshape(edge, scale, edge, scale).mean((1, 3))
        expected = 127.5 + 127.5 * (small - small.mean()) / (5 * small.std())
        grey = np.frombuffer(sent, np.uint8).reshape(edge, edge)
        assert np.abs(grey - np.clip(expected, 0, 255)).max() < 0.6


def test_an_image_is_drawn_once_and_anew_when_its_file_is(browser: TestClient, project: Project) -> None:
    place = f"{first(browser, project)}/image"
    answer = browser.get(place)
    known = {"If-None-Match": answer.headers["etag"]}
    assert browser.get(place, headers=known).status_code == 304
    assert browser.get(place, params={"low_pass": 30}, headers=known).status_code == 200
    file = Path(project.run(1).outputs["micrographs"].to_polars()["file"].sort()[0])
    state = file.stat()
    image = image_of(DEFOCUS[0], 1)
    write_image(file, image + np.float32(1) * (np.arange(EDGE) > 100), pixel_size=PIXEL)
    changed = browser.get(place, headers=known)
    assert (changed.status_code, changed.content != answer.content) == (200, True)
    write_image(file, image, pixel_size=PIXEL)
    assert file.stat().st_size == state.st_size


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [({"scale": 0}, 422, "greater"), ({"scale": 64, "low_pass": -1}, 422, "greater"), ({"scale": 65}, 422, "64")],
)
def test_absurd_images_are_refused(browser: TestClient, project: Project, asked, status, said) -> None:
    answer = browser.get(f"{first(browser, project)}/image", params=asked)
    assert (answer.status_code, said in answer.text) == (status, True)


def test_thumbnails_are_small(browser: TestClient, project: Project) -> None:
    for of in ("micrograph", "spectrum"):
        answer = browser.get(f"{first(browser, project)}/thumbnail", params={"of": of})
        assert max(pixels(answer).shape[:2]) == 128
        known = {"If-None-Match": answer.headers["etag"]}
        assert browser.get(f"{first(browser, project)}/thumbnail", params={"of": of}, headers=known).status_code == 304


def test_rings_are_those_of_the_fit(browser: TestClient, project: Project) -> None:
    rings = browser.get(f"{first(browser, project)}/rings").json()
    k, fitted = np.array(rings["frequencies"]), np.array(rings["fitted"])
    band = (k > 1 / 30) & (k < 1 / rings["fit_resolution"])
    assert np.corrcoef(fitted[band], np.array(rings["measured"])[band])[0, 1] > 0.8
    assert np.median(np.array(rings["agreement"])[band]) > 0.7
    expected = zeros_along(transfer_of(DEFOCUS[0]), rings["angle"], rings["fit_resolution"]).tolist()
    assert len(expected) > 2
    assert [one["along"] for one in rings["zeros"]] == pytest.approx(expected[: len(rings["zeros"])], rel=0.02)
    picture = pixels(browser.get(f"{first(browser, project)}/rings/picture"))
    assert picture.shape == (296, 296)


def test_a_run_that_has_picked_nothing_is_no_fault(shelf: Path, tmp_path: Path) -> None:
    shutil.copytree(shelf / "session", tmp_path / "copy")
    project = Project.open(tmp_path / "copy")
    picked = project.run(3).folder.outputs / "coordinates"
    shutil.rmtree(picked)
    SetWriter.open(picked, "coordinates").commit([], close=True)
    sets = exposure_sets(project.run(1).outputs["micrographs"])
    table = exposure_table(sets, ExposureFrames())
    assert "picks" not in [one.name for one in table.measures]
    told = exposure_document(sets, Places(project.path), int(table.ids[0], 16)).picks
    assert told is None or told.x == []


@pytest.mark.parametrize(
    ("output", "number", "item", "said"),
    [
        ("ctfs", 2, "", "no micrographs"),
        ("micrographs", 1, "/" + "0" * 16, "does not hold"),
        ("micrographs", 1, "/" + "0" * 16 + "/image", "does not hold"),
        ("micrographs", 1, "/" + "0" * 16 + "/rings", "does not hold"),
        ("micrographs", 1, "/" + "0" * 16 + "/thumbnail?of=spectrum", "not been estimated"),
    ],
)
def test_what_is_not_there_is_said(browser: TestClient, project: Project, output, number, item, said) -> None:
    answer = browser.get(address(project, number, output) + item)
    assert (answer.status_code, said in answer.json()["message"]) == (404, True), answer.text


def test_the_drift_is_the_path_that_was_made_good(tmp_path: Path) -> None:
    shifts = ((0.0, 0.0), None, (2.0, -1.0))
    write_motion(
        tmp_path / "motion.star",
        MovieMotion(
            movie_file="a.tif", width=64, height=64, frame_count=3, pixel_size=0.5, binning=1.0, voltage=300.0,
            dose_per_frame=1.5, pre_exposure=0.0, global_shifts=shifts,
        ),
    )  # fmt: skip
    row = {"id": 1, "file": "a.mrc", "width": 64, "height": 64, "pixel_size": 0.5}
    drift = drift_of(Places(tmp_path), Micrograph(**row, motion_file="motion.star"))
    assert drift is not None
    assert (drift.frames, drift.x, drift.y, drift.local) == ([1, 3], [0.0, -1.0], [0.0, 0.5], False)
    assert drift_of(Places(tmp_path), Micrograph(**row)) is None


def test_the_moment_is_the_microscopes_own_if_it_tells_one() -> None:
    assert _moment({"acquired_at": "2026-11-20T15:04:13+00:00", "modified_ns": 5}) == 1795187053.0
    assert _moment({"acquired_at": "yesterday", "modified_ns_of_movie": 7_000_000_000, "modified_ns": 5}) == 7.0
    assert _moment({"acquired_at": "", "modified_ns": None}) is None
