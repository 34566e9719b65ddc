"""What an operator writes: each mistake is said in a sentence, and nothing of the secret."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from tests.server.provider import CLIENT, SECRET, Browser, running_provider

from cryoloom.auth import Role
from cryoloom.errors import CryoloomError, FormatError, NotFoundError
from cryoloom.server import read_operation_file, read_settings_file

GOOD = """
address = "https://cryoloom.example.org/"
client_id = "cryoloom"
client_secret_file = "secret"
admins = "ana@example.org"
data_folders = ["/data/krios"]
first_role = "viewer"
session_hours = 12
"""


def written(folder: Path, text: str, secret: str = "s3cret", mode: int = 0o600) -> Path:
    file, hidden = folder / "server.toml", folder / "secret"
    file.write_text(text, encoding="utf-8")
    hidden.write_text(secret, encoding="utf-8")
    hidden.chmod(mode)
    return file


def test_what_is_written_is_what_holds(tmp_path: Path) -> None:
    told = read_settings_file(written(tmp_path, GOOD, "s3cret\n"))
    sign_in = told.sign_in("https://id.example.org", tmp_path)
    assert (told.address, told.host) == ("https://cryoloom.example.org", "cryoloom.example.org")
    assert told.data_folders == (Path("/data/krios"),)
    assert (sign_in.admission.admins, sign_in.admission.first_role) == (("ana@example.org",), Role.VIEWER)
    assert sign_in.seconds_good == 12 * 3600
    assert sign_in.provider.client.secret == "s3cret"
    assert sign_in.provider.client.returns_to == "https://cryoloom.example.org/signed-in"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("https://cryoloom", "http://cryoloom"), "address: it has to be an address by HTTPS"),
        (("example.org/", "example.org/cryoloom"), "without a path"),
        (("client_id", "client"), "client_id: Field required"),
        (('admins = "ana@example.org"', ""), "name at least one administrator"),
        (('"/data/krios"', '"krios"'), "krios does not begin with /"),
        (("session_hours = 12", "session_hours = 0"), "session_hours"),
        (('"viewer"', '"king"'), "first_role"),
        (("session_hours = 12", 'scopes = ["email"]'), "openid has to be among them"),
        (("session_hours = 12", 'member_claim = "groups"'), "member_claim and member_values go together"),
        (("address =", "address ="), None),
        (('client_id = "', "client_id = "), "is no TOML"),
    ],
    ids=str,
)  # fmt: skip
def test_each_mistake_is_said(tmp_path: Path, change: tuple[str, str], said: str | None) -> None:
    file = written(tmp_path, GOOD.replace(*change))
    if said is None:
        read_settings_file(file)
        return
    with pytest.raises(FormatError, match=re.escape(said)):
        read_settings_file(file)


@pytest.mark.parametrize(
    ("secret", "mode", "said"),
    [("s3cret", 0o640, "chmod 600"), ("s3cret", 0o604, "chmod 600"), (" \n", 0o600, "empty")],
)
def test_a_secret_that_others_can_read_is_refused(tmp_path: Path, secret: str, mode: int, said: str) -> None:
    told = read_settings_file(written(tmp_path, GOOD, secret, mode))
    with pytest.raises(FormatError, match=said) as refused:
        told.sign_in("https://id.example.org", tmp_path)
    assert "s3cret" not in str(refused.value)


def test_files_that_are_not_there_are_said(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no settings file"):
        read_settings_file(tmp_path / "none.toml")
    told = read_settings_file(written(tmp_path, GOOD))
    (tmp_path / "secret").unlink()
    with pytest.raises(CryoloomError, match="secret of the client"):
        told.sign_in("https://id.example.org", tmp_path)


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "cryoloom", "serve", *words, "--no-browser"]


def test_signing_in_by_a_provider_needs_settings(tmp_path: Path) -> None:
    words = ["--oidc", "https://id.example.org"]
    done = subprocess.run(command(str(tmp_path / "p"), *words), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "needs --settings" in done.stderr


OPERATION = """
[mail]
host = "mail.example.org"
sender = "cryoloom@example.org"
recipients = ["ana@example.org", "bo@example.org"]
user = "robot"
password_file = "secret"

