"""Pictures through the interface: PNGs whose pixels are those of the stacks, drawn once, and a sentence if not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from cryoloom.formats import read_stack
from cryoloom.runtime import Project
from cryoloom.server.pictures._grey import filtered, stretched


def run_address(project: Project, number: int) -> str:
    return f"/api/projects/{project.record.ulid}/runs/{project.run(number).ulid}"


def pixels_of(answer) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    return np.asarray(Image.open(io.BytesIO(answer.content), formats=["PNG"]))


def grey(image: np.ndarray) -> np.ndarray:
    low, high = np.percentile(image, [1, 99])
    return np.clip((image - low) / (high - low), 0, 1) * 255


def stack_of(project: Project, name: str) -> np.ndarray:
    with read_stack(project.run(2).folder.path / "files" / "averages" / name) as stack:
        return stack[:]


@pytest.fixture
def images(classified: Project) -> str:
    return f"{run_address(classified, 2)}/outputs/particles/images"


def test_tiles_are_the_images_of_the_stack_in_the_order_of_the_rows(browser: TestClient, classified, images) -> None:
    sheet = pixels_of(browser.get(images, params={"size": 32, "columns": 5, "offset": 1}))
    stack = stack_of(classified, "particles.mrcs")
    stack[1] *= -1  # protein is dark in it, and is shown white
    assert sheet.shape == (3 * 32, 5 * 32)
    for place, number in enumerate(range(1, 12)):
        row, column = divmod(place, 5)
        tile = sheet[32 * row : 32 * row + 32, 32 * column : 32 * column + 32]
        assert np.abs(tile - grey(stack[number])).max() <= 0.51  # rounded to whole grey values


def test_images_are_found_by_condition_and_in_an_order(browser: TestClient, classified, images) -> None:
    stack = stack_of(classified, "particles.mrcs")
    for question, numbers in (
        ({"filter": "class_number == 2"}, [3, 4, 5]),
        ({"filter": "class_number == 2", "sort": "id", "descending": True}, [5, 4, 3]),
    ):
        sheet = pixels_of(browser.get(images, params={"size": 32, **question}))
        assert sheet.shape == (32, 32 * len(numbers))
        expected = np.concatenate([grey(stack[number]) for number in numbers], axis=1)
        assert np.abs(sheet - expected).max() <= 0.51


def test_a_low_pass_leaves_out_what_is_finer(browser: TestClient, classified, images) -> None:
    sheet = pixels_of(browser.get(images, params={"size": 32, "low_pass": 20, "filter": "id == 107"}))
    power = np.abs(np.fft.rfft2(sheet - sheet.mean())) ** 2
    radius = np.hypot(np.fft.fftfreq(32)[:, None], np.fft.rfftfreq(32)[None]) / 2.0  # 1/Å
    assert power[radius > 1 / 8].sum() < 0.02 * power.sum()  # of white noise there were nine tenths


def test_half_the_amplitude_is_left_at_the_resolution_of_a_low_pass() -> None:
    wave = np.cos(2 * np.pi * np.arange(64) / 8)[None].repeat(64, axis=0).astype(np.float32)  # 8 px = 16 Å
    assert np.ptp(filtered(wave, 2.0, 16.0)) == pytest.approx(1.0, abs=1e-3)


def test_what_is_no_number_is_dark_and_an_even_image_does_no_harm() -> None:
    image = np.full((4, 4), np.nan)
    assert len(np.unique(stretched(image))) == 1
    image[0] = 3.0
    assert np.isfinite(stretched(image)).all()


def test_a_picture_is_drawn_once(browser: TestClient, images) -> None:
    first = browser.get(images, params={"generation": 1})
    assert first.headers["cache-control"] == "private, max-age=31536000, immutable"
    again = browser.get(images, params={"generation": 1}, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    newest = browser.get(images)
    assert newest.headers["cache-control"] == "private, no-cache"
    assert newest.content == first.content
    other = browser.get(images, params={"size": 48}, headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


def test_a_picture_of_another_version_is_drawn_anew(
    browser: TestClient, classified, images, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in (images, f"{run_address(classified, 2)}/picture"):
        first = browser.get(address)
        assert browser.get(address, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
        with monkeypatch.context() as other:
            other.setattr("cryoloom.server.routes._known.__version__", "of tomorrow")
            assert browser.get(address, headers={"If-None-Match": first.headers["etag"]}).status_code == 200


@pytest.mark.parametrize(
    ("question", "status", "said"),
    [
        ({"generation": 9}, 404, "no generation 9"),
        ({"filter": "id == 7"}, 404, "None of these items"),
        ({"limit": 101}, 422, "100"),
        ({"filter": "scores > 3"}, 422, "scores"),
        ({"sort": "scores"}, 404, "no column 'scores'"),
        ({"low_pass": 0}, 422, "greater than 0"),
    ],
)
def test_what_is_asked_wrongly_is_said(browser: TestClient, images, question, status, said) -> None:
    answer = browser.get(images, params=question)
    assert answer.status_code == status
    assert said in answer.text


def test_a_stack_that_is_gone_or_damaged_gives_one_sentence(browser: TestClient, classified, images) -> None:
    stack = classified.run(2).folder.path / "files" / "averages" / "particles.mrcs"
    stack.write_bytes(stack.read_bytes()[:3000])
    damaged = browser.get(images)
    assert (damaged.status_code, "particles.mrcs" in damaged.json()["message"]) == (422, True)
    stack.unlink()
    gone = browser.get(images)
    assert (gone.status_code, gone.json()["message"]) == (
        404,
        "particles.mrcs is not there any more: it was cleaned away, or moved by somebody.",
    )


def test_files_that_a_set_names_outside_the_project_by_a_relative_name_are_not_read(
    browser: TestClient, classified: Project
) -> None:
    from cryoloom.data import Particle, SetWriter

    stray = Particle(id=100, file="../../outside.mrcs", index=0, pixel_size=2.0, box_size=32)
    SetWriter.open(classified.run(2).folder.outputs / "particles", "particles").commit([stray], reopen=True)
    answer = browser.get(f"{run_address(classified, 2)}/outputs/particles/images", params={"filter": "id == 100"})
    assert (answer.status_code, "no name of a file" in answer.json()["message"]) == (422, True)


def test_items_without_images_have_no_sheet(browser: TestClient, imported: Project) -> None:
    answer = browser.get(f"{run_address(imported, 1)}/outputs/movies/images")
    assert (answer.status_code, "no images to lay side by side" in answer.json()["message"]) == (422, True)


def test_a_run_has_a_picture_that_means_something(browser: TestClient, classified: Project) -> None:
    card = pixels_of(browser.get(f"{run_address(classified, 2)}/picture"))
    assert card.shape == (96, 96)
    assert pixels_of(browser.get(f"{run_address(classified, 2)}/picture", params={"size": "panel"})).shape == (232, 696)
    listed = browser.get(f"/api/projects/{classified.record.ulid}/runs").json()["runs"]
    told = {run["number"]: run["picture"] for run in listed}
    assert told[1] == ""
    assert "class averages" in told[3]
    nothing = browser.get(f"{run_address(classified, 1)}/picture")
    assert (nothing.status_code, nothing.json()["message"]) == (404, "There is nothing to show of run 1 yet.")


def test_the_picture_of_an_import_is_a_frame(browser: TestClient, imported: Project) -> None:
    (import_run,) = (run for run in imported.runs() if run.number == 1)
    assert pixels_of(browser.get(f"{run_address(imported, 1)}/picture")).std() > 10
    for path in import_run.parameters.folder.glob("*.tif"):
        path.unlink()
    answer = browser.get(f"{run_address(imported, 1)}/picture")
    assert (answer.status_code, "is not there any more" in answer.json()["message"]) == (404, True)
