"""Movies are imported when they are complete, whatever way they were written; what changes afterwards is redone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from cryoloom.data import Movie
from cryoloom.errors import InputError, ParameterError
from cryoloom.formats import write_image, write_stack, write_tiff_movie
from cryoloom.protocols.imports import ImportMovies
from cryoloom.protocols.motion import CorrectMotion
from cryoloom.testing.eer import ElectronEvents, write_eer
from cryoloom.workflow.protocol import Found
from cryoloom.workflow.workspace import SourceContext

FRAMES = np.random.default_rng(3).poisson(2.0, (4, 96, 128)).astype(np.uint8)


class Watcher:
    """Looks as a driver does, and remembers what it was told."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        values = {"folder": folder, "voltage": 300, "pixel_size": 1.5, "settle": 0.1, "expect_more": True} | settings
        self.parameters = ImportMovies.Parameters(**values)
        self.protocol = ImportMovies()
        self.protocol.check(self.parameters)
        self.movies: dict[int, Movie] = {}
        self.failed: dict[int, str] = {}
        self.left_out: set[int] = set()
        self.context = SourceContext(folder, "000001-import-movies", {"movies": set()}, self.rows)

    def rows(self, _name: str) -> pl.DataFrame:
        return pl.DataFrame([movie.to_row() for movie in self.movies.values()])

    def look(self) -> Found:
        found = self.protocol.look(self.parameters, self.context)
        for item in found.items.get("movies", ()):
            assert isinstance(item, Movie)
            self.movies[item.id] = item
        for gone in found.withdrawn.get("movies", ()):
            del self.movies[gone]
        self.context.known["movies"] = set(self.movies)
        for mended in found.recovered:
            self.failed.pop(mended, None)
        for failure in found.failures:
            self.failed[failure.id] = f"{failure.label}: {failure.reason}"
            if failure.left_out:
                self.left_out.add(failure.id)
        return found

    @property
    def failures(self) -> list[str]:
        return list(self.failed.values())

    def look_until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"movies {len(self.movies)}, failures {self.failures}"
            self.look()
            time.sleep(0.02)

    def look_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(0.02)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "raw"
    made.mkdir()
    return made


