"""Sharing a project, and handing it over: what is previewed is what is done, and records say who did what."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.server.asking import ADDRESS

from cryoloom.auth import LOCAL, Role, identity_of
from cryoloom.runtime import Project
from cryoloom.server import ServerSettings, create_application
from cryoloom.workflow.person import acting_for, this_account, this_person
from cryoloom.workflow.sharing import Known, Share, Sharing, write_sharing


class People:
    """Some people at their browsers."""

    def __init__(self, client: TestClient, signed_in: Callable[..., dict[str, str]]) -> None:
        self.client = client
        self.headers = {name: signed_in(name, role) for name, role in ROLES.items()}

    def ask(self, who: str, method: str, path: str, body: Any = None):
        return self.client.request(method, path, headers=self.headers[who], json=body)


ROLES = {"ana": Role.USER, "bea": Role.USER, "carl": Role.VIEWER, "root": Role.ADMIN}
ID = {name: identity_of(LOCAL, name) for name in [*ROLES, "stranger"]}


@pytest.fixture
def people(settings: ServerSettings, signed_in) -> Iterator[People]:
    with TestClient(create_application(settings), base_url=ADDRESS) as client:
        yield People(client, signed_in)


@pytest.fixture
def address(people: People) -> str:
    """Of a project that Ana has made."""
    made = people.ask("ana", "POST", "/api/projects", {"name": "Ribosome"}).json()
    assert (made["right"], made["owner"], made["read_only"]) == ("own", "ana", "")
    return f"/api/projects/{made['ulid']}"


def test_who_makes_a_project_owns_it_and_shares_it(people: People, address: str) -> None:
    assert people.ask("bea", "GET", address).status_code == 404
    read = people.ask("ana", "GET", f"{address}/sharing").json()
    assert read == {"owner": ID["ana"], "owner_name": "ana", "shares": [], "revision": 1, "may_change": True}
    shares = [{"person": ID["bea"], "right": "write"}, {"person": ID["carl"], "right": "read"}]
    changed = people.ask("ana", "PUT", f"{address}/sharing", {"revision": 1, "shares": shares})
    assert [one["name"] for one in changed.json()["shares"]] == ["bea", "carl"]
    assert people.ask("bea", "GET", address).json()["right"] == "write"
    seen = people.ask("carl", "GET", address).json()
    assert (seen["right"], seen["read_only"]) == ("read", "Shared with you for reading by ana.")
    assert people.ask("bea", "GET", f"{address}/sharing").json()["may_change"] is False
    refused = people.ask("bea", "PUT", f"{address}/sharing", {"revision": 2, "shares": []})
    assert (refused.status_code, "its owner, ana," in refused.json()["message"]) == (403, True)
    assert people.ask("ana", "PUT", f"{address}/sharing", {"revision": 2, "shares": []}).status_code == 200
    assert people.ask("bea", "GET", address).status_code == 404


@pytest.mark.parametrize(
    ("shares", "status", "said"),
    [
        ([("stranger", "read")], 404, "sign in once"),
        ([("ana", "read")], 422, "owns the project"),
        ([("bea", "read"), ("bea", "write")], 422, "twice"),
        ([("bea", "own")], 422, None),
    ],
)
def test_what_cannot_be_shared_is_refused_in_words(
    people: People, address: str, shares: list[tuple[str, str]], status: int, said: str | None
) -> None:
    asked = [{"person": ID[who], "right": right} for who, right in shares]
    refused = people.ask("ana", "PUT", f"{address}/sharing", {"revision": 1, "shares": asked})
    assert refused.status_code == status
    assert said is None or said in refused.json()["message"]
    assert people.ask("ana", "GET", f"{address}/sharing").json()["revision"] == 1


def test_of_two_who_change_it_at_once_one_is_told(people: People, address: str) -> None:
    change = {"revision": 1, "shares": [{"person": ID["bea"], "right": "read"}]}
    assert people.ask("ana", "PUT", f"{address}/sharing", change).status_code == 200
    late = people.ask("root", "PUT", f"{address}/sharing", {"revision": 1, "shares": []})
    assert (late.status_code, "Somebody else" in late.json()["message"]) == (409, True)
    assert people.ask("bea", "GET", address).status_code == 200


@pytest.mark.parametrize(("keep", "right"), [("write", "write"), ("read", "read"), ("nothing", None)])
def test_a_project_is_handed_over_as_previewed(people: People, address: str, keep: str, right: str | None) -> None:
    shares = [{"person": ID["bea"], "right": "read"}, {"person": ID["carl"], "right": "read"}]
    people.ask("ana", "PUT", f"{address}/sharing", {"revision": 1, "shares": shares})
    preview = people.ask("ana", "GET", f"{address}/handover?to={ID['bea']}&keep={keep}").json()
    assert (preview["to"]["name"], preview["revision"]) == ("bea", 2)
    said = " ".join(preview["sentences"])
    assert "Ribosome belongs to bea" in said
    assert {"write": "ana may still work", "read": "ana may only look", "nothing": "ana does not find"}[keep] in said
    assert "shared with carl" in said
    assert people.ask("ana", "GET", f"{address}/sharing").json()["owner_name"] == "ana"  # a preview does nothing
    handed = people.ask("ana", "POST", f"{address}/handover", {"to": ID["bea"], "keep": keep, "revision": 2})
    assert (handed.status_code, handed.json()["owner_name"]) == (200, "bea")
    assert people.ask("bea", "GET", address).json()["right"] == "own"
    former = people.ask("ana", "GET", address)
    assert former.status_code == (404 if right is None else 200)
    assert right is None or former.json()["right"] == right
    assert people.ask("carl", "GET", address).status_code == 200


def test_a_handover_that_was_overtaken_or_leads_nowhere_is_refused(people: People, address: str) -> None:
    body = {"to": ID["bea"], "keep": "write", "revision": 1}
    people.ask("ana", "PUT", f"{address}/sharing", {"revision": 1, "shares": []})
    assert people.ask("ana", "POST", f"{address}/handover", body).status_code == 409
    for who, status, said in (
        ("carl", 409, "cannot own"),
        ("ana", 409, "already"),
        ("stranger", 404, "sign in once"),
    ):
        for method, path, asked in (
            ("GET", f"{address}/handover?to={ID[who]}", None),
            ("POST", f"{address}/handover", {"to": ID[who], "keep": "write", "revision": 2}),
        ):
            refused = people.ask("ana", method, path, asked)
            assert (refused.status_code, said in refused.json()["message"]) == (status, True)
    assert people.ask("ana", "GET", address).json()["owner"] == "ana"


def test_the_record_moves_with_the_folder(people: People, address: str, shelf: Path) -> None:
    kept = json.loads((shelf / "Ribosome" / "sharing.json").read_text(encoding="utf-8"))
    assert kept["owner"] == {"person": ID["ana"], "name": "ana"}
    (shelf / "Ribosome").rename(shelf / "Elsewhere")
    assert people.ask("ana", "GET", address).json()["owner"] == "ana"
    assert people.ask("bea", "GET", address).status_code == 404


def test_records_name_the_person_who_asked(people: People, address: str, shelf: Path, new_import) -> None:
    run = people.ask("ana", "POST", f"{address}/runs", new_import).json()
    assert run["created_by"] == "ana"
    assert Project.open(shelf / "Ribosome").run(1).record.created_by == "ana"


def test_nobody_is_noted_for_what_another_does() -> None:
    with acting_for("ana"):
        with acting_for("bea"):
            assert this_person() == "bea"
        assert this_person() == "ana"
        assert this_account() != "ana"
    assert this_person() == this_account()


def test_people_are_found_by_part_of_a_name(people: People) -> None:
    def found(who: str, text: str) -> list[str]:
        return [one["name"] for one in people.ask(who, "GET", f"/api/people/found?text={text}").json()]

    assert found("ana", "CAR") == ["carl"]
    assert found("ana", "zzz") == []
    assert people.ask("ana", "GET", "/api/people/found?text=a").status_code == 422  # no list of everybody
    people.ask("root", "PUT", f"/api/people/{ID['carl']}", {"role": "viewer", "blocked": True})
    assert found("ana", "carl") == []


def test_administrators_give_roles_but_not_to_themselves(people: People) -> None:
    listed = {one["name"]: one for one in people.ask("root", "GET", "/api/people").json()}
    assert set(listed) == set(ROLES)
    assert people.ask("carl", "POST", "/api/projects", {"name": "X"}).status_code == 403
    changed = people.ask("root", "PUT", f"/api/people/{ID['carl']}", {"role": "user", "blocked": False})
    assert changed.json()["role"] == "user"
    assert people.ask("carl", "POST", "/api/projects", {"name": "X"}).status_code == 201
    own = people.ask("root", "PUT", f"/api/people/{ID['root']}", {"role": "viewer", "blocked": False})
    assert (own.status_code, "another administrator" in own.json()["message"]) == (409, True)
    nobody = people.ask("root", "PUT", f"/api/people/{ID['stranger']}", {"role": "user", "blocked": False})
    assert nobody.status_code == 404


def test_who_may_only_look_is_told_so_where_they_would_act(people: People, classified) -> None:
    owner = Known(person=ID["ana"], name="ana")
    write_sharing(classified.folder, Sharing(owner=owner, shares=[Share(person=ID["carl"], name="carl", right="read")]))
    run = f"/api/projects/{classified.record.ulid}/runs/{classified.run(3).ulid}"
    said = "Shared with you for reading by ana."
    assert people.ask("carl", "GET", run).json()["read_only"] == said
    assert people.ask("carl", "GET", f"{run}/classes").json()["only_shown"] == said
    for part, field in (("", "read_only"), ("/classes", "only_shown")):
        assert people.ask("ana", "GET", f"{run}{part}").json()[field] == ""


def test_runs_say_that_a_newer_cryoloom_made_their_project(people: People, classified) -> None:
    write_sharing(classified.folder, Sharing(owner=Known(person=ID["ana"], name="ana")))
    file = classified.path / "project.json"
    file.write_text(
        json.dumps(json.loads(file.read_text(encoding="utf-8")) | {"format_version": 999}), encoding="utf-8"
    )
    project = f"/api/projects/{classified.record.ulid}"
    run = f"{project}/runs/{classified.run(3).ulid}"
    told = [
        people.ask("ana", "GET", address).json()[field]
        for address, field in (
            (project, "read_only"),
            (f"{project}/storage", "read_only"),
            (run, "read_only"),
            (f"{run}/classes", "only_shown"),
        )
    ]
    assert "a newer cryoloom made it" in told[0]
    assert told == [told[0]] * 4


@pytest.mark.parametrize(
    ("who", "said"),
    [("bea", "Shared with you for reading by ana. Ask its owner"), ("carl", "You may look at what is shared with you")],
)
def test_who_may_not_change_a_project_is_told_whose_word_it_takes(people: People, address: str, who, said) -> None:
    shares = [{"person": ID[name], "right": "read"} for name in ("bea", "carl")]
    assert people.ask("ana", "PUT", f"{address}/sharing", {"revision": 1, "shares": shares}).status_code == 200
    refused = people.ask(who, "POST", f"{address}/storage/measure")
    assert (refused.status_code, said in refused.json()["message"]) == (403, True), refused.text


def test_a_token_that_only_looks_is_told_apart_from_a_person_who_does(people: People, address: str) -> None:
    issued = people.ask("ana", "POST", "/api/tokens", {"name": "watch", "days": 1, "read_only": True}).json()
    refused = people.client.post(
        f"{address}/storage/measure", headers={"Authorization": f"Bearer {issued['text']}", "Cookie": ""}
    )
    assert (refused.status_code, "The token 'watch' only looks" in refused.json()["message"]) == (403, True)
