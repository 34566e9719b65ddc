"""Tokens are shown once, kept as a digest, and good until they expire or are revoked."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from cryoloom.auth import LOCAL, Accounts, Caller, Person, Role, TokenFolder
from cryoloom.errors import ProjectError


def test_a_token_is_known_by_itself_alone(tmp_path: Path) -> None:
    tokens = TokenFolder(tmp_path / "tokens")
    text, issued = tokens.issue("ana", "nightly export", seconds=60, read_only=True)
    assert text.startswith("cryoloom_")
    found = TokenFolder(tmp_path / "tokens").token(text)  # as after a restart
    assert found is not None
    assert (found.person, found.name, found.read_only, found.is_over) == ("ana", "nightly export", True, False)
    (file,) = (tmp_path / "tokens").iterdir()
    assert text.removeprefix("cryoloom_") not in file.name + file.read_text(encoding="utf-8")
    assert issued.id == found.id
    assert text not in repr(issued)


@pytest.mark.parametrize(
    "text", ["", "x", "cryoloom_", "cryoloom_../secret", "cryoloom_" + "a" * 300, "cryoloom_\udcff"]
)
def test_what_was_never_issued_is_no_token(tmp_path: Path, text: str) -> None:
    tokens = TokenFolder(tmp_path)
    tokens.issue("ana", "one", seconds=60, read_only=False)
    assert tokens.token(text) is None


def test_when_a_token_was_used_is_told_to_a_minute(tmp_path: Path) -> None:
    tokens = TokenFolder(tmp_path)
    text, _ = tokens.issue("ana", "one", seconds=60, read_only=False)
    (listed,) = tokens.of("ana")
    assert listed.last_used is None
    tokens.token(text)
    (used,) = tokens.of("ana")
    assert used.last_used is not None
    assert abs(used.last_used - time.time()) < 60
    (file,) = tmp_path.iterdir()
    before = file.stat().st_mtime_ns
    tokens.token(text)
    assert file.stat().st_mtime_ns == before  # the disk is left alone within the minute
    os.utime(file, (time.time() - 90, time.time() - 90))
    tokens.token(text)
    assert file.stat().st_mtime > time.time() - 30


def test_tokens_are_listed_and_revoked_by_whose_they_are(tmp_path: Path) -> None:
    tokens = TokenFolder(tmp_path)
    text, issued = tokens.issue("ana", "one", seconds=60, read_only=False)
    assert tokens.revoke("bea", issued.id) is None
    assert tokens.token(text) is not None
    revoked = tokens.revoke("ana", issued.id)
    assert revoked is not None
    assert revoked.digest == issued.digest
    assert tokens.token(text) is None
    assert tokens.of("ana") == []


def test_a_token_that_is_over_is_listed_for_a_while(tmp_path: Path) -> None:
    tokens = TokenFolder(tmp_path)
    text, _ = tokens.issue("ana", "over", seconds=-10, read_only=False)
    tokens.issue("ana", "long over", seconds=-40 * 24 * 3600, read_only=False)
    assert [(token.name, token.is_over) for token in tokens.of("ana")] == [("over", True)]
    found = tokens.token(text)
    assert found is not None
    assert found.is_over
    assert found.last_used is None


def test_nobody_has_tokens_without_end(tmp_path: Path) -> None:
    tokens = TokenFolder(tmp_path)
    for number in range(50):
        tokens.issue("ana", str(number), seconds=60, read_only=False)
    with pytest.raises(ProjectError, match="revoke one"):
        tokens.issue("ana", "one more", seconds=60, read_only=False)


def test_whom_a_token_acts_for(tmp_path: Path) -> None:
    accounts = Accounts.kept_in(tmp_path, rules="these")
    person = accounts.people.welcome(Person(LOCAL, "ana", "ana", rules="these"), first_role=Role.ADMIN)
    text, token = accounts.tokens.issue(person.id, "one", seconds=60, read_only=True)
    over, _ = accounts.tokens.issue(person.id, "two", seconds=-1, read_only=False)
    caller = accounts.by_token(text)
    assert isinstance(caller, Caller)
    assert (caller.person.name, caller.by, caller.may_change, caller.may_administer) == ("ana", "one", False, False)
    assert accounts.now(caller) == caller
    assert "expired" in str(accounts.by_token(over))
    assert "revoked" in str(accounts.by_token("cryoloom_x"))
    assert "sign in again" in str(Accounts.kept_in(tmp_path, rules="others").by_token(text))
    accounts.people.decide(person.id, role=Role.USER, blocked=True)
    assert accounts.now(caller) is None
    accounts.people.decide(person.id, role=Role.USER, blocked=False)
    accounts.tokens.revoke(person.id, token.id)
    assert accounts.now(caller) is None
