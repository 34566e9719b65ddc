"""Signing in by a real OpenID provider, and what becomes of those who try otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient
from tests.server.asking import ADDRESS
from tests.server.provider import CLIENT, SECRET, Browser, running_provider

from cryoloom.auth import Accounts, Role, identity_of
from cryoloom.auth.oidc import Admission, Client, Flow, Provider
from cryoloom.server import ServerSettings, SignIn, create_application

RULES = {"admins": ("Ana@Example.org",), "member_claim": "entitlements", "member_values": ("urn:example:group:em",)}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running_provider(ADDRESS) as address:
        yield address


@pytest.fixture
def served(settings: ServerSettings, issuer: str) -> ServerSettings:
    """A server that people sign in to by the provider."""
    return served_by(settings, Admission(issuer, **RULES))


def served_by(settings: ServerSettings, admission: Admission) -> ServerSettings:
    provider = Provider(admission.issuer, Client(CLIENT, SECRET, ADDRESS))
    return replace(
        settings,
        key=None,
        sign_in=SignIn(provider, admission, "Example institute"),
        address=ADDRESS,
        accounts=Accounts.kept_in(settings.accounts.folder, rules=admission.digest),
    )


@pytest.fixture
def opened() -> Iterator[Callable[[ServerSettings], Browser]]:
    """Opens browsers."""
    browsers = []

    def open_browser(settings: ServerSettings) -> Browser:
        client = TestClient(create_application(settings), base_url=ADDRESS, follow_redirects=False)
        browsers.append(Browser(client))
        return browsers[-1]

    yield open_browser
    for browser in browsers:
        browser.close()
        browser.server.close()


def test_people_come_in_as_who_they_are(served: ServerSettings, issuer: str, opened) -> None:
    ana, bea = opened(served), opened(served)
    assert ana.server.get("/sign-in/ways").json() == {"way": "provider", "provider": "Example institute"}
    back = ana.sign_in("ana", "/projects/01ABC?view=table")
    assert (back.status_code, back.headers["location"]) == (303, "/projects/01ABC?view=table")
    assert bea.sign_in("bea").headers["location"] == "/"
    told = ana.server.get("/api/me").json()
    assert told == {
        "id": identity_of(issuer, "ana"),
        "name": "Ana Sousa",
        "email": "ana@example.org",
        "role": "admin",
        "alone": False,
    }
    assert bea.server.get("/api/me").json()["role"] == "user"
    made = bea.server.post("/api/projects", json={"name": "Bea's"}).json()
    assert ana.server.get(f"/api/projects/{made['ulid']}").json()["owner"] == "Bea Lind"


def test_sessions_survive_a_restart_but_not_other_rules(served: ServerSettings, issuer: str, opened) -> None:
    first = opened(served)
    first.sign_in("ana")
    cookies = {"Cookie": f"{served.cookies.name}={first.server.cookies[served.cookies.name]}"}
    again = served_by(served, served.sign_in.admission)
    assert opened(again).server.get("/api/me", headers=cookies).json()["role"] == "admin"
    without = served_by(served, Admission(issuer, admins=("bea@example.org",)))
    assert opened(without).server.get("/api/me", headers=cookies).status_code == 401


def test_the_key_opens_nothing_where_people_sign_in_by_a_provider(
    settings, served: ServerSettings, opened, signed_in
) -> None:
    local = signed_in()  # of the same folder, while it was served on this machine only
    browser = opened(served)
    assert "set-cookie" not in browser.server.get("/enter", params={"key": settings.key.text}).headers
    assert browser.server.get("/api/me", headers=local).status_code == 401
    assert opened(settings).server.get("/sign-in").status_code == 404


def test_who_is_no_member_or_was_kept_out_is_not_let_in(served: ServerSettings, issuer: str, opened) -> None:
    tom = opened(served)
    assert tom.sign_in("tom").headers["location"] == "/?refused=member"
    assert tom.server.get("/api/me").status_code == 401
    assert served.accounts.people.person(identity_of(issuer, "tom")) is None
    bea = opened(served)
    bea.sign_in("bea")
    served.accounts.people.decide(identity_of(issuer, "bea"), role=Role.USER, blocked=True)
    assert bea.server.get("/api/me").status_code == 401
    assert opened(served).sign_in("bea").headers["location"] == "/?refused=blocked"


def test_an_address_that_nobody_has_confirmed_makes_no_administrator(served: ServerSettings, opened) -> None:
    eve = opened(served)
    eve.sign_in("eve")
    told = eve.server.get("/api/me").json()
    assert (told["role"], told["email"]) == ("user", "")


def test_whoever_has_the_claim_is_an_administrator(settings: ServerSettings, issuer: str, opened) -> None:
    rules = Admission(
        issuer, admin_claim="entitlements", admin_values=("urn:example:group:other",), first_role=Role.VIEWER
    )
    tom, bea = (opened(served_by(settings, rules)) for _ in range(2))
    tom.sign_in("tom")
    bea.sign_in("bea")
    assert tom.server.get("/api/me").json()["role"] == "admin"
    assert bea.server.get("/api/me").json()["role"] == "viewer"


def test_signing_out_ends_both_sessions(served: ServerSettings, issuer: str, opened) -> None:
    ana = opened(served)
    ana.sign_in("ana")
    cookie = {"Cookie": f"{served.cookies.name}={ana.server.cookies[served.cookies.name]}"}
    leave = ana.server.post("/api/session/end").json()["leave"]
    told = parse_qs(urlsplit(leave).query)
    assert leave.startswith(f"{issuer}/session/end?")
    assert (told["client_id"], told["post_logout_redirect_uri"]) == ([CLIENT], [f"{ADDRESS}/"])
    assert len(told["id_token_hint"][0].split(".")) == 3
    assert ana.server.get("/api/me", headers=cookie).status_code == 401
    assert ana.leave(leave) == f"{ADDRESS}/"
    asked = ana.provider.get(ana.server.get("/sign-in").headers["location"])
    assert "/interaction/" in asked.headers["location"]  # the provider asks anew who it is


def test_a_code_is_good_once_and_in_the_browser_that_asked_for_it(served: ServerSettings, opened) -> None:
    """Login CSRF: nobody can be signed in as somebody else by an address that was made elsewhere."""
    eve, ana = opened(served), opened(served)
    address = eve.go_to_provider("eve")
    lured = ana.server.get(address)
    assert lured.headers["location"] == "/?refused=begun-elsewhere"
    assert f"{served.cookies.name}=" not in lured.headers.get("set-cookie", "")
    assert ana.server.get("/api/me").status_code == 401
    assert eve.server.get(address).headers["location"] == "/"
    assert eve.server.get(address).headers["location"] == "/?refused=begun-elsewhere"  # again: its flow is over


def test_a_code_that_is_replayed_with_its_flow_is_refused_by_the_provider(served: ServerSettings, opened) -> None:
    eve = opened(served)
    address = eve.go_to_provider("eve")
    (name,) = [name for name in eve.server.cookies if "-in-" in name]
    flow = {"Cookie": f"{name}={eve.server.cookies[name]}"}
    assert eve.server.get(address).headers["location"] == "/"
    assert opened(served).server.get(address, headers=flow).headers["location"] == "/?refused=provider"


def test_a_session_that_was_there_before_ends_when_somebody_signs_in(served: ServerSettings, opened) -> None:
    browser = opened(served)
    browser.sign_in("bea")
    before = {"Cookie": f"{served.cookies.name}={browser.server.cookies[served.cookies.name]}"}
    browser.provider.cookies.clear()
    browser.sign_in("ana")
    assert browser.server.get("/api/me").json()["name"] == "Ana Sousa"
    assert opened(served).server.get("/api/me", headers=before).status_code == 401


def test_a_state_or_code_of_ones_own_making_leads_nowhere(served: ServerSettings, opened) -> None:
    browser = opened(served)
    begun = browser.server.get("/sign-in")
    state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
    for query, why in (
        ({"state": state + "x", "code": "c"}, "begun-elsewhere"),
        ({"code": "c"}, "begun-elsewhere"),
        ({}, "begun-elsewhere"),
    ):
        assert browser.server.get("/signed-in", params=query).headers["location"] == f"/?refused={why}"
    for query, why in (({"error": "access_denied"}, "denied"), ({"code": "of my own"}, "provider")):
        state = parse_qs(urlsplit(browser.server.get("/sign-in").headers["location"]).query)["state"][0]
        answer = browser.server.get("/signed-in", params={"state": state, **query})
        assert answer.headers["location"] == f"/?refused={why}"


@pytest.mark.parametrize("to", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_nobody_is_led_to_another_site_after_signing_in(served: ServerSettings, opened, to: str) -> None:
    assert opened(served).sign_in("ana", to).headers["location"] == "/"


@pytest.mark.parametrize("address", [ADDRESS, "https://cryoloom.example.org"], ids=["here", "encrypted"])
def test_cookies_of_a_sign_in_are_bound_to_it(served: ServerSettings, opened, address: str) -> None:
    browser = opened(replace(served, address=address, hosts=served.hosts | {"cryoloom.example.org"}))
    cookie = browser.server.get("/sign-in").headers["set-cookie"]
    assert cookie.startswith("__Host-") is ("Secure" in cookie) is address.startswith("https")
    for wanted in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=600"):
        assert wanted in cookie
    state = parse_qs(urlsplit(browser.server.get("/sign-in").headers["location"]).query)["state"][0]
    assert state not in cookie


def test_a_provider_that_is_away_is_said(settings: ServerSettings, opened, caplog: pytest.LogCaptureFixture) -> None:
    away = served_by(settings, Admission("http://127.0.0.1:9", admins=("a@b",)))
    browser = opened(away)
    assert browser.server.get("/sign-in").headers["location"] == "/?refused=provider"
    assert "127.0.0.1:9" in caplog.text
    assert Flow.begin("/").state not in caplog.text
    assert browser.server.get("/api/projects").status_code == 401
