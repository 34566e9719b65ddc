"""Every route, asked by everybody: who may, does; who may not, is told no more than that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import pytest
from tests.server.asking import address_of, ask, routes_of

from cryoloom.auth import LOCAL, Role, identity_of
from cryoloom.runtime import Project
from cryoloom.server import ServerSettings, create_application
from cryoloom.workflow.sharing import Known, Share, Sharing, write_sharing

People = Literal["nobody", "over", "viewer", "other", "reader", "looker", "writer", "owner", "admin"]
"""Who asks with a browser: nobody; somebody whose session is over; who may only look, with no share; a user with none;
with a share to read; who may only look, with a share to write; a user with that; the owner; an administrator."""

Scripts = Literal["old-token", "revoked-token", "looking-token", "owner-token", "admin-token", "other-token"]
"""Who asks with a token: one that has expired, or was revoked, of the owner; one of the owner that only looks; one of
the owner, of an administrator, and of a user with no share, that changes things."""

Who = Literal[People, Scripts]

OUT = {"nobody", "over", "old-token", "revoked-token"}
ANYBODY = {*get_args(People), *get_args(Scripts)} - {
    "old-token",
    "revoked-token",
}
SIGNED_IN = ANYBODY - OUT
BROWSERS = set(get_args(People)) - OUT
USERS = SIGNED_IN - {"viewer", "looker", "looking-token"}
FINDERS = USERS | {"looking-token"}
READERS = {"reader", "looker", "writer", "owner", "admin", "looking-token", "owner-token", "admin-token"}
WRITERS = {"writer", "owner", "admin", "owner-token", "admin-token"}
OWNERS = {"owner", "admin"}
ADMINS = {"admin"}

PROJECT = "/api/projects/{project}"
RUN = f"{PROJECT}/runs/{{run}}"
OUTPUT = f"{RUN}/outputs/{{output}}"

MAY = {
    ("GET", "/enter"): ANYBODY,
    ("GET", "/sign-in/ways"): ANYBODY,
    ("GET", "/sign-in"): ANYBODY,
    ("GET", "/signed-in"): ANYBODY,
    ("GET", "/{address:path}"): ANYBODY,
    ("GET", "/api/{address:path}"): SIGNED_IN,
    ("GET", "/api/me"): SIGNED_IN,
    ("POST", "/api/session/end"): BROWSERS,
    ("GET", "/api/tokens"): BROWSERS,
    ("POST", "/api/tokens"): BROWSERS,
    ("DELETE", "/api/tokens/{token}"): BROWSERS,
    ("GET", "/api/audit"): ADMINS,
    ("GET", "/api/machine"): SIGNED_IN,
    ("GET", "/api/protocols"): SIGNED_IN,
    ("GET", "/api/protocols/{protocol}"): SIGNED_IN,
    ("GET", "/api/people"): ADMINS,
    ("GET", "/api/people/found"): FINDERS,
    ("PUT", "/api/people/{person}"): ADMINS,
    ("GET", "/api/projects"): SIGNED_IN,
    ("GET", "/api/projects-unreadable"): SIGNED_IN,
    ("POST", "/api/projects"): USERS,
    ("GET", "/api/storage"): SIGNED_IN,
    ("GET", "/api/storage-events"): SIGNED_IN,
    ("GET", PROJECT): READERS,
    ("GET", f"{PROJECT}/session"): READERS,
    ("PUT", f"{PROJECT}/session/thresholds"): WRITERS,
    ("GET", f"{PROJECT}/alarms"): READERS,
    ("POST", f"{PROJECT}/alarms/{{alarm}}/acknowledge"): WRITERS,
    ("PUT", f"{PROJECT}/alarms/{{alarm}}/snooze"): WRITERS,
    ("GET", "/api/microscopes"): SIGNED_IN,
    ("PUT", "/api/microscopes"): ADMINS,
    ("POST", "/api/sessions"): USERS,
    ("GET", f"{PROJECT}/storage"): READERS,
    ("POST", f"{PROJECT}/storage/measure"): WRITERS,
    ("POST", f"{PROJECT}/storage/clean"): WRITERS,
    ("POST", f"{PROJECT}/storage/restore"): WRITERS,
    ("GET", f"{PROJECT}/events"): READERS,
    ("GET", f"{PROJECT}/sharing"): READERS,
    ("PUT", f"{PROJECT}/sharing"): OWNERS,
    ("GET", f"{PROJECT}/handover"): OWNERS,
    ("POST", f"{PROJECT}/handover"): OWNERS,
    ("GET", f"{PROJECT}/runs"): READERS,
    ("POST", f"{PROJECT}/runs"): WRITERS,
    ("GET", RUN): READERS,
    ("PATCH", RUN): WRITERS,
    ("GET", f"{RUN}/prediction"): READERS,
    ("PUT", f"{RUN}/annotations"): WRITERS,
    ("POST", f"{RUN}/start"): WRITERS,
    ("POST", f"{RUN}/stop"): WRITERS,
    ("POST", f"{RUN}/close"): WRITERS,
    ("POST", f"{RUN}/retry"): WRITERS,
    ("GET", f"{RUN}/log"): READERS,
    ("GET", f"{RUN}/picture"): READERS,
    ("GET", f"{RUN}/classes"): READERS,
    ("PUT", f"{RUN}/decision"): WRITERS,
    ("GET", f"{RUN}/next"): READERS,
    ("GET", f"{RUN}/maps"): READERS,
    ("GET", f"{RUN}/curves/{{curve}}"): READERS,
    ("GET", f"{RUN}/curves/{{curve}}/table"): READERS,
    ("GET", f"{RUN}/views"): READERS,
    ("GET", f"{RUN}/views/table"): READERS,
    ("GET", f"{PROJECT}/comparison"): READERS,
    ("GET", f"{PROJECT}/comparison/correlation"): READERS,
    ("GET", f"{PROJECT}/comparison/correlation/table"): READERS,
    ("GET", f"{PROJECT}/comparison/histogram"): READERS,
    ("GET", f"{PROJECT}/comparison/histogram/table"): READERS,
    ("GET", f"{PROJECT}/comparison/overlap"): READERS,
    ("GET", f"{OUTPUT}/rows"): READERS,
    ("GET", f"{OUTPUT}/exposures"): READERS,
    ("GET", f"{OUTPUT}/exposures/{{item}}"): READERS,
    ("GET", f"{OUTPUT}/exposures/{{item}}/verdict"): READERS,
    ("PUT", f"{OUTPUT}/exposures/{{item}}/verdict"): WRITERS,
    ("GET", f"{OUTPUT}/exposures/{{item}}/image"): READERS,
    ("GET", f"{OUTPUT}/exposures/{{item}}/thumbnail"): READERS,
    ("GET", f"{OUTPUT}/exposures/{{item}}/rings"): READERS,
    ("GET", f"{OUTPUT}/exposures/{{item}}/rings/picture"): READERS,
    ("GET", f"{OUTPUT}/plot"): READERS,
    ("POST", f"{OUTPUT}/subset"): WRITERS,
    ("GET", f"{OUTPUT}/table"): READERS,
    ("GET", f"{OUTPUT}/star"): READERS,
    ("GET", f"{OUTPUT}/images"): READERS,
    ("GET", f"{OUTPUT}/volumes/{{item}}"): READERS,
    ("GET", f"{OUTPUT}/volumes/{{item}}/file"): READERS,
    ("GET", f"{OUTPUT}/volumes/{{item}}/trust"): READERS,
}
QUERIES = {"/api/people/found": "text=ana", f"{PROJECT}/handover": f"to={'0' * 32}", "/enter": "key=x"}
ROLES: dict[Who, Role] = {"viewer": Role.VIEWER, "looker": Role.VIEWER, "admin": Role.ADMIN}
NO_PROJECT = "There is no project"


@pytest.fixture
def project(shelf) -> Project:
    """A project that is shared with some."""
    made = Project.create(shelf / "p", "P")
    shares = [
        Share(person=identity_of(LOCAL, who), name=who, right=right)
        for who, right in (("reader", "read"), ("looker", "write"), ("writer", "write"))
    ]
    owner = Known(person=identity_of(LOCAL, "owner"), name="owner")
    write_sharing(made.folder, Sharing(owner=owner, shares=shares))
    return made


@pytest.fixture
def shown(settings: ServerSettings, signed_in: Callable[..., dict[str, str]]) -> Callable[..., dict[str, str]]:
    """The headers that somebody sends; `anew` after a call that ends their session."""
    known: dict[Who, dict[str, str]] = {"nobody": {}}

    def begun(who: Who) -> dict[str, str]:
        name, _, is_token = who.partition("-")
        if not is_token:
            return signed_in(who, ROLES.get(who, Role.USER), seconds=-1.0 if who == "over" else 3600.0)
        person = {"old": "owner", "revoked": "owner", "looking": "owner"}.get(name, name)
        show(person)
        tokens, identity = settings.accounts.tokens, identity_of(LOCAL, person)
        seconds = -1.0 if name == "old" else 3600.0
        text, token = tokens.issue(identity, name, seconds=seconds, read_only=name == "looking")
        if name == "revoked":
            tokens.revoke(identity, token.id)
        return {"Authorization": f"Bearer {text}"}

    def show(who: Who, *, anew: bool = False) -> dict[str, str]:
        if who not in known or (anew and who != "nobody"):
            known[who] = begun(who)
        return known[who]

    return show


def test_each_route_is_known_here(settings: ServerSettings) -> None:
    assert sorted(routes_of(settings)) == sorted(MAY), "say in MAY who may call a new route"


def test_each_route_answers_whom_it_may_and_nobody_else(settings: ServerSettings, project: Project, shown) -> None:
    application = create_application(settings)
    ulid = project.record.ulid
    for (method, path), allowed in MAY.items():
        address = f"{address_of(path, project=ulid)}?{QUERIES.get(path, '')}"
        for who in get_args(People) + get_args(Scripts):
            case = f"{who}: {method} {path}"
            answer = ask(application, method, address, shown(who))
            shown(who, anew=path == "/api/session/end")
            assert answer.status < 500, case
            if who in allowed:
                assert answer.status not in {401, 403}, (case, answer.text)
                assert NO_PROJECT not in answer.text, case
            elif who in OUT:
                assert answer.status == 401, case
                assert {"old-token": "expired", "revoked-token": "revoked"}.get(who, "not signed in") in answer.message
            elif "{project}" in path and who not in READERS:
                assert answer.status == 404, case  # not even that it is there
                assert NO_PROJECT in answer.message, case
            else:
                assert answer.status == 403, case


def test_what_is_open_tells_nothing_of_any_project(settings: ServerSettings, project: Project) -> None:
    application = create_application(settings)
    for (method, path), allowed in MAY.items():
        if "nobody" in allowed:
            answer = ask(application, method, address_of(path) + "?" + QUERIES.get(path, ""), {})
            assert project.record.ulid not in answer.text
            assert str(project.path) not in answer.text
    assert ask(application, "GET", "/openapi.json", {}).status == 401


def test_a_project_that_is_not_shared_is_answered_as_one_that_is_not_there(settings, project, shown) -> None:
    application = create_application(settings)
    ulid, none = project.record.ulid, "01M8KH8A97S10APG68GQ0J64N5"
    for path in ("", "/runs", "/sharing", "/events"):
        hidden = ask(application, "GET", f"/api/projects/{ulid}{path}", shown("other"))
        missing = ask(application, "GET", f"/api/projects/{none}{path}", shown("other"))
        assert (hidden.status, hidden.text) == (missing.status, missing.text.replace(none, ulid))


def test_lists_hold_what_is_theirs(settings: ServerSettings, project: Project, shown, shelf) -> None:
    (shelf / "broken").mkdir()
    (shelf / "broken" / "project.json").write_text("{", encoding="utf-8")
    application = create_application(settings)
    for who in get_args(People):
        listed = ask(application, "GET", "/api/projects", shown(who))
        broken = ask(application, "GET", "/api/projects-unreadable", shown(who))
        stored = ask(application, "GET", "/api/storage", shown(who))
        assert (project.record.ulid in listed.text) is (who in READERS), who
        assert (project.record.ulid in stored.text) is (who in READERS), who
        assert ("broken" in broken.text) is (who == "admin"), who


def test_nobodys_project_is_found_by_administrators_alone(settings: ServerSettings, shelf, shown) -> None:
    project = Project.create(shelf / "old", "Old")
    broken = Project.create(shelf / "odd", "Odd")
    (broken.path / "sharing.json").write_text('{"owner": 3}', encoding="utf-8")
    application = create_application(settings)
    for who in get_args(People):
        for one in (project, broken):
            found = ask(application, "GET", f"/api/projects/{one.record.ulid}/runs", shown(who)).status == 200
            assert found is (who == "admin"), who


def test_who_was_kept_out_is_out_at_once(settings: ServerSettings, project: Project, shown) -> None:
    application = create_application(settings)
    headers = shown("owner")
    address = f"/api/projects/{project.record.ulid}"
    assert ask(application, "GET", address, headers).status == 200
    person = f"/api/people/{identity_of(LOCAL, 'owner')}"
    told = ask(application, "PUT", person, shown("admin"), b'{"role": "user", "blocked": true}')
    assert '"blocked":true' in told.text
    assert ask(application, "GET", address, headers).status == 401
    assert ask(application, "GET", address, shown("owner", anew=True)).status == 401
