"""News of alarms arrive by mail and webhook, again if need be, and the same id tells what came twice."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from cryoloom.server.alarms import (
    AlarmBooks,
    AlarmNews,
    AlarmRecord,
    Courier,
    DeliveryError,
    MailChannel,
    WebhookChannel,
)

PROJECT = "01M8KH8A97S10APG68GQ0J64N5"


def news(name: str = "Night", at: float = 1000.0) -> AlarmNews:
    return AlarmNews(
        alarm="disk", title="Disk", happening="entered", sentence="1 % is free. Clean up.", at=at,
        project=PROJECT, project_name=name,
    )  # fmt: skip


class Letters:
    """Keeps what a mail server was given; refuses so many first."""

    def __init__(self) -> None:
        self.letters: list = []
        self.refused = 0

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        if self.refused:
            self.refused -= 1
            return "451 4.3.0 try again"
        self.letters.append((envelope, session.authenticated))
        return "250 OK"


@pytest.fixture
def letters() -> Letters:
    return Letters()


@pytest.fixture
def post_office(letters: Letters) -> Iterator[Controller]:
    def let_in(server, session, envelope, mechanism, data) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=(data.login, data.password) == (b"robot", b"s3cret"), handled=False)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(
        letters, hostname="127.0.0.1", port=port, authenticator=let_in, auth_require_tls=False, server_hostname="test"
    )
    controller.start()
    yield controller
    controller.stop()


def mail_to(post_office: Controller, **told: object) -> MailChannel:
    return MailChannel(
        "127.0.0.1", post_office.port, "none", "cryoloom@example.org", ("ana@example.org", "bo@example.org"), **told
    )


@pytest.fixture
def heard() -> Iterator[ThreadingHTTPServer]:
    """An HTTP server that keeps what was posted, and answers as told."""

    class Listening(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.posts.append((self.path, dict(self.headers), body))
            status = self.server.answers.pop(0) if self.server.answers else 204
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listening)
    server.posts, server.answers = [], []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def hook_to(heard: ThreadingHTTPServer, secret: str = "") -> WebhookChannel:
    return WebhookChannel("webhook desk", f"http://127.0.0.1:{heard.server_port}/hook/tok3n?a=b", secret)


def test_a_mail_arrives_at_everybody(post_office: Controller, letters: Letters) -> None:
    told = news("Night\r\nBcc: eve@example.org")
    mail_to(post_office, user="robot", password="s3cret").deliver(told, "https://cryoloom.example.org/projects/x")
    ((envelope, authenticated),) = letters.letters
    text = envelope.content.decode()
    assert authenticated
    assert envelope.rcpt_tos == ["ana@example.org", "bo@example.org"]
    assert "Subject: Night Bcc: eve@example.org: Disk\r\n" in text
    assert f"Message-ID: <{told.id}@example.org>" in text
    assert "1 % is free" in text
    assert "https://cryoloom.example.org/projects/x" in text


def test_a_wrong_password_is_told_and_not_shown(post_office: Controller) -> None:
    channel = mail_to(post_office, user="robot", password="wr0ng")
    with pytest.raises(DeliveryError, match="refuses the user or the password") as caught:
        channel.deliver(news(), "")
    assert "wr0ng" not in f"{caught.value}{caught.value!r}{channel!r}"


def test_a_server_that_offers_no_encryption_gets_no_mail(post_office: Controller, letters: Letters) -> None:
    channel = MailChannel(
        "127.0.0.1", post_office.port, "starttls", "a@example.org", ("b@example.org",), "robot", "s3cret"
    )
    with pytest.raises(DeliveryError):
        channel.deliver(news(), "")
    assert letters.letters == []


def test_a_webhook_is_posted_and_signed(heard: ThreadingHTTPServer) -> None:
    told = news()
    hook_to(heard, "k3y").deliver(told, "")
    ((path, headers, body),) = heard.posts
    assert path == "/hook/tok3n?a=b"
    document = json.loads(body)
    assert (document["id"], document["happening"], document["project"]["name"]) == (told.id, "entered", "Night")
    assert headers["Cryoloom-Signature"] == f"sha256={hmac.new(b'k3y', body, hashlib.sha256).hexdigest()}"
    assert headers["Cryoloom-News"] == told.id


def test_redirections_are_not_followed(heard: ThreadingHTTPServer) -> None:
    heard.answers = [302]
    with pytest.raises(DeliveryError, match="302"):
        hook_to(heard).deliver(news(), "")
    assert [path for path, _, _ in heard.posts] == ["/hook/tok3n?a=b"]


@pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0", "224.0.0.1", "::ffff:169.254.169.254", "127.0.0.1"])
def test_a_name_that_leads_to_the_networks_own_services_is_not_called(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    def led(*_: object, **__: object) -> list:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))]

    monkeypatch.setattr(socket, "getaddrinfo", led)
    with pytest.raises(DeliveryError, match=r"do not call|this machine"):
        WebhookChannel("webhook x", "https://hooks.example.org/").deliver(news(), "")


def kept(books: AlarmBooks, told: AlarmNews, *channels: str) -> None:
    books.write(PROJECT, AlarmRecord().told(told, channels))


def test_what_cannot_be_delivered_waits_over_a_restart_and_holds_up_nobody(
    tmp_path: Path, post_office: Controller, letters: Letters, heard: ThreadingHTTPServer,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    clock = [1000.0]
    letters.refused = 2
    channels = [mail_to(post_office, user="robot", password="s3cret"), hook_to(heard, "k3y")]
    told = news()
    kept(AlarmBooks(tmp_path), told, "mail", "webhook desk")
    with caplog.at_level(logging.DEBUG):
        courier = Courier(AlarmBooks(tmp_path), channels, clock=lambda: clock[0])
        courier.deliver()
        assert (len(heard.posts), letters.letters) == (1, [])
        assert "451" in courier.trouble("mail")
        courier.deliver()  # the channel is left alone for a while
        assert letters.refused == 1
        again = Courier(AlarmBooks(tmp_path), channels, clock=lambda: clock[0])
        again.deliver()
        clock[0] += 11
        again.deliver()
    assert (len(letters.letters), len(heard.posts)) == (1, 1)
    assert told.id in letters.letters[0][0].content.decode()
    assert AlarmBooks(tmp_path).read(PROJECT).waiting == []
    assert again.trouble("mail") == ""
    assert not any(secret in caplog.text for secret in ("s3cret", "k3y", "tok3n"))


def test_what_was_delivered_and_not_yet_struck_out_comes_again_by_the_same_id(
    tmp_path: Path, heard: ThreadingHTTPServer
) -> None:
    kept(AlarmBooks(tmp_path), news(), "webhook desk")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    Courier(AlarmBooks(tmp_path), [hook_to(heard)], clock=lambda: 1000.0).deliver()
    for name, content in before.items():  # as if the server had been killed between the two
        (tmp_path / name).write_bytes(content)
    Courier(AlarmBooks(tmp_path), [hook_to(heard)], clock=lambda: 1000.0).deliver()
    assert len(heard.posts) == 2
    assert len({json.loads(body)["id"] for _, _, body in heard.posts}) == 1


def test_after_a_day_it_is_given_up_and_the_reason_is_kept(tmp_path: Path, heard: ThreadingHTTPServer) -> None:
    kept(AlarmBooks(tmp_path), news(at=1000.0), "webhook desk")
    heard.answers = [500]
    Courier(AlarmBooks(tmp_path), [hook_to(heard)], clock=lambda: 1000.0 + 25 * 3600).deliver()
    record = AlarmBooks(tmp_path).read(PROJECT)
    assert record.waiting == []
    assert "answered with 500" in record.undelivered[0].reason


def test_what_cannot_be_written_is_remembered_until_it_can(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.write_text("a file where the folder should be")
    books = AlarmBooks(folder)
    told = news()
    books.write(PROJECT, AlarmRecord().told(told, ("mail",)))
    assert "cannot be written" in books.trouble(PROJECT)
    assert [one.news for one in books.read(PROJECT).waiting] == [told]
    folder.unlink()
    books.write(PROJECT, books.read(PROJECT))
    assert books.trouble(PROJECT) == ""
    assert AlarmBooks(folder).read(PROJECT).past == [told]
