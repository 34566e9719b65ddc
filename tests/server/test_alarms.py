"""The alarms of a project, as people see and answer them; and of its runs."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from cryoloom.auth import Role
from cryoloom.durable import create_json
from cryoloom.runtime import Project
from cryoloom.server import ServerSettings, create_application
from cryoloom.server.alarms import AlarmBooks, AlarmNews, AlarmStanding
from cryoloom.server.events import ProjectFeed
from cryoloom.workflow.driver import drive_run
from cryoloom.workflow.driver._attempt import claim_attempt
from cryoloom.workflow.run import End, RunState, as_document


def desk_of(browser: TestClient):
    return browser.app.state.held.alarms


def alarms_of(browser: TestClient, project: Project) -> dict:
    answer = browser.get(f"/api/projects/{project.record.ulid}/alarms")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def alarmed(browser: TestClient, imported: Project) -> Project:
    """A project whose disk is nearly full."""
    books = desk_of(browser).books
    record = books.read(imported.record.ulid)
    standing = AlarmStanding(alarm="disk", title="Disk", on=True, since=5.0, sentence="1 % is free.", told=True)
    books.write(imported.record.ulid, record.model_copy(update={"alarms": {"disk": standing}}))
    return imported


def test_an_alarm_is_acknowledged_and_snoozed(browser: TestClient, alarmed: Project) -> None:
    address = f"/api/projects/{alarmed.record.ulid}/alarms/disk"
    (seen,) = browser.post(f"{address}/acknowledge").json()["alarms"]
    assert (seen["on"], seen["acknowledged_by"], seen["snoozed_until"]) == (True, "ana", 0.0)
    (quiet,) = browser.put(f"{address}/snooze", json={"minutes": 15}).json()["alarms"]
    assert quiet["snoozed_until"] == pytest.approx(time.time() + 900, abs=60)
    assert AlarmBooks(desk_of(browser).books.folder).read(alarmed.record.ulid).alarms["disk"].snoozed_by == "ana"
    (loud,) = browser.put(f"{address}/snooze", json={"minutes": 0}).json()["alarms"]
    assert loud["snoozed_until"] == 0.0


@pytest.mark.parametrize(("path", "status"), [
    ("ice/acknowledge", 404), ("A/acknowledge", 422),
    ("disk.01M8KH8A97S10APG68GQ0J64N5/acknowledge", 404),
])  # fmt: skip
def test_an_alarm_that_there_is_not(browser: TestClient, alarmed: Project, path: str, status: int) -> None:
    assert browser.post(f"/api/projects/{alarmed.record.ulid}/alarms/{path}").status_code == status


def test_an_alarm_that_is_over_is_not_acknowledged(browser: TestClient, alarmed: Project) -> None:
    books, ulid = desk_of(browser).books, alarmed.record.ulid
    record = books.read(ulid)
    over = record.alarms["disk"].model_copy(update={"on": False})
    books.write(ulid, record.model_copy(update={"alarms": {"disk": over}}))
    answer = browser.post(f"/api/projects/{ulid}/alarms/disk/acknowledge")
    assert (answer.status_code, "over already" in answer.json()["message"]) == (409, True)


def test_who_may_only_read_does_not_answer_alarms(
    browser: TestClient, alarmed: Project, signed_in: Callable[..., dict[str, str]]
) -> None:
    answer = browser.post(
        f"/api/projects/{alarmed.record.ulid}/alarms/disk/acknowledge", headers=signed_in("eve", Role.VIEWER)
    )
    assert answer.status_code in {403, 404}
    assert alarms_of(browser, alarmed)["alarms"][0]["acknowledged_by"] == ""


def test_the_stream_tells_that_alarms_have_changed(alarmed: Project) -> None:
    marks = ["a", "a", "b"]

    async def followed() -> list[str]:
        feed = ProjectFeed(alarmed, lambda _: [], lambda _: marks.pop(0) if len(marks) > 1 else marks[0])
        last, _ = await feed.snapshot()
        events = feed.follow(last)
        event = await asyncio.wait_for(anext(events), 20)
        await events.aclose()
        return [event.kind]

    assert asyncio.run(followed()) == ["alarms"]


def looked(browser: TestClient, project: Project) -> list[AlarmNews]:
    desk_of(browser).watch.look_at(project)
    return desk_of(browser).books.read(project.record.ulid).past


def test_a_run_that_fails_is_told_of_once_and_again_when_it_goes_on(browser: TestClient, imported: Project) -> None:
    assert looked(browser, imported) == [], "what happened before the server began to look is no news"
    again = imported.add("filter", items="1.movies", condition="frame_count > 3")
    attempt = claim_attempt(again.folder, again.protocol(), again.parameters, versions={}, actor="ana")
    ended = End(state=RunState.FAILED, reason="The disk was full.")
    create_json(attempt.path / "end.json", as_document(ended))
    (failed,) = looked(browser, imported)
    assert (failed.alarm, failed.happening) == (f"run-failed.{again.ulid}", "entered")
    assert (failed.title, failed.sentence) == (f"Run {again.number} (filter) has failed", "The disk was full.")
    assert looked(browser, imported) == [failed]
    drive_run(imported.path, again.folder.path, imported.environment)
    assert [news.happening for news in looked(browser, imported)] == ["entered", "cleared"]
    (told,) = alarms_of(browser, imported)["alarms"]
    assert (told["on"], told["run"]) == (False, again.ulid)


def test_a_run_that_needs_somebody_and_one_that_took_long(browser: TestClient, imported: Project) -> None:
    desk = desk_of(browser)
    object.__setattr__(desk.limits, "finished_minutes", 0.0)
    assert looked(browser, imported) == []
    longer = imported.add("filter", items="1.movies", condition="frame_count > 3")
    drive_run(imported.path, longer.folder.path, imported.environment)
    (finished,) = looked(browser, imported)
    assert (finished.happening, finished.alarm) == ("notice", f"run-finished.{longer.ulid}")
    assert looked(browser, imported) == [finished]
    shutil.rmtree(longer.folder.path)
    looked(browser, imported)
    assert longer.ulid not in desk.books.read(imported.record.ulid).runs


def test_a_server_that_is_served_looks_by_itself(settings: ServerSettings, imported: Project) -> None:
    object.__setattr__(settings, "watches", True)
    with TestClient(create_application(settings), base_url="http://127.0.0.1:8765") as client:
        desk = desk_of(client)
        deadline = time.monotonic() + 60
        while not desk.books.known(imported.record.ulid):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert desk.watching
    assert not desk.watching
