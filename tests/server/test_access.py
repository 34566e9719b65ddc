"""Nothing of any project is told to whom has not signed in, to another site, or under another name of the host."""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from cryoloom.auth import AccessKey, CookieSigner
from cryoloom.server import ServerSettings, create_application

OPEN = {("GET", "/enter"), ("GET", "/{address:path}")}


def routes_of(settings: ServerSettings) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []

    def look(routes: object) -> None:
        for route in routes:  # type: ignore[attr-defined]
            if isinstance(route, APIRoute):
                found.extend((method, route.path) for method in route.methods)
            elif hasattr(route, "original_router"):
                look(route.original_router.routes)

    look(create_application(settings).routes)
    return found


def address_of(path: str) -> str:
    ulid = "01M8KH8A97S10APG68GQ0J64N5"
    named = {
        "{project}": ulid,
        "{run}": ulid,
        "{output}": "movies",
        "{protocol}": "ctf",
        "{item}": "0" * 16,
        "{curve}": "fsc",
        "{address:path}": "x",
    }
    for name, value in named.items():
        path = path.replace(name, value)
    return path


def test_every_route_wants_a_cookie(settings: ServerSettings, stranger: TestClient) -> None:
    asked = routes_of(settings)
    assert len(asked) > 20
    for method, path in asked:
        if (method, path) in OPEN:
            continue
        answer = stranger.request(method, address_of(path))
        assert answer.status_code == 401, (method, path)
        assert "not signed in" in answer.json()["message"]
    assert stranger.get("/openapi.json").status_code == 401


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


def test_the_key_becomes_a_cookie_that_scripts_cannot_read_and_leaves_the_address(stranger: TestClient) -> None:
    answer = stranger.get("/enter", params={"key": "the-key"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-cryoloom=")
    for wanted in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"):
        assert wanted in cookie
    assert "Domain" not in cookie
    value = cookie.partition(";")[0]
    assert stranger.get("/api/me", headers={"Cookie": value}).status_code == 200


def test_a_wrong_key_gives_no_cookie(stranger: TestClient) -> None:
    answer = stranger.get("/enter", params={"key": "the-kez"})
    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers


def test_a_cookie_stays_good_when_the_server_is_started_again_with_another_key(settings: ServerSettings) -> None:
    cookie = settings.signer.sign("ana")
    again = ServerSettings(settings.projects_folder, AccessKey("another"), CookieSigner(settings.signer.secret))
    with TestClient(create_application(again), base_url="http://127.0.0.1:8765") as client:
        answer = client.get("/api/me", headers={"Cookie": f"__Host-cryoloom={cookie}"})
        assert answer.json() == {"name": "ana"}


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
    with_app = ServerSettings(shelf, settings.key, settings.signer, app_folder=app)
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