@pytest.fixture(params=["tiff", "mrc"])
def whole(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"whole.{'tif' if request.param == 'tiff' else 'mrcs'}"
    if request.param == "tiff":
        write_tiff_movie(path, FRAMES, pixel_size=1.5)
    else:
        write_stack(path, FRAMES, pixel_size=1.5)
    return path


def test_a_complete_movie_is_taken_with_what_its_header_says(folder: Path, whole: Path) -> None:
    target = folder / whole.name
    target.write_bytes(whole.read_bytes())
    watcher = Watcher(folder, dose_per_frame=1.25)
    watcher.look_until(lambda: len(watcher.movies) == 1)
    (movie,) = watcher.movies.values()
    assert (movie.file, movie.frame_count, movie.width, movie.height) == (str(target), 4, 128, 96)
    assert (movie.pixel_size, movie.dose_per_frame) == (1.5, 1.25)
    assert movie.size_bytes == target.stat().st_size


def test_a_writer_that_stalls_in_the_middle_is_waited_for(folder: Path, whole: Path) -> None:
    content = whole.read_bytes()
    watcher = Watcher(folder)
    with (folder / whole.name).open("wb") as target:
        target.write(content[: len(content) // 2])
        target.flush()
        watcher.look_for(0.6)
        assert watcher.movies == {}, "a half file was taken"
        assert watcher.look().waiting == 1
        target.write(content[len(content) // 2 :])
    watcher.look_until(lambda: len(watcher.movies) == 1)
    assert watcher.failures == []


@pytest.mark.parametrize("cut", [0, 1, 7, 100, 1023, 1024, 2000])
def test_no_beginning_of_a_movie_is_taken_for_a_movie(folder: Path, whole: Path, cut: int) -> None:
    (folder / whole.name).write_bytes(whole.read_bytes()[:cut])
    watcher = Watcher(folder)
    watcher.look_for(0.3)
    assert watcher.movies == {}


def test_a_movie_that_changes_after_import_is_withdrawn_and_taken_again(folder: Path) -> None:
    path = folder / "movie.mrcs"
    write_stack(path, FRAMES[:2], pixel_size=1.5)
    watcher = Watcher(folder)
    watcher.look_until(lambda: len(watcher.movies) == 1)
    (former,) = watcher.movies
    write_stack(path, FRAMES, pixel_size=1.5)
    watcher.look_until(lambda: bool(watcher.movies) and former not in watcher.movies)
    (movie,) = watcher.movies.values()
    assert movie.frame_count == 4


def test_a_movie_that_vanishes_stays_and_is_listed_until_it_is_back(folder: Path) -> None:
    path = folder / "movie.mrcs"
    write_stack(path, FRAMES, pixel_size=1.5)
    watcher = Watcher(folder)
    watcher.look_until(lambda: len(watcher.movies) == 1)
    path.rename(folder / "elsewhere")
    watcher.look_until(lambda: len(watcher.failures) == 1)
    assert watcher.failures[0].startswith("movie.mrcs: It has vanished from its folder")
    assert len(watcher.movies) == 1
    (folder / "elsewhere").rename(path)
    watcher.look_until(lambda: not watcher.failures)
    assert len(watcher.movies) == 1


def test_a_movie_that_is_renamed_is_taken_under_its_new_name_alone(folder: Path) -> None:
    path = folder / "movie.mrcs"
    write_stack(path, FRAMES, pixel_size=1.5)
    watcher = Watcher(folder)
    watcher.look_until(lambda: len(watcher.movies) == 1)
    path.rename(folder / "better_name.mrcs")
    watcher.look_until(lambda: [Path(movie.file).name for movie in watcher.movies.values()] == ["better_name.mrcs"])
    assert watcher.failures == []


def test_a_movie_that_was_given_up_and_is_completed_later_is_no_failure_any_more(folder: Path, whole: Path) -> None:
    target = folder / whole.name
    target.write_bytes(whole.read_bytes()[:-200])
    watcher = Watcher(folder, patience=1.0)
    watcher.look_until(lambda: len(watcher.failures) == 1)
    target.write_bytes(whole.read_bytes())
    watcher.look_until(lambda: len(watcher.movies) == 1)
    assert watcher.failures == []


def test_a_failure_ends_with_its_file(folder: Path, whole: Path) -> None:
    target = folder / whole.name
    target.write_bytes(whole.read_bytes()[:-200])
    watcher = Watcher(folder, patience=1.0)
    watcher.look_until(lambda: len(watcher.failures) == 1)
    target.unlink()
    watcher.look_until(lambda: not watcher.failures)


def test_a_folder_that_is_away_for_a_while_withdraws_nothing(folder: Path, whole: Path) -> None:
    (folder / whole.name).write_bytes(whole.read_bytes())
    watcher = Watcher(folder)
    watcher.look_until(lambda: len(watcher.movies) == 1)
    away = folder.rename(folder.with_name("away"))
    watcher.look_until(lambda: len(watcher.failures) == 1)
    watcher.look_for(0.1)
    assert watcher.failures == [
        f"raw: The folder {folder} cannot be read (No such file or directory); check the path and the permissions."
    ]
    away.rename(folder)
    watcher.look_until(lambda: not watcher.failures)
    assert len(watcher.movies) == 1


@pytest.mark.parametrize("name", [b"new\nline", b"tab\there", b"caf\xe9"])
def test_a_name_that_no_table_can_hold_is_refused(folder: Path, whole: Path, name: bytes) -> None:
    (folder / os.fsdecode(name + os.fsencode(whole.suffix))).write_bytes(whole.read_bytes())
    (folder / whole.name).write_bytes(whole.read_bytes())
    watcher = Watcher(folder)
    watcher.look_until(lambda: bool(watcher.movies) and bool(watcher.failures))
    assert [Path(movie.file).name for movie in watcher.movies.values()] == [whole.name]
    assert "control characters or is not valid UTF-8; rename it" in watcher.failures[0]


def test_a_movie_that_stays_cut_short_fails_with_a_reason_and_the_rest_goes_on(folder: Path, whole: Path) -> None:
    (folder / f"bad{whole.suffix}").write_bytes(whole.read_bytes()[:-200])
    (folder / f"good{whole.suffix}").write_bytes(whole.read_bytes())
    watcher = Watcher(folder, expect_more=False)
    watcher.look_until(lambda: bool(watcher.failures) and len(watcher.movies) == 1)
    (failure,) = watcher.failures
    assert failure.startswith(f"bad{whole.suffix}: ")
    assert watcher.look().exhausted


def test_a_restarted_source_knows_its_movies_without_reading_them_again(folder: Path, whole: Path) -> None:
    (folder / whole.name).write_bytes(whole.read_bytes())
    first = Watcher(folder)
    first.look_until(lambda: len(first.movies) == 1)
    second = Watcher(folder)
    second.movies, second.context.known = dict(first.movies), {"movies": set(first.movies)}
    second.look_for(0.3)
    assert second.movies == first.movies


def test_the_same_movie_below_a_moved_folder_keeps_its_id(folder: Path, whole: Path, tmp_path: Path) -> None:
    (folder / whole.name).write_bytes(whole.read_bytes())
    here = Watcher(folder)
    here.look_until(lambda: len(here.movies) == 1)
    moved = folder.rename(tmp_path / "moved")
    there = Watcher(moved)
    there.look_until(lambda: len(there.movies) == 1)
    assert set(here.movies) == set(there.movies)


def test_what_is_no_file_is_left_alone(folder: Path) -> None:
    os.mkfifo(folder / "pipe.mrc")
    (folder / "loop").symlink_to(folder)
    (folder / "dangling.tif").symlink_to(folder / "nowhere")
    (folder / ".hidden.tif").write_bytes(b"II*\0")
    watcher = Watcher(folder)
    watcher.look_for(0.3)
    assert watcher.movies == {}
    assert watcher.failures == []


def test_a_folder_that_is_not_there_is_refused_at_once(folder: Path) -> None:
    with pytest.raises(ParameterError, match="There is no folder"):
        Watcher(folder / "missing")


def test_what_epu_wrote_beside_a_movie_is_kept_with_it(folder: Path, test_data: Path) -> None:
    source = next((test_data / "metadata" / "epu" / "afis").rglob("FoilHole_*_170645.xml"))
    square = folder / "GridSquare_5324661" / "Data"
    square.mkdir(parents=True)
    (square / source.name).write_bytes(source.read_bytes())
    write_stack(square / f"{source.stem}_Fractions.mrc", FRAMES, pixel_size=1.5)
    watcher = Watcher(folder)
    watcher.look_until(lambda: len(watcher.movies) == 1)
    (movie,) = watcher.movies.values()
    assert movie.foil_hole == "5330585"
    assert movie.grid_square == "5324661"
    assert movie.acquired_at.startswith("2020-02-06T")
    assert movie.beam_shift_x is not None


def test_a_record_that_cannot_be_read_is_said_and_does_not_cost_the_movie(folder: Path) -> None:
    write_stack(folder / "movie.mrcs", FRAMES, pixel_size=1.5)
    (folder / "movie.xml").write_text("<not EPU", encoding="utf-8")
    watcher = Watcher(folder)
    watcher.look_until(lambda: len(watcher.movies) == 1)
    assert any("movie.mrcs cannot be read" in remark for remark in watcher.context.remarks)


class TestElectronEvents:
    @pytest.fixture
    def eer(self, folder: Path) -> Path:
        nothing = ElectronEvents(np.zeros(0, np.int64), np.zeros(0, np.int64))
        write_eer(folder / "movie.eer", [nothing] * 559, shape=(16, 16), pixel_size=1.5)
        return folder

    def imported(self, folder: Path, **settings: Any) -> tuple[Movie, Watcher]:
        watcher = Watcher(folder, **settings)
        watcher.look_until(lambda: len(watcher.movies) == 1)
        (movie,) = watcher.movies.values()
        return movie, watcher

    def test_without_a_dose_there_are_about_forty_fractions_and_it_is_said_once(self, eer: Path) -> None:
        movie, watcher = self.imported(eer)
        assert (movie.frame_count, movie.eer_fractions, movie.eer_upsampling) == (39, 39, 1)
        assert movie.dose_per_frame is None
        assert watcher.context.remarks == ["movie.eer is rendered into 39 fractions, as eer_fractions is not set."]

    def test_the_total_dose_makes_fractions_of_one_electron_each(self, eer: Path) -> None:
        movie, _ = self.imported(eer, total_dose=50.0, eer_upsampling=2)
        assert (movie.frame_count, movie.width, movie.eer_upsampling) == (50, 32, 2)
        # each of the 50 fractions has 11 of the 559 raw frames; the last 9 are left over with their dose
        assert movie.dose_per_frame == pytest.approx(50.0 * 11 / 559)

    def test_what_is_stated_holds(self, eer: Path) -> None:
        movie, watcher = self.imported(eer, eer_fractions=20, dose_per_frame=2.0)
        assert (movie.frame_count, movie.dose_per_frame) == (20, 2.0)
        assert watcher.context.remarks == []

    def test_a_dose_per_frame_is_that_of_a_fraction(self, eer: Path) -> None:
        movie, watcher = self.imported(eer, dose_per_frame=1.2)
        assert (movie.frame_count, movie.dose_per_frame) == (39, 1.2)
        assert "The dose per frame counts for each of these." in watcher.context.remarks[0]

    def test_a_large_movie_stays_within_six_gigabytes(self, eer: Path) -> None:
        movie, _ = self.imported(eer, total_dose=60.0)
        large = replace(movie, width=4096, height=4096, pixel_size=0.8)
        assert CorrectMotion().resources(large, CorrectMotion.Parameters()).memory < 6e9


def test_the_total_dose_is_shared_out_among_frames(folder: Path) -> None:
    write_tiff_movie(folder / "movie.tif", FRAMES, pixel_size=1.5)
    watcher = Watcher(folder, total_dose=6.0)
    watcher.look_until(lambda: len(watcher.movies) == 1)
    (movie,) = watcher.movies.values()
    assert (movie.dose_per_frame, movie.eer_fractions) == (pytest.approx(6.0 / len(FRAMES)), None)
    with pytest.raises(ParameterError, match="not both"):
        Watcher(folder, total_dose=6.0, dose_per_frame=1.0)


class TestWhatIsNoMovieOfTheSession:
    def test_the_stated_references_are_never_taken_by_whatever_name(self, folder: Path) -> None:
        write_stack(folder / "movie.mrcs", FRAMES, pixel_size=1.5)
        write_stack(folder / "gain.mrc", FRAMES[:2], pixel_size=1.5)
        (folder / "a_link.mrc").symlink_to(folder / "gain.mrc")
        os.link(folder / "gain.mrc", folder / "another.mrc")
        write_stack(folder / "defects.mrc", FRAMES[:3], pixel_size=1.5)
        watcher = Watcher(folder, gain=folder / "a_link.mrc", defects=folder / "defects.mrc", expect_more=False)
        watcher.look_until(lambda: len(watcher.movies) == 1)
        assert [Path(movie.file).name for movie in watcher.movies.values()] == ["movie.mrcs"]
        assert (watcher.failures, watcher.look().exhausted) == ([], True)

    def test_what_has_one_frame_is_left_out_and_said(self, folder: Path) -> None:
        write_stack(folder / "movie.mrcs", FRAMES, pixel_size=1.5)
        write_image(folder / "GridSquare_Atlas.mrc", np.ones((64, 64), np.float32), pixel_size=1.5)
        watcher = Watcher(folder)
        watcher.look_until(lambda: bool(watcher.movies) and bool(watcher.failures))
        assert [movie.frame_count for movie in watcher.movies.values()] == [4]
        assert watcher.failures == ["GridSquare_Atlas.mrc: It has a single frame, so it is an image and no movie."]
        assert watcher.left_out == set(watcher.failed), "nobody has to do anything about it"

    def test_movies_of_another_size_are_told_of(self, folder: Path) -> None:
        for number in (1, 2):
            write_stack(folder / f"movie_{number}.mrcs", FRAMES + number, pixel_size=1.5)
            write_stack(folder / f"other_{number}.mrcs", FRAMES[:, :64] + number, pixel_size=1.5)
        watcher = Watcher(folder)
        watcher.look_until(lambda: len(watcher.movies) == 4)
        (remark,) = watcher.context.remarks
        assert remark.startswith("other_1.mrcs has frames of 128 × 64 pixels, unlike the movies before it")


def test_what_can_be_no_image_is_told_long_before_patience_ends(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cryoloom.protocols.imports._folder.QUIET_WHEN_IN_DOUBT", 0.3)
    (folder / "garbage.tif").write_bytes(b"garbage\n")
    (folder / "reserved.tif").write_bytes(bytes(5000))
    watcher = Watcher(folder, patience=600.0)
    watcher.look_until(lambda: bool(watcher.failures))
    assert watcher.failures == ["garbage.tif: This is none of the formats that cryoloom reads."]
    assert watcher.look().waiting == 1, "what is still zero is waited for"
    write_tiff_movie(folder / "garbage.tif", FRAMES, pixel_size=1.5)
    watcher.look_until(lambda: len(watcher.movies) == 1)
    assert watcher.failures == []


class TestCopies:
    def test_of_files_with_the_same_bytes_one_is_taken(self, folder: Path) -> None:
        write_stack(folder / "movie.mrcs", FRAMES, pixel_size=1.5)
        (folder / "sub").mkdir()
        (folder / "sub" / "copy.mrcs").write_bytes((folder / "movie.mrcs").read_bytes())
        watcher = Watcher(folder)
        watcher.look_until(lambda: bool(watcher.movies) and bool(watcher.failures))
        assert [Path(movie.file).name for movie in watcher.movies.values()] == ["movie.mrcs"]
        assert watcher.failures == ["copy.mrcs: It holds the same bytes as movie.mrcs, which is imported."]
        assert watcher.left_out == set(watcher.failed)

    def test_also_by_a_later_attempt(self, folder: Path) -> None:
        write_stack(folder / "movie.mrcs", FRAMES, pixel_size=1.5)
        first = Watcher(folder)
        first.look_until(lambda: len(first.movies) == 1)
        (folder / "a_copy.mrcs").write_bytes((folder / "movie.mrcs").read_bytes())
        second = Watcher(folder)
        second.movies, second.context.known = dict(first.movies), {"movies": set(first.movies)}
        second.look_until(lambda: len(second.failures) == 1)
        assert second.movies == first.movies

    def test_a_copy_takes_the_place_of_what_has_changed(self, folder: Path) -> None:
        write_stack(folder / "movie.mrcs", FRAMES, pixel_size=1.5)
        (folder / "other.mrcs").write_bytes((folder / "movie.mrcs").read_bytes())
        watcher = Watcher(folder)
        watcher.look_until(lambda: bool(watcher.movies) and bool(watcher.failures))
        write_stack(folder / "movie.mrcs", FRAMES + 1, pixel_size=1.5)
        watcher.look_until(lambda: len(watcher.movies) == 2)
        assert watcher.failures == []


class TestNothingToImport:
    def test_what_was_looked_for_and_what_lies_there_is_said(self, folder: Path) -> None:
        (folder / "sub").mkdir()
        for name in ("a.txt", "sub/b.txt", "c.xml"):
            (folder / name).write_text("x", encoding="utf-8")
        expected = f"No file in {folder}, or below it, has a name like *.tif; it holds 2 *.txt, 1 *.xml. Give another"
        with pytest.raises(InputError) as refusal:
            Watcher(folder, expect_more=False, pattern=["*.tif"]).look()
        assert str(refusal.value).startswith(expected)
        session = Watcher(folder, pattern=["*.tif"])
        assert not session.look().exhausted, "files are to come"
        session.context.closing = True
        assert session.look().exhausted
        assert session.context.remarks[0].startswith(expected)

    def test_an_empty_folder_is_told_of(self, folder: Path) -> None:
        with pytest.raises(InputError, match="it holds no file at all"):
            Watcher(folder, expect_more=False).look()

    def test_the_runs_of_the_project_are_no_folder_of_movies(self, folder: Path) -> None:
        sums = folder / "runs" / "000002-motion" / "files"
        sums.mkdir(parents=True)
        write_stack(sums / "sum.mrcs", FRAMES, pixel_size=1.5)
        write_stack(folder / "movie.mrcs", FRAMES + 1, pixel_size=1.5)
        watcher = Watcher(folder)
        watcher.look_until(lambda: len(watcher.movies) == 1)
        watcher.look_for(0.3)
        assert [Path(movie.file).name for movie in watcher.movies.values()] == ["movie.mrcs"]
        inside = Watcher(sums)
        inside.context.project = folder
        with pytest.raises(InputError, match="lies among the runs of this project"):
            inside.look()
