"""Heavy work in turn: never more at once than may be, nobody waits without end, and nothing is worked out twice."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from cryoloom.data import Particle, SetWriter
from cryoloom.errors import BusyError
from cryoloom.formats import write_volume
from cryoloom.runtime import Project
from cryoloom.server._turns import Kept, Turns
from cryoloom.server.maps import first_level


def test_no_more_are_at_work_at_once_than_may_be() -> None:
    turns, at_work, most, lock = Turns(2, waiting=20), [0], [0], threading.Lock()
    together = threading.Barrier(2)  # both turns are really had at once

    def work(_: int) -> None:
        with turns.turn():
            with lock:
                at_work[0] += 1
                most[0] = max(most[0], at_work[0])
            together.wait(timeout=60)
            with lock:
                at_work[0] -= 1

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(work, range(20)))
    assert (most[0], at_work[0]) == (2, 0)


def test_who_waits_too_long_is_told_and_those_who_come_after_are_not_harmed() -> None:
    turns = Turns(1, patience=0.01)
    with turns.turn(), pytest.raises(BusyError, match="Ask again"):
        turns.turn().__enter__()
    with turns.turn():
        pass


def test_only_so_many_wait() -> None:
    turns = Turns(1, waiting=0, patience=60)
    with turns.turn(), pytest.raises(BusyError, match="Too much"):
        turns.turn().__enter__()
    with turns.turn():
        pass


def test_a_turn_is_given_back_when_the_work_fails() -> None:
    turns = Turns(1, waiting=0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), turns.turn():
            _ = 1 / 0


def test_what_is_kept_is_not_worked_out_again_and_the_oldest_is_forgotten() -> None:
    worked: list[str] = []
    kept: Kept[str, str | None] = Kept(2, Turns())

    def ask(key: str) -> str | None:
        return kept.of(key, lambda: worked.append(key))

    for key in ("a", "b", "a", "c", "a", "b"):
        ask(key)
    assert worked == ["a", "b", "c", "b"]


def test_who_asks_for_the_same_at_once_gets_what_was_worked_out_once() -> None:
    kept: Kept[str, int] = Kept(2, Turns(1, waiting=20))
    worked, asked = [], threading.Barrier(10)

    def ask(_: int) -> int:
        asked.wait(timeout=60)
        return kept.of("a", lambda: worked.append(1) or len(worked))

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(ask, range(10))) == {1}


def test_what_is_kept_needs_no_turn() -> None:
    turns = Turns(1, waiting=0)
    kept: Kept[str, int] = Kept(2, turns)
    kept.of("a", lambda: 7)
    with turns.turn():
        assert kept.of("a", lambda: 8) == 7
        with pytest.raises(BusyError):
            kept.of("b", lambda: 8)


@pytest.fixture
def never(monkeypatch: pytest.MonkeyPatch) -> Turns:
    """All heavy work is somebody else's."""
    from cryoloom.server.maps import _guinier, _level, _views
    from cryoloom.server.routes import _pictures

    turns = Turns(0, waiting=5, patience=0.01)
    monkeypatch.setattr(_pictures, "_DRAWING", turns)
    for module, name in ((_guinier, "_AMPLITUDES"), (_level, "_LEVELS"), (_views, "_VIEWS")):
        monkeypatch.setattr(module, name, Kept(2, turns))
    return turns


def test_a_server_that_is_busy_says_so_and_when_to_ask_again(
    browser: TestClient, classified: Project, never: Turns
) -> None:
    run = f"/api/projects/{classified.record.ulid}/runs/{classified.run(2).ulid}"
    for asked in (f"{run}/picture", f"{run}/outputs/particles/images"):
        answer = browser.get(asked)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5"), asked
        assert "Ask again in a few seconds" in answer.json()["message"]
    write_volume(classified.path / "map.mrc", np.zeros((8, 8, 8), np.float32), pixel_size=1.0)
    with pytest.raises(BusyError):
        first_level(classified.path / "map.mrc", None)


def test_views_are_counted_once_for_a_set_and_a_symmetry(
    browser: TestClient, classified: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryoloom.server.maps import _views

    counted: list[Any] = []
    spread_of = _views.spread_of
    monkeypatch.setattr(_views, "spread_of", lambda *given: counted.append(1) or spread_of(*given))
    run = classified.run(1)
    writer = SetWriter.open(run.folder.outputs / "particles", Particle.kind)
    posed = [
        Particle(id=number + 1, file="p.mrcs", index=0, pixel_size=1.0, box_size=8, rot=0.0, tilt=9.0 * number, psi=0.0)
        for number in range(20)
    ]
    address = f"/api/projects/{classified.record.ulid}/runs/{run.ulid}/views"
    for rows, times in ((posed[:10], 1), (posed[10:], 2)):
        writer.commit(rows)
        for asked in (address, f"{address}/table", address):
            assert browser.get(asked).status_code == 200
        assert len(counted) == times
