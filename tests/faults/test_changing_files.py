"""Files that grow, change and vanish under drivers at work."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cryoloom.data import Micrograph, Movie
from cryoloom.formats import write_stack, write_tiff_movie
from cryoloom.runtime import Project
from cryoloom.workflow.project import Run

FRAMES = np.random.default_rng(5).poisson(4.0, (5, 96, 128)).astype(np.uint8)
SECONDS = 120.0


def wait_until(condition: Callable[[], bool], *runs: Run) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, [(run.number, run.standing, run.failed_items()) for run in runs]
        time.sleep(0.05)


def movies_of(run: Run) -> dict[str, Movie]:
    movies = run.outputs["movies"].latest().items()
    return {Path(movie.file).name: movie for movie in movies if isinstance(movie, Movie)}


def micrographs_of(run: Run) -> dict[str, Micrograph]:
    micrographs = run.outputs["micrographs"].latest().items()
    return {Path(each.movie_file).name: each for each in micrographs if isinstance(each, Micrograph)}


def reasons_of(run: Run) -> dict[str, str]:
    return {item.label: item.reason for item in run.failed_items()}


def test_files_that_grow_change_and_vanish(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    write_stack(raw / "rewritten.mrcs", FRAMES[:2], pixel_size=1.5)
    write_tiff_movie(raw / "vanishing.tif", FRAMES, pixel_size=1.5)
    write_tiff_movie(tmp_path / "whole.tif", FRAMES[::-1], pixel_size=1.5)
    whole = (tmp_path / "whole.tif").read_bytes()
    project = Project.create(tmp_path / "project")
    source = project.add(
        "import-movies", folder=raw, voltage=300, pixel_size=1.5, dose_per_frame=1.0, expect_more=True
    ).start()
    motion = project.add("motion", movies=source.outputs["movies"], patches=(1, 1))
    with (raw / "growing.tif").open("wb") as growing:
        growing.write(whole[: len(whole) // 2])
        growing.flush()
        wait_until((source.folder.outputs / "movies" / "manifest-000002.json").exists, source)
        wait_until(lambda: len(movies_of(source)) == 2, source)

        (raw / "vanishing.tif").rename(tmp_path / "vanished.tif")
        wait_until(lambda: "vanishing.tif" in reasons_of(source), source)
        assert reasons_of(source)["vanishing.tif"].startswith("It has vanished from its folder")
        motion.start()
        wait_until(lambda: "vanishing" in reasons_of(motion) and "rewritten.mrcs" in micrographs_of(motion), motion)
        assert reasons_of(motion) == {"vanishing": f"{raw / 'vanishing.tif'}: there is no such file."}
        assert motion.state.value == "attention"

        assert source.standing.progress.waiting == 1, "the file that is being written is waited for"
        assert "growing.tif" not in movies_of(source)
        growing.write(whole[len(whole) // 2 :])
    wait_until(lambda: "growing.tif" in micrographs_of(motion), source, motion)
    assert movies_of(source)["growing.tif"].frame_count == len(FRAMES)

    first = micrographs_of(motion)["rewritten.mrcs"]
    assert first.total_dose == pytest.approx(2.0)
    write_stack(raw / "rewritten.mrcs", FRAMES, pixel_size=1.5)
    wait_until(lambda: micrographs_of(motion).get("rewritten.mrcs", first).id != first.id, source, motion)
    second = micrographs_of(motion)["rewritten.mrcs"]
    assert second.total_dose == pytest.approx(5.0)
    assert [movie.id for movie in movies_of(source).values() if movie.file.endswith("rewritten.mrcs")] == [second.id]

    (tmp_path / "vanished.tif").rename(raw / "vanishing.tif")
    wait_until(lambda: reasons_of(source) == {}, source)
    motion.retry()
    wait_until(lambda: "vanishing.tif" in micrographs_of(motion), motion)
    source.close()
    for run in (source, motion):
        assert run.wait(SECONDS).reason == ""
    assert sorted(micrographs_of(motion)) == ["growing.tif", "rewritten.mrcs", "vanishing.tif"]

    write_stack(raw / "rewritten.mrcs", FRAMES[:3], pixel_size=1.5)
    for run in (source, motion):
        run.resume()
    for run in (source, motion):
        run.wait(SECONDS)
    assert micrographs_of(motion)["rewritten.mrcs"].total_dose == pytest.approx(3.0)
    assert len(micrographs_of(motion)) == 3
