"""The people whom a server knows, and what each may do on it."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from cryoloom.auth._records import RecordFolder
from cryoloom.errors import NotFoundError

LOCAL = "local"
"""The issuer of the person who started a server on this machine."""


class Role(StrEnum):
    """What somebody may do on a server, whatever the project."""

    VIEWER = "viewer"  # looks at what was shared, and changes nothing
    USER = "user"  # makes projects, and works in those that were shared
    ADMIN = "admin"  # everything, in every project


def identity_of(issuer: str, subject: str) -> str:
    """By which a person is known here and in projects: the same on every server that the issuer signs in to."""
    return hashlib.blake2b(f"{issuer}\0{subject}".encode(), digest_size=16).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has signed in.

    Parameters
    ----------
    issuer : who says who that is: the address of an identity provider, or ``local``
    subject : by which the issuer knows the person, for ever
    name : that people read
    email : empty if it is not known; told by the issuer, and confirmed by it
    role : that a person of the server has given, or that everybody has at first
    appointed : an administrator by the server's settings, whatever `role` says
    blocked : may not come in any more
    rules : digest of the rules that were applied when the person signed in last
    first_seen, last_seen : moments in UTC, of signing in
    """

    issuer: str
    subject: str
    name: str
    email: str = ""
    role: Role = Role.USER
    appointed: bool = False
    blocked: bool = False
    rules: str = ""
    first_seen: str = ""
    last_seen: str = ""

    @property
    def id(self) -> str:
        """By which projects know the person."""
        return identity_of(self.issuer, self.subject)

    @property
    def acts_as(self) -> Role:
        """What the person may do, all told."""
        return Role.ADMIN if self.appointed else self.role

    @property
    def signature(self) -> str:
        """How the person is named in the records of projects."""
        return f"{self.name} <{self.email}>" if self.email and self.email != self.name else self.name


class PeopleFolder:
    """Everybody who has ever signed in, one file each.

    Parameters
    ----------
    folder : of the files
    """

    def __init__(self, folder: Path) -> None:
        self._records = RecordFolder(folder)
        self._lock = threading.Lock()

    def person(self, identity: str) -> Person | None:
        """Who is known by that identity; None if nobody is."""
        record = self._records.get(identity)
        return None if record is None else _person(record)

    def everybody(self) -> list[Person]:
        """All of them, by name."""
        return sorted((_person(record) for _, record in self._records.items()), key=lambda one: one.name.casefold())

    def welcome(self, person: Person, *, first_role: Role) -> Person:
        """Note that somebody signs in; what was decided about a person who is known already stands.

        Parameters
        ----------
        person : as the issuer tells
        first_role : of who comes for the first time
        """
        with self._lock:
            known = self.person(person.id)
            welcomed = replace(
                person,
                role=first_role if known is None else known.role,
                blocked=known is not None and known.blocked,
                first_seen=_now() if known is None else known.first_seen,
                last_seen=_now(),
            )
            self._write(welcomed)
        return welcomed

    def decide(self, identity: str, *, role: Role, blocked: bool) -> Person:
        """Give a person a role, or keep the person out.

        Raises
        ------
        NotFoundError
            If nobody is known by that identity.
        """
        with self._lock:
            known = self.person(identity)
            if known is None:
                raise NotFoundError(f"Nobody is known here as {identity}; they have to sign in once.")
            decided = replace(known, role=role, blocked=blocked)
            self._write(decided)
        return decided

    def _write(self, person: Person) -> None:
        self._records.put(person.id, asdict(person))


def _person(record: dict[str, str]) -> Person:
    known = {name: record[name] for name in Person.__dataclass_fields__ if name in record}
    return Person(**(known | {"role": Role(record["role"])}))  # type: ignore[arg-type]  # as `asdict` has written it
