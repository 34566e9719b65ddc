"""Scripts with tokens, the log of what people do, and streams that end when they have to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient
from tests.server.asking import scope_of

from cryoloom.auth import LOCAL, Role, identity_of
from cryoloom.runtime import Project
from cryoloom.server import ServerSettings, create_application
from cryoloom.server.routes import _events
from cryoloom.workflow.sharing import Known, Share, Sharing, read_sharing, write_sharing


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def test_a_script_works_with_a_token_until_it_is_revoked(browser: TestClient, stranger: TestClient) -> None:
    issued = browser.post("/api/tokens", json={"name": " nightly export ", "days": 30})
    assert issued.status_code == 201
    assert issued.headers["cache-control"] == "no-store"
    text, token = issued.json()["text"], issued.json()["token"]
    assert (token["name"], token["read_only"], token["expired"], token["last_used"]) == (
        "nightly export",
        False,
        False,
        None,
    )
    made = stranger.post("/api/projects", json={"name": "By a script"}, headers=bearer(text))
    assert made.status_code == 201
    listed = browser.get("/api/tokens").json()
    assert [one["id"] for one in listed] == [token["id"]]
    assert listed[0]["last_used"] is not None
    assert text not in browser.get("/api/tokens").text  # shown once
    assert browser.delete(f"/api/tokens/{token['id']}").status_code == 204
    refused = stranger.get("/api/projects", headers=bearer(text))
    assert (refused.status_code, "revoked" in refused.json()["message"]) == (401, True)
    assert browser.delete(f"/api/tokens/{token['id']}").status_code == 404


def test_a_token_that_is_wrong_is_not_made_good_by_a_cookie(browser: TestClient) -> None:
    assert browser.get("/api/me", headers=bearer("cryoloom_wrong")).status_code == 401
    assert browser.get("/api/me", headers={"Authorization": "Basic YTpi"}).status_code == 200  # of a proxy, not ours


@pytest.mark.parametrize(
    "body", [{"name": ""}, {"name": "  "}, {"name": "x" * 61}, {"name": "x", "days": 0}, {"name": "x", "days": 400}]
)
def test_tokens_have_a_name_and_an_end(browser: TestClient, body: dict[str, object]) -> None:
    assert browser.post("/api/tokens", json=body).status_code == 422


def test_nobody_sees_or_revokes_tokens_of_others(settings, stranger: TestClient, signed_in) -> None:
    ana, root = signed_in("ana", Role.USER), signed_in("root", Role.ADMIN)
    token = stranger.post("/api/tokens", json={"name": "hers"}, headers=ana).json()["token"]
    assert stranger.get("/api/tokens", headers=root).json() == []
    assert stranger.delete(f"/api/tokens/{token['id']}", headers=root).status_code == 404


def test_what_people_do_stands_in_the_log(stranger: TestClient, signed_in) -> None:
    ana, root = signed_in("ana", Role.USER), signed_in("root", Role.ADMIN)
    signed_in("bea", Role.USER)
    text = stranger.post("/api/tokens", json={"name": "nightly"}, headers=ana).json()["text"]
    project = stranger.post("/api/projects", json={"name": "Ribosome"}, headers=bearer(text)).json()
    address = f"/api/projects/{project['ulid']}"
    shares = [{"person": identity_of(LOCAL, "bea"), "right": "read"}]
    stranger.put(f"{address}/sharing", json={"revision": 1, "shares": shares}, headers=ana)
    stranger.put(f"{address}/sharing", json={"revision": 1, "shares": []}, headers=ana)
    stranger.get("/api/projects", headers=ana)
    stranger.get("/enter", params={"key": "the-key"})
    told = stranger.get("/api/audit", headers=root).json()
    said = [(one["name"], one["by"], one["act"], one["status"], one["facts"]) for one in told["entries"]]
    assert said[0][1:4] == ("browser", "sign in", 303)
    assert said[1] == ("ana", "browser", "change sharing", 409, {})
    assert said[2] == ("ana", "browser", "change sharing", 200, {"project": "Ribosome", "shared_with": "bea (read)"})
    assert said[3] == ("ana", "nightly", "create project", 201, {"project": "Ribosome"})
    assert said[4][:4] == ("ana", "browser", "issue token", 201)
    assert len(said) == 5  # who only looks is not written down
    assert told["entries"][2]["place"] == f"{address}/sharing"
    assert text not in stranger.get("/api/audit", headers=root).text
    found = stranger.get("/api/audit", params={"text": "nightly", "limit": 1}, headers=root).json()
    assert (len(found["entries"]), bool(found["before"])) == (1, True)
    assert stranger.get("/api/audit", params={"before": "../secret"}, headers=root).status_code == 422


def test_what_cannot_be_written_down_is_said(settings: ServerSettings, browser: TestClient) -> None:
    settings.accounts.audit.folder.mkdir(parents=True, exist_ok=True)
    settings.accounts.audit.folder.rmdir()
    settings.accounts.audit.folder.write_text("no folder", encoding="utf-8")
    answer = browser.post("/api/projects", json={"name": "X"})
    assert (answer.status_code, "could not be noted" in answer.json()["message"]) == (507, True)
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_no_credential_gets_into_a_log(
    stranger: TestClient, signed_in, caplog: pytest.LogCaptureFixture, settings
) -> None:
    caplog.set_level(logging.DEBUG)
    headers = signed_in()
    stranger.get("/enter", params={"key": "the-key"})
    text = stranger.post("/api/tokens", json={"name": "x"}, headers=headers).json()["text"]
    stranger.get("/api/me", headers=bearer(text))
    kept = "".join(file.read_text("utf-8") for file in settings.accounts.folder.rglob("*.json*"))
    ours = "".join(record.getMessage() for record in caplog.records if not record.name.startswith("httpx"))
    for hidden in ("the-key", text, headers["Cookie"].partition("=")[2]):
        assert hidden not in ours + kept


@pytest.mark.parametrize("by", ["session", "share", "block", "token"])
def test_a_stream_ends_when_who_follows_may_do_so_no_more(
    settings: ServerSettings, signed_in: Callable[..., dict[str, str]], shelf, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    monkeypatch.setattr(_events, "_ASKED_AGAIN", 0.05)
    project = Project.create(shelf / "p", "P")
    bea = identity_of(LOCAL, "bea")
    owner = Known(person=identity_of(LOCAL, "ana"), name="ana")
    write_sharing(project.folder, Sharing(owner=owner, shares=[Share(person=bea, name="bea", right="read")]))
    headers = signed_in("bea", Role.USER)
    accounts = settings.accounts
    if by == "token":
        text, token = accounts.tokens.issue(bea, "follows", seconds=60, read_only=True)
        headers = bearer(text)
    application = create_application(settings)

    async def follow() -> list[dict[str, object]]:
        sent: list[dict[str, object]] = []
        begun = asyncio.Event()

        async def receive() -> dict[str, object]:
            if not begun.is_set():
                return {"type": "http.request", "body": b"", "more_body": False}
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: dict[str, object]) -> None:
            sent.append(message)
            begun.set()

        scope = scope_of("GET", f"/api/projects/{project.record.ulid}/events", headers)
        async with asyncio.timeout(30):
            task = asyncio.create_task(application(scope, receive, send))
            await begun.wait()
            await asyncio.sleep(0.3)
            assert not task.done()  # nothing ends it as long as nothing has changed
            if by == "session":
                accounts.sessions.end_all(bea)
            elif by == "share":
                write_sharing(project.folder, read_sharing(project.folder).model_copy(update={"shares": []}))
            elif by == "block":
                accounts.people.decide(bea, role=Role.USER, blocked=True)
            else:
                accounts.tokens.revoke(bea, token.id)
            await task
        return sent

    sent = asyncio.run(follow())
    assert sent[0]["status"] == 200
    assert sent[-1].get("more_body", False) is False
