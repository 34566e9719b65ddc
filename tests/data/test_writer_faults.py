"""Writers that are killed, stopped, or not alone; file systems that are full or have no hard links."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cryoloom.data import SetWriter, StoredSet
from cryoloom.errors import ProjectError, SupersededError

PROGRAM = Path(__file__).with_name("_committing.py")


def load_program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("_committing", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


committing = load_program()


def start_writer(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder), *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    return process


def stored_state(folder: Path, generation: int | None = None) -> tuple[int, dict[int, tuple[float, int]]]:
    snapshot = StoredSet(folder).latest() if generation is None else StoredSet(folder).at(generation)
    if snapshot is None:
        return 0, {}
    frame = snapshot.to_polars(["id", "defocus_u", "made_in"])
    rows = {identity: (defocus, made_in) for identity, defocus, made_in in frame.iter_rows()}
    assert len(rows) == frame.height == snapshot.count
    return snapshot.generation, rows


def wait_for_generation(folder: Path, generation: int) -> None:
    deadline = time.monotonic() + 60
    while (StoredSet(folder).newest_generation() or 0) < generation:
        assert time.monotonic() < deadline, "the writer does not commit"
        time.sleep(0.005)


def without_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", committing.refuse_to_link)


@pytest.fixture(params=["hard links", "no hard links"])
def file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "no hard links":
        without_hard_links(monkeypatch)
    return request.param


def kill_at_random_moments(folder: Path, kills: int, seed: int, *arguments: str) -> None:
    moments = random.Random(seed)
    reached = 0
    for _ in range(kills):
        process = start_writer(folder, *arguments)
        wait_for_generation(folder, reached + 1)
        time.sleep(moments.uniform(0.0, 0.05))
        process.kill()
        process.wait()
        process.stdout.close()
        generation, rows = stored_state(folder)
        assert generation > reached
        assert rows == committing.state_at(generation)
        reached = generation


def leftovers(folder: Path) -> set[str]:
    """Files that no manifest names."""
    stored = StoredSet(folder)
    newest = stored.newest_generation()
    named = {"newest-generation", f"manifest-{newest:06d}.json"}
    named |= {path.name for path in stored.at(newest).files}
    return {path.name for path in folder.iterdir()} - named


@pytest.mark.parametrize("arguments", [[], ["no-hard-links"]], ids=["hard links", "no hard links"])
def test_a_killed_writer_leaves_whole_generations_and_nothing_else_after_a_sweep(
    tmp_path: Path, age: Callable[[Path], None], arguments: list[str]
) -> None:
    kill_at_random_moments(tmp_path, 4, 20_241_123, *arguments)
    writer = SetWriter.open(tmp_path, "ctfs")
    generation = writer.commit(*committing.commit_of(writer.generation + 1))
    assert stored_state(tmp_path) == (generation, committing.state_at(generation))
    age(tmp_path)
    writer.sweep()
    assert leftovers(tmp_path) == set()
    assert stored_state(tmp_path) == (generation, committing.state_at(generation))


@pytest.mark.full
@pytest.mark.parametrize("arguments", [[], ["no-hard-links"]], ids=["hard links", "no hard links"])
@pytest.mark.parametrize("seed", range(5))
def test_fifty_kills(tmp_path: Path, seed: int, arguments: list[str]) -> None:
    kill_at_random_moments(tmp_path, 10, seed, *arguments)


@pytest.mark.parametrize("moment", [0.0, 0.0021, 0.0043])
def test_a_stopped_writer_finds_itself_superseded(tmp_path: Path, file_system: str, moment: float) -> None:
    process = start_writer(tmp_path, *(["no-hard-links"] if file_system == "no hard links" else []))
    try:
        wait_for_generation(tmp_path, 3)
        time.sleep(moment)
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        writer = SetWriter.open(tmp_path, "ctfs")
        taken_over = writer.generation
        for _ in range(3):
            writer.commit(*committing.commit_of(writer.generation + 1))
        process.send_signal(signal.SIGCONT)
        assert process.wait(timeout=60) == 3
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    # The stopped writer may have been between the publication of a generation and its next one, never later.
    assert stored_state(tmp_path) == (taken_over + 3, committing.state_at(taken_over + 3))
    writer.commit(*committing.commit_of(writer.generation + 1))
    assert stored_state(tmp_path)[1] == committing.state_at(taken_over + 4)


def test_of_two_writers_the_second_to_commit_is_superseded(tmp_path: Path, file_system: str) -> None:
    SetWriter.open(tmp_path, "ctfs").commit([{"id": 1}])
    first, second = SetWriter.open(tmp_path, "ctfs"), SetWriter.open(tmp_path, "ctfs")
    assert first.commit([{"id": 2}]) == 2
    with pytest.raises(SupersededError, match="Another driver has published"):
        second.commit([{"id": 3}])
    with pytest.raises(SupersededError, match="this one stops"):
        second.commit([{"id": 4}])
    assert first.commit([{"id": 5}]) == 3
    assert StoredSet(tmp_path).latest().to_polars()["id"].to_list() == [1, 2, 5]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_writer_that_slept_until_its_generation_was_swept_is_superseded(
    tmp_path: Path, age: Callable[[Path], None], file_system: str
) -> None:
    SetWriter.open(tmp_path, "ctfs").commit([{"id": 1}])
    sleeper, awake = SetWriter.open(tmp_path, "ctfs"), SetWriter.open(tmp_path, "ctfs")
    for identity in range(2, 6):
        awake.commit([{"id": identity}])
    age(tmp_path)
    awake.sweep()
    assert not (tmp_path / "manifest-000002.json").exists()
    with pytest.raises(SupersededError):
        sleeper.commit([{"id": 77}])
    assert StoredSet(tmp_path).latest().to_polars()["id"].to_list() == [1, 2, 3, 4, 5]
    age(tmp_path)
    awake.sweep()
    assert leftovers(tmp_path) == set()


def test_a_writer_that_slept_after_it_published_leaves_what_others_have_built_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SetWriter.open(tmp_path, "ctfs").commit([{"id": 1}])
    sleeper = SetWriter.open(tmp_path, "ctfs")
    link = os.link

    def link_and_sleep(source: Path, target: Path) -> None:
        """While the writer sleeps right after its link, another goes on from there."""
        link(source, target)
        monkeypatch.undo()
        other = SetWriter.open(tmp_path, "ctfs")
        for identity in (3, 4):
            other.commit([{"id": identity}])

    monkeypatch.setattr(os, "link", link_and_sleep)
    with pytest.raises(SupersededError, match="Another driver writes"):
        sleeper.commit([{"id": 2}])
    assert StoredSet(tmp_path).latest().to_polars()["id"].to_list() == [1, 2, 3, 4]
    assert StoredSet(tmp_path).at(2).to_polars()["id"].to_list() == [1, 2]


def claim(folder: str, start: Any, outcomes: Any, rounds: int, *, hard_links: bool) -> None:
    """Commit once in each round as soon as the other claimant is ready."""
    patch = pytest.MonkeyPatch()
    if not hard_links:
        without_hard_links(patch)
    won = []
    for turn in range(rounds):
        writer = SetWriter.open(f"{folder}/{turn}", "ctfs")
        start.wait()
        try:
            writer.commit([{"id": os.getpid()}])
            won.append(turn)
        except SupersededError:
            pass
        start.wait()
    outcomes.put((os.getpid(), won))
    patch.undo()


@pytest.mark.parametrize("hard_links", [True, False], ids=["hard links", "no hard links"])
def test_of_two_claimants_at_once_one_wins_two_hundred_times(tmp_path: Path, hard_links: bool) -> None:
    rounds = 200
    context = multiprocessing.get_context("spawn")
    start, outcomes = context.Barrier(2), context.Queue()
    claimants = [
        context.Process(target=claim, args=(str(tmp_path), start, outcomes, rounds), kwargs={"hard_links": hard_links})
        for _ in range(2)
    ]
    for process in claimants:
        process.start()
    won = dict(outcomes.get(timeout=120) for _ in claimants)
    for process in claimants:
        process.join()
    first, second = (set(turns) for turns in won.values())
    assert not first & second
    assert first | second == set(range(rounds))
    for turn in range(rounds):
        snapshot = StoredSet(tmp_path / str(turn)).latest()
        assert snapshot.generation == 1
        assert turn in won[snapshot.to_polars()["id"].item()]


def test_a_claim_left_by_a_dead_writer_is_voided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_hard_links(monkeypatch)
    SetWriter.open(tmp_path, "ctfs").commit([{"id": 1}])
    dead = tmp_path / ".claim-000002"
    dead.mkdir()
    (dead / ".manifest-000002.json-00ff.tmp").write_text("{}")
    assert SetWriter.open(tmp_path, "ctfs").commit([{"id": 2}]) == 2
    assert StoredSet(tmp_path).latest().to_polars()["id"].to_list() == [1, 2]
    assert not dead.exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a small tmpfs cannot be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("rows", [200, 60_000], ids=["small part", "large part"])
def test_a_full_disk_leaves_the_set_as_it_was_and_the_writer_able_to_go_on(small_disk: Path, rows: int) -> None:
    folder = small_disk / "set"
    writer = SetWriter.open(folder, "ctfs")
    writer.commit([{"id": 1, "score": 0.5}])
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space left"):
        ballast.write_bytes(bytes(4 * 2**20))
    noise = random.Random(1)
    more = [{"id": identity, "score": noise.random()} for identity in range(2, rows + 2)]
    with pytest.raises(ProjectError, match="the disk is full; free some space and resume"):
        writer.commit(more)
    assert StoredSet(folder).latest().to_polars()["id"].to_list() == [1]
    assert {path.name.split("-")[0] for path in folder.iterdir()} == {"manifest", "newest", "part"}
    ballast.unlink()
    assert writer.commit(more) == 2
    assert StoredSet(folder).latest().count == rows + 1


def test_a_folder_that_cannot_be_written_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError, match="Nothing was committed to .*file"):
        SetWriter.open(tmp_path / "file" / "set", "ctfs")
