"""Sessions, people and secrets: what is kept, by whom it can be read, and when it is refused."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cryoloom.auth import (
    LOCAL,
    AccessKey,
    Accounts,
    Person,
    Right,
    Role,
    Seal,
    SessionFolder,
    identity_of,
    kept_secret,
    right_of,
)
from cryoloom.errors import NotFoundError

SECRET = b"a" * 32


def test_a_session_is_good_until_it_ends(tmp_path: Path) -> None:
    sessions = SessionFolder(tmp_path)
    cookie = sessions.begin("ana", seconds=60)
    found = SessionFolder(tmp_path).session(cookie)  # as after a restart
    assert found is not None
    assert found.person == "ana"
    assert sessions.session(sessions.begin("ana", seconds=0)) is None
    assert sessions.end(cookie) == ""
    assert sessions.session(cookie) is None
    assert SessionFolder(tmp_path).session(cookie) is None


@pytest.mark.parametrize("cookie", ["", "x", "../secret", "a" * 300, "é\udcff", "\0"])
def test_what_was_never_given_is_no_session(tmp_path: Path, cookie: str) -> None:
    sessions = SessionFolder(tmp_path)
    sessions.begin("ana", seconds=60)
    assert sessions.session(cookie) is None
    assert sessions.end(cookie) == ""


def test_files_of_sessions_do_not_tell_the_cookie_or_its_hint(tmp_path: Path) -> None:
    sessions = SessionFolder(tmp_path / "sessions")
    cookie = sessions.begin("ana", seconds=60, hint="the token of the provider")
    (file,) = (tmp_path / "sessions").iterdir()
    told = file.name + file.read_text(encoding="utf-8")
    assert cookie not in told
    assert "token of the provider" not in told
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert sessions.end(cookie) == "the token of the provider"


def test_sessions_that_are_over_are_removed(tmp_path: Path) -> None:
    sessions = SessionFolder(tmp_path)
    sessions.begin("ana", seconds=-1)
    kept = sessions.begin("ana", seconds=60)
    assert len(list(tmp_path.iterdir())) == 1
    other = sessions.begin("bea", seconds=60)
    assert sessions.end_all("ana") == 1
    assert sessions.session(kept) is None
    assert sessions.session(other) is not None


def test_what_another_server_of_the_same_folder_ends_is_over_here(tmp_path: Path) -> None:
    one, other = SessionFolder(tmp_path), SessionFolder(tmp_path)
    cookie = one.begin("ana", seconds=60)
    assert other.session(cookie) is not None
    one.end(cookie)
    assert other.session(cookie) is None


def test_a_person_keeps_what_was_decided(tmp_path: Path) -> None:
    people = Accounts.kept_in(tmp_path).people
    ana = Person("https://id.example.org", "17", "Ana", "ana@example.org")
    first = people.welcome(ana, first_role=Role.VIEWER)
    assert (first.role, first.acts_as) == (Role.VIEWER, Role.VIEWER)
    people.decide(ana.id, role=Role.USER, blocked=True)
    again = people.welcome(Person("https://id.example.org", "17", "Ana Sousa"), first_role=Role.VIEWER)
    assert (again.name, again.role, again.blocked, again.first_seen) == ("Ana Sousa", Role.USER, True, first.first_seen)
    with pytest.raises(NotFoundError, match="sign in once"):
        people.decide("0" * 32, role=Role.ADMIN, blocked=False)
    assert [person.name for person in Accounts.kept_in(tmp_path).people.everybody()] == ["Ana Sousa"]


def test_people_of_different_issuers_are_different() -> None:
    assert identity_of("https://a", "b") != identity_of("https://a/b", "")
    assert identity_of("x", "17") != identity_of("y", "17")


def test_who_came_in_by_other_rules_has_to_sign_in_again(tmp_path: Path) -> None:
    accounts = Accounts.kept_in(tmp_path, rules="these")
    person = accounts.people.welcome(Person(LOCAL, "ana", "ana", rules="these"), first_role=Role.USER)
    cookie = accounts.sessions.begin(person.id, seconds=60)
    caller = accounts.by_cookie(cookie)
    assert caller is not None
    assert accounts.now(caller) == caller
    others = Accounts.kept_in(tmp_path, rules="others")
    assert others.by_cookie(cookie) is None
    assert others.now(caller) is None


def test_rights() -> None:
    def person(name: str, role: Role = Role.USER, **more: bool) -> Person:
        return Person(LOCAL, name, name, role=role, **more)

    owner = person("owner")
    shares = {person("reader").id: Right.READ, person("writer").id: Right.WRITE}

    def right(who: Person, owned_by: str = owner.id) -> Right:
        return right_of(who, owner=owned_by, shares=shares)

    assert right(owner) is Right.OWN
    assert right(person("owner", Role.VIEWER)) is Right.READ
    assert right(person("reader")) is Right.READ
    assert right(person("writer")) is Right.WRITE
    assert right(person("writer", Role.VIEWER)) is Right.READ
    assert right(person("other")) is Right.NONE
    assert right(person("other"), "") is Right.NONE
    assert right(person("other", Role.ADMIN)) is Right.OWN
    assert right(person("other", Role.VIEWER, appointed=True)) is Right.OWN


def test_what_was_sealed_opens_only_as_it_was(tmp_path: Path) -> None:
    seal = Seal(SECRET, "one thing")
    sealed = seal.close("wörds")
    assert seal.open(sealed) == "wörds"
    assert seal.close("wörds") != sealed
    assert Seal(SECRET, "another thing").open(sealed) is None
    assert Seal(b"b" * 32, "one thing").open(sealed) is None
    changed = sealed[:20] + ("A" if sealed[20] != "A" else "B") + sealed[21:]
    for forged in (changed, sealed[:-4], "", "x", "é", "\udcff", "A" * 4000):
        assert seal.open(forged) is None, forged
    assert repr(SECRET) not in repr(seal)


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


def test_servers_have_marks_of_their_own(tmp_path: Path) -> None:
    one, other = Accounts.kept_in(tmp_path / "one"), Accounts.kept_in(tmp_path / "other")
    assert one.mark != other.mark
    assert one.mark == Accounts.kept_in(tmp_path / "one").mark
    assert repr(one.secret) not in repr(one)


def test_records_of_people_are_plain_json(tmp_path: Path) -> None:
    accounts = Accounts.kept_in(tmp_path)
    person = accounts.people.welcome(Person(LOCAL, "ana", "ana"), first_role=Role.USER)
    kept = json.loads((tmp_path / "people" / f"{person.id}.json").read_text(encoding="utf-8"))
    assert (kept["subject"], kept["role"]) == ("ana", "user")


def test_a_key_opens_only_if_it_is_whole() -> None:
    key = AccessKey()
    assert key.matches(key.text)
    assert not key.matches(key.text[:-1])
    assert not key.matches("")
    assert not key.matches("ключ")
    assert key.text not in repr(key)