[[webhook]]
name = "chat"
address = "https://chat.example.org/hooks/tok3n"
secret_file = "secret"

[alarms]
no_movie_minutes = 8
"""


def test_whom_alarms_are_told_is_read_with_and_without_a_provider(tmp_path: Path) -> None:
    alone = read_operation_file(written(tmp_path, OPERATION))
    assert (alone.alarms.no_movie_minutes, alone.alarms.exposures) == (8.0, 20)
    mail, hook = alone.channels(tmp_path)
    assert (mail.name, mail.host, mail.port, mail.encryption, mail.password) == (
        "mail", "mail.example.org", 587, "starttls", "s3cret",
    )  # fmt: skip
    assert (hook.name, hook.secret) == ("webhook chat", "s3cret")
    assert not any(secret in repr((mail, hook)) for secret in ("s3cret", "tok3n"))
    both = read_settings_file(written(tmp_path, GOOD + OPERATION))
    assert [one.name for one in both.channels(tmp_path)] == ["mail", "webhook chat"]


@pytest.mark.parametrize(
    ("replaced", "by", "said"),
    [
        ("https://chat", "http://chat", "webhook.0.address: it has to be https://"),
        ("https://chat", "file:///chat", "begin with https://"),
        ("https://chat", "https://ana:tok3n@chat", "must not hold a user"),
        ('"cryoloom@example.org"', '"cryoloom"', "'cryoloom' is no mail address"),
        ('"bo@example.org"', '"bo@example.org\\nBcc: eve@example.org"', "is no mail address"),
        ('host = "mail.example.org"', 'host = "mail.example.org"\nencryption = "none"', "only by starttls or tls"),
        ('user = "robot"', "", "user and password_file go together"),
        ("no_movie_minutes = 8", "no_movie_minutes = 0", "alarms.no_movie_minutes"),
        ("no_movie_minutes", "no_movi_minutes", "alarms.no_movi_minutes"),
        ("[mail]", 'client_id = "x"\n[mail]', "client_id: it is of use only where people sign in, with --oidc"),
    ],
)
def test_what_would_tell_the_wrong_people_is_refused_without_its_secrets(
    tmp_path: Path, replaced: str, by: str, said: str
) -> None:
    assert replaced in OPERATION
    with pytest.raises(CryoloomError) as caught:
        read_operation_file(written(tmp_path, OPERATION.replace(replaced, by)))
    assert said in str(caught.value)
    assert "tok3n" not in str(caught.value)


def test_a_password_that_others_can_read_is_refused(tmp_path: Path) -> None:
    told = read_operation_file(written(tmp_path, OPERATION, mode=0o640))
    with pytest.raises(CryoloomError, match="chmod 600"):
        told.channels(tmp_path)


def test_people_sign_in_to_a_server_as_it_is_started(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    text = f'address = "{address}"\nclient_id = "{CLIENT}"\nclient_secret_file = "secret"\nadmins = "ana@example.org"\n'
    environment = os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")}
    with running_provider(address) as issuer:
        words = [str(tmp_path / "p"), "--port", str(port), "--oidc", issuer]
        words += ["--settings", str(written(tmp_path, text, SECRET))]
        with subprocess.Popen(command(*words), stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            said = ""
            while address not in said.partition("\n\n")[2]:
                line = process.stdout.readline()
                assert line, said
                said += line
            try:
                assert "key=" not in said
                with httpx2.Client(base_url=address, timeout=60) as client:
                    browser = Browser(client)
                    assert browser.sign_in("ana").headers["location"] == "/"
                    assert client.get("/api/me").json()["role"] == "admin"
                    assert urlsplit(client.post("/api/session/end").json()["leave"]).netloc == urlsplit(issuer).netloc
                    browser.close()
            finally:
                process.send_signal(signal.SIGTERM)
