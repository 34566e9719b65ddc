"""Motion correction as a step of a workflow: the gain's orientation, and what may be missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from PIL import Image

from cryoloom.data import StoredSet
from cryoloom.engine.gain import GainOrientation, orient_gain
from cryoloom.errors import InputError
from cryoloom.formats import write_image, write_tiff_movie
from cryoloom.formats.relion import read_motion
from cryoloom.protocols.motion._files import MovieAcquisition
from cryoloom.protocols.report import write_report
from cryoloom.runtime import findings_of
from cryoloom.workflow.workspace import Workspace

ORIENTATIONS_THAT_FIT = ("as-is", "half-turn", "flip-x", "flip-y")


@pytest.fixture
def raw(recorded, tmp_path) -> Path:
    """A folder of three movies of one detector."""
    folder = tmp_path / "raw"
    folder.mkdir()
    for number in (1, 2, 3):
        counts = recorded.counts.copy()
        counts[0, 0, number] += 1  # what has the same bytes is imported once
        write_tiff_movie(folder / f"movie_{number}.tif", counts, pixel_size=2.0)
    return folder


@pytest.fixture
def turned_gain(recorded, tmp_path) -> Path:
    """The reference, lying so that a quarter turn brings it onto the movies."""
    stored = orient_gain(recorded.gain, GainOrientation.THREE_QUARTER_TURN)
    write_image(tmp_path / "turned.mrc", stored, pixel_size=2.0)
    return tmp_path / "turned.mrc"


def begin(project, raw, *, more=None, **how):
    movies = project.add(
        "import-movies", folder=raw, voltage=300, settle=0.0, **({"pixel_size": 2.0, "dose_per_frame": 1.5} | how)
    )
    motion = project.add("motion", movies=movies.outputs["movies"], patches=(1, 1), **(more or {}))
    return movies, motion


def warnings_of(run):
    ledger = StoredSet(run.folder.ledger).latest()
    return [warning for item in ledger.items() for warning in item.warnings]


def test_the_orientation_is_found_once_and_recorded(make_project, raw, turned_gain, recorded):
    project = make_project()
    runs = begin(project, raw, gain=turned_gain)
    ends = project.drive(*runs)
    assert [end.state.value for end in ends] == ["finished", "finished"]
    found = runs[1].outputs["micrographs"].to_polars()
    assert found["gain_orientation"].to_list() == ["quarter-turn"] * 3
    assert project.tasks.count("prepare_items") == 1
    assert "turned.mrc lies quarter-turn on the movies (scores: quarter-turn" in runs[
        1
    ].folder.newest_attempt().log_file.read_text(encoding="utf-8")

    (named,) = {read_motion(project.path / file).gain_file for file in found["motion_file"]}
    assert named.startswith("runs/000002-motion/files/micrographs/turned_quarter-turn_")  # RELION starts in the project
    assert np.array_equal(mrcfile.read(project.path / named), recorded.gain)

    explicit = begin(project, raw, gain=recorded.gain_file, gain_orientation="as-is")
    project.drive(*explicit)
    other = explicit[1].outputs["micrographs"].to_polars()
    assert other["gain_orientation"].to_list() == ["as-is"] * 3
    for one, two in zip(sorted(found["file"]), sorted(other["file"]), strict=True):
        assert np.array_equal(mrcfile.read(project.path / one), mrcfile.read(project.path / two))
    assert project.tasks.count("prepare_items") == 1


def test_only_a_reference_that_was_turned_is_warned_of(make_project, raw, turned_gain, recorded):
    project = make_project()
    for gain, told in ((recorded.gain_file, "lies as-is on the movies"), (turned_gain, "lies quarter-turn on the")):
        runs = begin(project, raw, gain=gain, gain_orientation="auto")
        project.drive(*runs)
        assert told in runs[1].folder.newest_attempt().log_file.read_text(encoding="utf-8")
        warned = [warning.sentence for warning in runs[1].warnings() if told in warning.sentence]
        assert len(warned) == (gain is turned_gain)
        assert len(runs[1].outputs["micrographs"]) == 3


def test_a_later_attempt_makes_the_same_sums(make_project, raw, turned_gain, tmp_path):
    whole = make_project()
    runs = begin(whole, raw, gain=turned_gain)
    whole.drive(*runs)
    (raw / "movie_3.tif").rename(tmp_path / "movie_3.tif")
    parts = make_project()
    again = begin(parts, raw, gain=turned_gain)
    parts.drive(*again)
    (tmp_path / "movie_3.tif").rename(raw / "movie_3.tif")
    parts.drive(*again)
    assert parts.tasks.count("prepare_items") == 1
    one, two = (run.outputs["micrographs"].to_polars().sort("id") for run in (runs[1], again[1]))
    assert one.equals(two)
    for name in one["file"]:
        assert (whole.path / name).read_bytes() == (parts.path / name).read_bytes()


def test_an_unclear_gain_asks_for_a_person_with_every_score(make_project, raw, tmp_path):
    stranger = np.random.default_rng(1).normal(1, 0.03, (448, 512)).astype(np.float32)
    write_image(tmp_path / "stranger.mrc", stranger, pixel_size=2.0)
    project = make_project()
    movies, motion = begin(project, raw, gain=tmp_path / "stranger.mrc")
    end = project.drive(movies, motion)[1]
    assert end.state.value == "failed"
    assert "its first 3 movies do not tell clearly how this gain reference lies" in end.reason
    assert "may be the gain reference of another detector or session" in end.reason
    assert "say how it lies, with gain_orientation." in end.reason
    assert "gain_orientation" in end.reason
    for orientation in ORIENTATIONS_THAT_FIT:
        assert f"{orientation} " in end.reason
    assert motion.failed_items() == []
    assert project.tasks.count("process_item") == 0

    told = project.add("motion", movies=movies.outputs["movies"], patches=(1, 1), gain_orientation="flip-y")
    project.drive(told)
    assert told.outputs["micrographs"].to_polars()["gain_orientation"].to_list() == ["flip-y"] * 3


def test_a_square_gain_shows_all_eight_scores(recorded):
    from cryoloom.engine.gain import score_gain_orientations
    from cryoloom.protocols.motion._orientation import clear_orientation

    counts = np.random.default_rng(2).poisson(30.0, (96, 96)).astype(np.float32)
    gain = np.random.default_rng(3).normal(1, 0.03, (96, 96)).astype(np.float32)
    with pytest.raises(InputError) as refusal:
        clear_orientation(score_gain_orientations(counts, gain), Path("gain.mrc"), "its only movie does")
    assert all(f"{orientation} " in str(refusal.value) for orientation in GainOrientation)


def test_a_movie_that_cannot_be_read_fails_alone(make_project, raw, turned_gain):
    project = make_project()
    movies, motion = begin(project, raw, gain=turned_gain)
    project.drive(movies)
    first = raw / "movie_1.tif"
    first.write_bytes(first.read_bytes()[:-1000])
    (end,) = project.drive(motion)
    assert (end.state.value, end.progress.failed, end.progress.done) == ("finished", 1, 2)
    (failure,) = motion.failed_items()
    assert failure.label == "movie_1"
    assert "wait for it or copy it again" in failure.reason


@pytest.mark.parametrize("orientation", ["as-is", "auto"])
def test_a_gain_that_has_gone_is_told_in_a_sentence(make_project, raw, recorded, tmp_path, orientation):
    gain = Path(shutil.copy(recorded.gain_file, tmp_path / "reference.mrc"))
    project = make_project()
    movies, motion = begin(project, raw, gain=gain, gain_orientation=orientation)
    project.drive(movies)
    gain.unlink()
    (end,) = project.drive(motion)
    assert end.state.value == "failed"
    reasons = {item.reason for item in motion.failed_items()} or {end.reason}
    assert len(reasons) == 1
    (reason,) = reasons
    assert str(gain) in reason
    assert "Error" not in reason
    assert "Errno" not in reason
    assert reason.endswith(".")
    shutil.copy(recorded.gain_file, gain)
    motion.folder.add_request(motion_retry())
    (end,) = project.drive(motion)
    assert (end.state.value, end.progress.done) == ("finished", 3)


def motion_retry():
    from cryoloom.workflow.run import Request, RequestKind

    return Request(kind=RequestKind.RETRY)


def test_a_movie_that_has_gone_is_told_in_a_sentence(make_project, raw):
    project = make_project()
    movies, motion = begin(project, raw)
    project.drive(movies)
    (raw / "movie_2.tif").unlink()
    project.drive(motion)
    (failure,) = motion.failed_items()
    assert failure.reason == f"{raw / 'movie_2.tif'}: there is no such file."


def test_without_a_dose_there_is_the_plain_sum_only(make_project, raw):
    project = make_project()
    runs = begin(project, raw, dose_per_frame=None)
    ends = project.drive(*runs)
    assert [end.state.value for end in ends] == ["finished", "finished"]
    found = runs[1].outputs["micrographs"].to_polars()
    for column in ("dose_weighted_file", "total_dose", "motion_early", "motion_late"):
        assert column not in found.columns or found[column].null_count() == 3, column
    assert (found["motion_total"] > 0).all()
    weighted = begin(project, raw)
    project.drive(*weighted)
    told = weighted[1].outputs["micrographs"].to_polars()
    for name, same in zip(sorted(found["file"]), sorted(told["file"]), strict=True):
        folder = (project.path / name).parent
        assert not list(folder.glob("*_DW.mrc"))
        assert np.allclose(mrcfile.read(project.path / name), mrcfile.read(project.path / same), rtol=0, atol=1e-3)
    assert [w for w in warnings_of(runs[1]) if "dose_per_frame" in w]
    assert not [w for w in warnings_of(weighted[1]) if "dose_per_frame" in w]


def test_each_micrograph_has_a_small_picture_that_outlives_it(make_project, raw, recorded, tmp_path):
    project = make_project()
    movies, motion = begin(project, raw, gain=recorded.gain_file, gain_orientation="as-is")
    project.drive(movies, motion)
    for micrograph in motion.outputs["micrographs"]:
        with Image.open(project.path / micrograph.thumbnail) as picture:
            assert (picture.format, picture.mode, picture.size) == ("PNG", "L", (512, 448))
            seen = np.asarray(picture).astype(float)
        shown = mrcfile.read(project.path / micrograph.dose_weighted_file)
        assert np.corrcoef(seen.ravel(), shown.ravel())[0, 1] > 0.98  # but for the two percent that are cut off
    page = tmp_path / "report.html"
    project.clean(project.plan_cleaning(runs=[motion.ulid]))
    assert not any(project.path.rglob("*.mrc"))
    write_report(page, findings_of(project))
    assert page.read_text(encoding="utf-8").count("data:image/png") == 3
    for picture in project.path.rglob("files/thumbnails/*.png"):
        picture.unlink()
    write_report(page, findings_of(project))
    assert page.read_text(encoding="utf-8").count("its images have been cleaned away") == 3


def test_a_reference_among_the_movies_does_not_say_that_it_divides(recorded, tmp_path):
    from cryoloom.protocols.motion._orientation import score_pooled

    how = MovieAcquisition(pixel_size=2.0, voltage=300, dose_per_frame=None)
    assert score_pooled([(recorded.gain_file, how)], recorded.gain_file) is None
    scores = score_pooled([(recorded.gain_file, how), (recorded.movie, how)], recorded.gain_file)
    assert scores is not None
    assert (str(scores.best), scores.is_clear, scores.looks_like_a_divisor) == ("as-is", True, False)


def test_a_reference_is_called_a_divisor_only_when_no_more_movies_can_tell(make_project, raw, recorded, tmp_path):
    write_image(tmp_path / "inverse.mrc", 1.0 / recorded.gain, pixel_size=2.0)
    project = make_project()
    movies, motion = begin(project, raw, gain=tmp_path / "inverse.mrc")
    project.drive(movies)
    rows = list(movies.outputs["movies"].latest().items())
    protocol, workspace = motion.protocol(), Workspace(project.path, "000002-motion", "", 0, frozenset())
    assert protocol.prepare(rows[:1], motion.parameters, workspace, more_may_come=True) is None
    with pytest.raises(InputError, match="it has to divide"):
        protocol.prepare(rows, motion.parameters, workspace, more_may_come=False)
