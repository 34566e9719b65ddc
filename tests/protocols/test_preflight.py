"""The preflight says ok, look or stop, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cryoloom.engine.gain import GainOrientation, orient_gain, score_gain_orientations
from cryoloom.formats import read_image, write_image, write_tiff_movie
from cryoloom.protocols.preflight import Check, judge_dose, judge_gain, judge_pixel_size
from cryoloom.protocols.report import write_report
from cryoloom.runtime import findings_of
from cryoloom.testing.microscope import MicroscopeParameters, SimulatedMicroscope


def detector(seed: int, orientation: GainOrientation) -> tuple[np.ndarray, np.ndarray]:
    """A gain reference, and the sum of frames of a detector on which it has to be turned."""
    random = np.random.default_rng(seed)
    gain = random.normal(1.0, 0.03, (256, 256)).astype(np.float32)
    return gain, random.poisson(60.0 / orient_gain(gain, orientation)).astype(np.float32)


def test_a_gain_that_lies_as_it_was_said_is_ok() -> None:
    gain, total = detector(1, GainOrientation.FLIP_Y)
    assert judge_gain(score_gain_orientations(total, gain), "flip-y").verdict == "ok"


def test_a_gain_that_lies_otherwise_stops_and_says_how() -> None:
    gain, total = detector(2, GainOrientation.QUARTER_TURN)
    check = judge_gain(score_gain_orientations(total, gain), "as-is")
    assert check.verdict == "stop"
    assert "gain_orientation to quarter-turn" in check.sentence


def test_a_gain_that_should_divide_stops() -> None:
    gain, total = detector(3, GainOrientation.AS_IS)
    check = judge_gain(score_gain_orientations(total, 1.0 / gain), "as-is")
    assert check.verdict == "stop"
    assert "divide" in check.sentence


def test_a_gain_of_another_detector_asks_to_be_looked_at() -> None:
    _, total = detector(4, GainOrientation.AS_IS)
    stranger, _ = detector(5, GainOrientation.AS_IS)
    assert judge_gain(score_gain_orientations(total, stranger), "as-is").verdict == "look"


@pytest.mark.parametrize(
    ("counts", "stated", "verdict"),
    [
        (6.0, 1.5, "ok"),
        (6.0, 1.3, "ok"),
        (6.0, 1.0, "look"),
        (6.0, 0.4, "stop"),
        (6.0, 15.0, "stop"),
        (6.0, None, "look"),
    ],
)
def test_the_dose_is_compared_with_what_the_detector_counted(counts: float, stated: float | None, verdict: str) -> None:
    assert judge_dose(counts, 2.0, stated).verdict == verdict


@pytest.mark.parametrize(
    ("header", "stated", "verdict"),
    [(0.83, 0.832, "ok"), (None, 0.83, "ok"), (0.9, 0.83, "look"), (0.415, 0.83, "stop")],
)
def test_the_pixel_size_is_compared_with_the_files(header: float | None, stated: float, verdict: str) -> None:
    assert judge_pixel_size(header, stated).verdict == verdict


def test_a_gain_that_is_found_out_is_ok_however_it_lies() -> None:
    gain, total = detector(6, GainOrientation.FLIP_X)
    check = judge_gain(score_gain_orientations(total, gain), "auto")
    assert check.verdict == "ok"
    assert "flip-x" in check.sentence


@dataclass(frozen=True)
class Microscope:
    """Three movies on the disk, which state 2 Å/px and hold 1.5 e/Å² a frame, and the gain that fits as it lies."""

    movies: Path
    gain: Path
    turned_gain: Path


@pytest.fixture(scope="module")
def microscope(tmp_path_factory: pytest.TempPathFactory) -> Microscope:
    folder = tmp_path_factory.mktemp("preflight")
    (folder / "movies").mkdir()
    simulated = SimulatedMicroscope(
        seed=3, parameters=MicroscopeParameters.of_tier("easy").resized(width=768, height=768, frame_count=12)
    )
    for number in (1, 2, 3):
        counts = simulated.expose(seed=number).counts
        write_tiff_movie(folder / "movies" / f"movie_{number}.tif", counts, pixel_size=2.0)
    write_image(folder / "gain.mrc", simulated.gain, pixel_size=2.0)
    turned = orient_gain(simulated.gain, GainOrientation.THREE_QUARTER_TURN)
    write_image(folder / "turned.mrc", turned, pixel_size=2.0)
    return Microscope(folder / "movies", folder / "gain.mrc", folder / "turned.mrc")


STATED: dict[str, Any] = {
    "voltage": 300,
    "amplitude_contrast": 0.07,
    "pixel_size": 2.0,
    "dose_per_frame": 1.5,
    "settle": 0.0,
}


@pytest.fixture
def fly(make_project: Callable[[], Any], microscope: Microscope) -> Callable[..., tuple[dict[str, Check], Any]]:
    """Looks at the movies as they were stated; gives the checks by name, and the run."""

    def look(**stated: Any) -> tuple[dict[str, Check], Any]:
        project = make_project()
        values = STATED | {"folder": microscope.movies, "gain": microscope.gain, "gain_orientation": "as-is"} | stated
        movies = project.add("import-movies", **values)
        preflight = project.add("preflight", movies=movies.outputs["movies"])
        ends = project.drive(movies, preflight)
        assert [end.state.value for end in ends] == ["finished", "finished"]
        return {check.name: check for check in preflight.outputs["checks"]}, preflight

    return look


def test_a_session_as_it_was_stated_is_ok_and_shows_it_everywhere(fly: Callable[..., Any], tmp_path: Path) -> None:
    checks, run = fly()
    assert {name: check.verdict for name, check in checks.items()} == {
        "movies": "ok",
        "gain": "ok",
        "dose": "ok",
        "pixel size": "ok",
        "Thon rings": "ok",
    }
    assert run.standing.reason == "ok: movies; ok: gain; ok: dose; ok: pixel size; ok: Thon rings"
    write_report(tmp_path / "report.html", findings_of(run.project))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<h2>Preflight</h2>" in page
    assert "The reference fits as it lies." in page


def test_a_gain_that_lies_wrong_stops_and_nothing_else_does(fly: Callable[..., Any], microscope: Microscope) -> None:
    checks, run = fly(gain=microscope.turned_gain)
    assert checks["gain"].verdict == "stop"
    assert "set gain_orientation to quarter-turn" in checks["gain"].sentence
    assert {check.verdict for name, check in checks.items() if name != "gain"} == {"ok"}
    assert run.standing.reason.startswith("stop: gain (The reference fits best turned: set gain_orientation to quarter")


def test_a_gain_that_is_to_be_found_out_is_found(fly: Callable[..., Any], microscope: Microscope) -> None:
    checks, _ = fly(gain=microscope.turned_gain, gain_orientation="auto")
    assert {check.verdict for check in checks.values()} == {"ok"}
    assert "turned quarter-turn" in checks["gain"].sentence


def test_a_wrong_dose_stops(fly: Callable[..., Any]) -> None:
    checks, _ = fly(dose_per_frame=0.5)
    assert checks["dose"].verdict == "stop"
    # 1.5 e/Å² were exposed; the ice and the detector take a few per cent of them
    assert float(checks["dose"].measured.split()[0]) == pytest.approx(1.5, rel=0.1)
    assert {check.verdict for name, check in checks.items() if name != "dose"} == {"ok"}


def test_a_wrong_pixel_size_stops(fly: Callable[..., Any]) -> None:
    checks, _ = fly(pixel_size=4.0)
    assert checks["pixel size"].verdict == "stop"
    assert (checks["pixel size"].stated, checks["pixel size"].measured) == ("4 Å/px", "2 Å/px in the file")
    assert checks["gain"].verdict == "ok"


def test_what_cannot_be_read_or_does_not_fit_is_said(
    fly: Callable[..., Any], microscope: Microscope, tmp_path: Path
) -> None:
    write_image(tmp_path / "small.mrc", np.ones((64, 64), np.float32), pixel_size=2.0)
    checks, _ = fly(gain=tmp_path / "small.mrc")
    assert checks["gain"].verdict == "stop"
    assert "64 × 64" in checks["gain"].sentence
    assert checks["dose"].verdict == "ok"


def test_pixels_without_a_gain_are_told(fly: Callable[..., Any], microscope: Microscope, tmp_path: Path) -> None:
    gain = read_image(microscope.gain).copy()
    gain[100:110, 200:210] = np.nan
    write_image(tmp_path / "holes.mrc", gain, pixel_size=2.0)
    checks, _ = fly(gain=tmp_path / "holes.mrc")
    assert {name for name, check in checks.items() if check.verdict != "ok"} == {"gain pixels"}
    assert checks["gain pixels"].verdict == "look"
    assert "100 pixels" in checks["gain pixels"].sentence


def test_one_file_that_is_no_movie_of_the_session_does_not_decide(
    make_project: Callable[[], Any], microscope: Microscope, tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for movie in microscope.movies.iterdir():
        (raw / movie.name).symlink_to(movie)
    dark = np.random.default_rng(1).poisson(0.2, (12, 768, 768)).astype(np.uint8)
    write_tiff_movie(raw / "movie_0_dark.tif", dark, pixel_size=7.0)
    project = make_project()
    movies = project.add("import-movies", **STATED | {"folder": raw})
    preflight = project.add("preflight", movies=movies.outputs["movies"])
    project.drive(movies, preflight)
    checks = {check.name: check for check in preflight.outputs["checks"]}
    assert (checks["dose"].verdict, checks["pixel size"].verdict) == ("ok", "ok")


def test_movies_that_cannot_be_read_stop(
    make_project: Callable[[], Any], microscope: Microscope, tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for movie in microscope.movies.iterdir():
        (raw / movie.name).write_bytes(movie.read_bytes())
    project = make_project()
    movies = project.add("import-movies", **STATED | {"folder": raw, "gain": microscope.gain})
    preflight = project.add("preflight", movies=movies.outputs["movies"])
    project.drive(movies)
    (raw / "movie_1.tif").write_bytes(b"")
    project.drive(preflight)
    assert {check.name: check.verdict for check in preflight.outputs["checks"]} == {
        "movies": "look",
        "gain": "ok",
        "dose": "ok",
        "pixel size": "ok",
        "Thon rings": "ok",
    }


def test_memory_follows_from_the_movies(make_project: Callable[[], Any], microscope: Microscope) -> None:
    project = make_project()
    movies = project.add("import-movies", **STATED | {"folder": microscope.movies})
    preflight = project.add("preflight", movies=movies.outputs["movies"])
    project.drive(movies, preflight)
    (granted,) = (task.resources.memory for task in project.environment.inline.tasks)
    # a program with its libraries, and 12 frames of 768² pixels with what is computed of them
    assert 2**28 < granted < 2**30
