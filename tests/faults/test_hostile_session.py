"""A session whose folder holds everything that can go wrong: each fault is one sentence, and the rest goes on."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import gemmi
import mrcfile
import numpy as np
import psutil
import pytest

from cryoloom.formats import write_image, write_tiff_movie
from cryoloom.protocols.export import write_star_files
from cryoloom.runtime import Project
from cryoloom.workflow.project import Run
from cryoloom.workflow.run import RunState

HEIGHT, WIDTH = 192, 256
FRAMES = np.random.default_rng(1).poisson(4.0, (5, HEIGHT, WIDTH)).astype(np.uint8)
HOSTILE_NAMES = (
    "with space.tif",
    "quote'\".tif",
    "Å ünïcødé 显微.tif",
    "-leading.tif",
    "$(touch pwned);x.tif",
    "%41#&.tif",
    "_rlnVoltage #1.tif",
)
GOOD = ("good.tif", "deep.tif", "symbolic.tif", "hard again.tif", "pixel_size_zero.mrcs", *HOSTILE_NAMES)
REFUSED_AT_IMPORT = {
    b"zero.tif": "The file is empty",
    b"truncated.tif": "wait for it or copy it again",
    b"garbage.tif": "none of the formats that cryoloom reads",
    b"garbage.mrc": "none of the formats that cryoloom reads",
    b"promises_too_much.mrc": "its header makes no sense",
    b"new\nline.tif": "rename it",
    b"caf\xe9.tif": "rename it",
}
LEFT_OUT_AT_IMPORT = {
    b"hard.tif": "It holds the same bytes as hard again.tif, which is imported.",
    b"atlas.mrc": "It has a single frame, so it is an image and no movie.",
}
REFUSED_BY_MOTION = {
    "nan.mrcs": "100 pixels of image 2 are not finite numbers",
    "empty_frames.mrcs": "0 counts a pixel",
    "other_size.tif": "256 × 100",
}


@dataclass(frozen=True)
class Played:
    """What became of the session, and of the folder that it was read from."""

    project: Project
    raw: Path
    before: dict[bytes, tuple[object, ...]]
    after: dict[bytes, tuple[object, ...]]
    movies: Run
    motion: Run
    ctf: Run


def write_mrc_movie(path: Path, frames: np.ndarray, pixel_size: float) -> None:
    """As the reference library writes it."""
    with mrcfile.new(path, frames) as movie:
        movie.set_image_stack()
        movie.voxel_size = pixel_size


def fill(raw: Path) -> None:
    elsewhere, deeper = raw.with_name("elsewhere"), raw / "deeper"
    for folder in (raw, elsewhere, deeper):
        folder.mkdir()
    plain = (raw / "good.tif", elsewhere / "linked.tif", elsewhere / "hard.tif", deeper / "deep.tif")
    for number, path in enumerate((*plain, *(raw / name for name in HOSTILE_NAMES))):
        write_tiff_movie(path, FRAMES + number, pixel_size=1.5)
    write_mrc_movie(raw / "pixel_size_zero.mrcs", FRAMES.astype(np.float32), 0.0)
    (raw / "symbolic.tif").symlink_to(elsewhere / "linked.tif")
    os.link(elsewhere / "hard.tif", raw / "hard.tif")
    os.link(elsewhere / "hard.tif", raw / "hard again.tif")
    write_image(raw / "atlas.mrc", FRAMES[0].astype(np.float32), pixel_size=1.5)
    (raw / "dangling.tif").symlink_to(raw / "nowhere")
    (raw / "loop.tif").symlink_to(raw / "loop.tif")
    (deeper / "loop").symlink_to(raw)
    os.mkfifo(raw / "pipe.mrc")
    whole = (raw / "good.tif").read_bytes()
    contents = {
        b"zero.tif": b"",
        b"truncated.tif": whole[:-300],
        b"garbage.tif": b"data_\nloop_\n_rlnVoltage\n" * 100,
        b"garbage.mrc": b"\xff" * 5000,
        b"promises_too_much.mrc": np.array([2**30, 2**30, 2**30, 2], np.int32).tobytes().ljust(4096, b"\1"),
        b"new\nline.tif": whole,
        b"caf\xe9.tif": whole,
    }
    for name, content in contents.items():
        Path(os.fsdecode(os.fsencode(raw) + b"/" + name)).write_bytes(content)
    write_mrc_movie(raw / "empty_frames.mrcs", np.zeros(FRAMES.shape, np.float32), 1.5)
    write_mrc_movie(raw / "nan.mrcs", FRAMES.astype(np.float32), 1.5)
    with mrcfile.mmap(raw / "nan.mrcs", mode="r+") as movie:
        movie.data[2, 50:60, 50:60] = np.nan
    write_tiff_movie(raw / "other_size.tif", FRAMES[:, :100], pixel_size=1.5)


def wait_for_all(runs: list[Run], seconds: float = 240.0) -> None:
    wait_until(lambda: not any(run.state.active for run in runs), *runs, seconds=seconds)


def wait_until(condition: Callable[[], bool], *runs: Run, seconds: float = 240.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, [(run.number, run.standing, failures(run)) for run in runs]
        time.sleep(0.05)


@pytest.fixture(scope="module")
def played(
    tmp_path_factory: pytest.TempPathFactory, inventory_of: Callable[[Path], dict[bytes, tuple[object, ...]]]
) -> Played:
    base = tmp_path_factory.mktemp("hostile")
    raw = base / "raw"
    fill(raw)
    gain = np.ones((HEIGHT, WIDTH), np.float32) + 0.02 * np.random.default_rng(2).normal(size=(HEIGHT, WIDTH))
    write_image(base / "gain reference.mrc", gain.astype(np.float32), pixel_size=1.5)
    before = inventory_of(raw)
    project = Project.create(base / "project")
    movies = project.add(
        "import-movies",
        folder=raw,
        voltage=300,
        pixel_size=1.5,
        dose_per_frame=1.0,
        gain=base / "gain reference.mrc",
        gain_orientation="as-is",
    )
    motion = project.add("motion", movies=movies.outputs["movies"])
    ctf = project.add("ctf", micrographs=motion.outputs["micrographs"])
    runs = [movies, motion, ctf]
    for run in runs:
        run.start()
    wait_for_all(runs)
    return Played(project, raw, before, inventory_of(raw), movies, motion, ctf)


def failures(run: Run) -> dict[str, str]:
    return {item.label: item.reason for item in run.failed_items()}


def test_every_stage_ends_well(played: Played) -> None:
    for run in (played.movies, played.motion, played.ctf):
        assert run.standing.state.value == "finished", run.standing.reason


@pytest.mark.parametrize("name", REFUSED_AT_IMPORT | LEFT_OUT_AT_IMPORT)
def test_a_file_that_is_no_movie_is_listed_by_the_import(played: Played, name: bytes) -> None:
    label = name.decode("utf-8", "backslashreplace")
    assert (REFUSED_AT_IMPORT | LEFT_OUT_AT_IMPORT)[name] in failures(played.movies)[label]


@pytest.mark.parametrize("name", REFUSED_BY_MOTION)
def test_a_movie_that_cannot_be_corrected_is_listed_by_motion(played: Played, name: str) -> None:
    assert REFUSED_BY_MOTION[name] in failures(played.motion)[Path(name).stem]


def test_nothing_else_fails(played: Played) -> None:
    assert len(failures(played.movies)) == len(REFUSED_AT_IMPORT) + len(LEFT_OUT_AT_IMPORT)
    progress = played.movies.standing.progress
    assert (progress.failed, progress.excluded) == (len(REFUSED_AT_IMPORT), len(LEFT_OUT_AT_IMPORT))
    assert len(failures(played.motion)) == len(REFUSED_BY_MOTION)
    assert failures(played.ctf) == {}


def test_each_reason_is_a_sentence(played: Played) -> None:
    reasons = {**failures(played.movies), **failures(played.motion)}
    for label, reason in reasons.items():
        assert reason.endswith("."), label
        assert re.match(r"[A-Z]|[^:]+\.\w+: ", reason), reason
        assert "Traceback" not in reason
        assert not re.match(r"\w*(Error|Exception)\b", reason), reason
        assert len(reason) < 300, label


@pytest.mark.parametrize("name", GOOD)
def test_a_good_movie_goes_through_whatever_its_name(played: Played, name: str) -> None:
    (movie,) = (movie for movie in played.movies.outputs["movies"] if Path(movie.file).name == name)
    (micrograph,) = played.motion.outputs["micrographs"].latest().rows([movie.id]).iter_rows(named=True)
    assert micrograph["movie_file"] == movie.file
    assert played.ctf.outputs["ctfs"].latest().rows([movie.id]).height == 1
    for column in ("file", "dose_weighted_file", "motion_file"):
        assert re.fullmatch(r"runs/000002-motion/files/micrographs/[A-Za-z0-9._+-]+", micrograph[column])
        assert not Path(micrograph[column]).name.startswith((".", "-"))
        assert (played.project.path / micrograph[column]).is_file()


def test_no_name_was_run_as_a_command(played: Played) -> None:
    assert not list(played.raw.parent.rglob("pwned"))


def test_star_files_tell_the_names_as_they_are(played: Played, tmp_path: Path) -> None:
    tables = {
        output.kind: output.latest().table()
        for run in (played.movies, played.motion)
        for output in run.outputs.values()
    }
    files, _ = write_star_files(tmp_path, tables, project=played.project.path)
    (movies,) = (path for path in files if path.name == "movies.star")
    column = gemmi.cif.read(str(movies)).find_block("movies").find_loop("_rlnMicrographMovieName")
    assert set(GOOD) <= {Path(gemmi.cif.as_string(word)).name for word in column}


def test_the_folder_is_as_it_was(played: Played) -> None:
    assert played.after == played.before


def test_stopping_resuming_retrying_and_killing_leave_the_folder_as_it_was(
    played: Played, inventory_of: Callable[[Path], dict[bytes, tuple[object, ...]]], tmp_path: Path
) -> None:
    """Links to files and folders, hard links and loops of links lie in it all the while."""
    before = inventory_of(played.raw)
    project = Project.create(tmp_path / "project")
    movies = project.add("import-movies", **(played.movies.record.parameters | {"expect_more": True, "patience": 1.0}))
    motion = project.add("motion", movies=movies.outputs["movies"], patches=(1, 1))
    runs = [movies, motion]
    for run in runs:
        run.start()
    wait_until(lambda: motion.standing.progress.done > 0, *runs)
    for run in runs:
        run.stop()
    wait_until(lambda: not any(run.state.active for run in runs), *runs)
    assert [run.state for run in runs] == [RunState.STOPPED] * 2
    for run in runs:
        run.resume()
    wait_until(lambda: len(failures(motion)) == len(REFUSED_BY_MOTION), *runs)
    wait_until(lambda: motion.standing.progress.done == len(GOOD), *runs)
    for run in runs:
        (run.folder.files / "loop").parent.mkdir(exist_ok=True)
        (run.folder.files / "loop").symlink_to(played.raw)
        run.retry()
    psutil.Process(motion.folder.newest_attempt().request().process_id).kill()  # type: ignore[union-attr]
    wait_until(lambda: motion.state is RunState.INTERRUPTED, *runs)
    motion.resume()
    movies.close()
    wait_for_all(runs)
    assert len(failures(movies)) == len(REFUSED_AT_IMPORT) + len(LEFT_OUT_AT_IMPORT)
    assert len(failures(motion)) == len(REFUSED_BY_MOTION)
    assert motion.outputs["micrographs"].latest().count == len(GOOD)
    assert inventory_of(played.raw) == before


def test_removing_and_cleaning_follow_no_link_into_the_folder(
    played: Played, inventory_of: Callable[[Path], dict[bytes, tuple[object, ...]]], tmp_path: Path
) -> None:
    project = Project.open(shutil.copytree(played.project.path, tmp_path / "project", symlinks=True))
    movies, motion, ctf = project.runs()
    sums = motion.folder.files / "micrographs"
    os.link(played.raw / "good.tif", sums / "good.tif")
    before = inventory_of(played.raw)
    (sums / "raw").symlink_to(played.raw)
    (sums / "movie.tif").symlink_to(played.raw / "good.tif")
    (sums / "loop").symlink_to(sums)
    (motion.folder.path / "scratch").symlink_to(played.raw)
    inside = tmp_path / "project" / "runs" / "elsewhere"
    inside.symlink_to(played.raw)
    project.remove(project.plan_removal([ctf.ulid]))
    result = project.clean(project.plan_cleaning())
    assert result.files > 0
    project.remove(project.plan_removal([motion.ulid]))
    project.clean(project.plan_cleaning(categories=["trash"]))
    assert not motion.folder.path.exists()
    assert movies.outputs["movies"].latest().count == played.movies.outputs["movies"].latest().count
    after = inventory_of(played.raw)
    shared = os.fsencode(played.raw / "good.tif")
    assert [name for name in before if before[name] != after.get(name)] in ([], [shared])
    assert before[shared][:4] == after[shared][:4], "only the number of its names may have changed"
    assert before[shared][5] == after[shared][5]
    assert before.keys() == after.keys()
