"""Nothing of any project is told to whom has not signed in, to another site, or under another name of the host."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.testclient import TestClient
from tests.server.asking import ADDRESS, address_of, routes_of

from cryoloom.auth import AccessKey, Accounts
from cryoloom.server import ServerSettings, create_application


def test_every_route_refuses_another_name_of_the_host(settings: ServerSettings, browser: TestClient) -> None:
    for method, path in routes_of(settings):
        answer = browser.request(method, address_of(path), headers={"Host": "127.0.0.1.evil.example:8765"})
        assert answer.status_code == 421, (method, path)


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
    ids=["origin", "no-origin", "fetch-metadata"],
)
def test_every_change_is_refused_to_another_site(
    settings: ServerSettings, browser: TestClient, headers: dict[str, str]
) -> None:
    changing = [(method, path) for method, path in routes_of(settings) if method not in {"GET", "HEAD"}]
    assert len(changing) >= 8
    for method, path in changing:
        answer = browser.request(method, address_of(path), headers=headers)
        assert answer.status_code == 403, (method, path)


@pytest.mark.parametrize("address", ["", "https://cryoloom.example.org"], ids=["here", "encrypted"])
def test_the_key_becomes_a_cookie_that_scripts_cannot_read_and_leaves_the_address(
    settings: ServerSettings, address: str
) -> None:
    settings = replace(settings, address=address)
    with TestClient(create_application(settings), base_url=ADDRESS, follow_redirects=False) as client:
        answer = client.get("/enter", params={"key": "the-key"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-cryoloom-") is bool(address)
        assert ("Secure" in cookie) is bool(address)
        for wanted in ("HttpOnly", "SameSite=strict", "Path=/"):
            assert wanted in cookie
        assert "Domain" not in cookie
        value = cookie.partition(";")[0]
        me = client.get("/api/me", headers={"Cookie": value})
        assert (me.status_code, me.json()["role"]) == (200, "admin")
        assert ("strict-transport-security" in me.headers) is bool(address)


def test_a_wrong_key_gives_no_cookie(stranger: TestClient) -> None:
    for wrong in ("the-kez", "", "the-key "):
        answer = stranger.get("/enter", params={"key": wrong})
        assert answer.status_code == 303
        assert "set-cookie" not in answer.headers


def test_a_session_stays_good_when_the_server_is_started_again_with_another_key(
    settings: ServerSettings, signed_in
) -> None:
    again = ServerSettings(settings.projects_folder, Accounts.kept_in(settings.accounts.folder), AccessKey("another"))
    headers = signed_in("ana")
    with TestClient(create_application(again), base_url=ADDRESS) as client:
        assert client.get("/api/me", headers=headers).json()["name"] == "ana"


def test_who_signs_out_is_out_with_every_copy_of_the_cookie(stranger: TestClient, signed_in) -> None:
    headers, other = signed_in(), signed_in()
    assert stranger.post("/api/session/end", headers=headers).json() == {"leave": ""}
    assert stranger.get("/api/me", headers=headers).status_code == 401
    assert stranger.get("/api/me", headers=other).status_code == 200  # another browser of the same person


def test_a_cookie_that_a_browser_brings_along_is_never_made_good(settings, stranger: TestClient, signed_in) -> None:
    """Session fixation: whoever has planted a cookie, or read one, has nothing of it after signing in."""
    name = settings.cookies.name
    planted, old = {"Cookie": f"{name}=planted"}, signed_in()
    for before in (planted, old):
        answer = stranger.get("/enter", params={"key": "the-key"}, headers=before)
        assert answer.headers["set-cookie"].partition(";")[0] != before["Cookie"]
        assert stranger.get("/api/me", headers=before).status_code == 401


def test_servers_on_one_host_do_not_take_each_others_cookies(settings: ServerSettings, signed_in, tmp_path) -> None:
    """Browsers send a cookie to every port of a host."""
    other = replace(settings, accounts=Accounts.kept_in(tmp_path / "state of another"))
    assert other.cookies.name != settings.cookies.name
    headers = signed_in()
    value = headers["Cookie"].partition("=")[2]
    with TestClient(create_application(other), base_url="http://127.0.0.1:8766") as client:
        for cookie in (headers["Cookie"], f"{other.cookies.name}={value}"):
            assert client.get("/api/me", headers={"Cookie": cookie}).status_code == 401
    with TestClient(create_application(settings), base_url=ADDRESS) as client:
        both = f"{headers['Cookie']}; {other.cookies.name}=whatever"
        assert client.get("/api/me", headers={"Cookie": both}).status_code == 200


def test_another_port_of_this_host_is_another_site(browser: TestClient) -> None:
    for headers in ({"Origin": "http://127.0.0.1:8766"}, {"Sec-Fetch-Site": "same-site"}):
        assert browser.post("/api/projects", json={"name": "X"}, headers=headers).status_code == 403


def test_what_is_too_much_is_not_read(settings: ServerSettings, signed_in) -> None:
    small = replace(settings, most_bytes=100)
    with TestClient(create_application(small), base_url=ADDRESS) as client:
        client.headers.update(signed_in())
        for body in (
            b'{"name": "' + b"a" * 200 + b'"}',
            iter([b'{"name": "', b"a" * 200, b'"}']),
        ):  # told, and in parts
            answer = client.post("/api/projects", content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code == 413
            assert "More was sent" in answer.json()["message"]
            assert answer.headers["x-content-type-options"] == "nosniff"
        assert client.post("/api/projects", json={"name": "Small"}).status_code == 201
        odd = client.post("/api/projects", content=b"", headers={"Content-Length": "-1"})
        assert odd.status_code == 413


def test_every_answer_keeps_other_sites_out(browser: TestClient, stranger: TestClient) -> None:
    for answer in (browser.get("/api/me"), browser.get("/"), browser.get("/api/nothing"), stranger.get("/api/me")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"  # a key in an address is told to nobody


def test_files_outside_the_app_are_not_served(settings: ServerSettings, tmp_path, shelf) -> None:
    app = tmp_path / "app"
    (app / "assets").mkdir(parents=True)
    (app / "index.html").write_text("the page", encoding="utf-8")
    (app / "assets" / "a-1b2c.js").write_text("the script", encoding="utf-8")
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    (app / "link").symlink_to(tmp_path / "secret")
    with_app = replace(settings, app_folder=app)
    with TestClient(create_application(with_app), base_url="http://127.0.0.1:8765") as client:
        assert client.get("/projects/whatever").text == "the page"
        script = client.get("/assets/a-1b2c.js")
        assert (script.text, script.headers["cache-control"]) == (
            "the script",
            "public, max-age=31536000, immutable",
        )
        gone = client.get("/assets/of-a-former-build.js")
        assert gone.status_code == 404
        assert "the page" not in gone.text.replace("load the page anew", "")
        for path in ("/../secret", "/..%2fsecret", "/%2e%2e/secret", "/link", f"/{tmp_path}/secret", "/assets/%00"):
            assert "secret" not in client.get(path).text, path


def test_nobody_is_let_in_who_cannot_be_noted(settings: ServerSettings, stranger: TestClient) -> None:
    settings.accounts.audit.folder.write_text("in the place of the log", encoding="utf-8")
    answer = stranger.get("/enter", params={"key": "the-key"})
    assert (answer.status_code, "the log of this server cannot be written" in answer.json()["message"]) == (507, True)
    assert "set-cookie" not in answer.headers
    assert stranger.get("/api/me").status_code == 401


@pytest.mark.parametrize(
    ("address", "origin", "status"),
    [
        ("", "http://127.0.0.1:8765", 201),
        ("https://cryoloom.example.org", "https://127.0.0.1:8765", 201),
        ("https://cryoloom.example.org", "http://127.0.0.1:8765", 403),
    ],
)
def test_a_page_that_came_unencrypted_changes_nothing_where_browsers_come_encrypted(
    settings: ServerSettings, signed_in, address: str, origin: str, status: int
) -> None:
    settings = replace(settings, address=address)
    headers = signed_in()
    cookie = headers["Cookie"].partition("=")[2]
    with TestClient(create_application(settings), base_url=ADDRESS) as client:
        sent = {"Cookie": f"{settings.cookies.name}={cookie}", "Origin": origin}
        assert client.post("/api/projects", json={"name": "P"}, headers=sent).status_code == status
