"""Cookies say who somebody is only if they were signed here and not long ago."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cryoloom.auth import AccessKey, CookieSigner, kept_secret

SECRET = b"a" * 32


@pytest.mark.parametrize("person", ["ana", "Jürgen. 7", "", "a.b.c"])
def test_a_cookie_says_whom_it_was_signed_for(person: str) -> None:
    signer = CookieSigner(SECRET)
    assert signer.person(signer.sign(person)) == person


def test_a_cookie_that_was_changed_says_nothing() -> None:
    signer = CookieSigner(SECRET)
    cookie = signer.sign("ana", now=1000.0)
    said, moment, signature = cookie.split(".")
    other = signer.sign("root", now=1000.0).split(".")[0]
    for forged in (
        f"{other}.{moment}.{signature}",
        f"{said}.{int(moment) + 1}.{signature}",
        f"{said}.{moment}.{signature[:-1]}",
        f"{said}.{moment}.",
        f"{said}.{moment}",
        f"{said}.-5.{signature}",
        f"{said}.٣.{signature}",
        f"{said}.{'9' * 5000}.{signature}",
        "",
        "...",
        "é.1.é",
    ):
        assert signer.person(forged, now=1001.0) is None, forged
    assert CookieSigner(b"b" * 32).person(cookie, now=1001.0) is None


def test_a_cookie_is_refused_when_it_is_too_old() -> None:
    signer = CookieSigner(SECRET, seconds_good=60)
    cookie = signer.sign("ana", now=1000.0)
    assert signer.person(cookie, now=1060.0) == "ana"
    assert signer.person(cookie, now=1062.0) is None


def test_the_secret_is_kept_for_this_account_alone_and_made_once(tmp_path: Path) -> None:
    file = tmp_path / "state" / "secret"
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: kept_secret(file), range(32)))
    assert len(found) == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]  # nothing else is left behind
    file.write_bytes(b"short")
    with pytest.raises(OSError, match="holds no secret"):
        kept_secret(file)


def test_a_key_opens_only_if_it_is_whole() -> None:
    key = AccessKey()
    assert key.matches(key.text)
    assert not key.matches(key.text[:-1])
    assert not key.matches("")
    assert not key.matches("ключ")
    assert key.text not in repr(key)
