"""Everything that a server remembers of people, in one folder, and who it is that calls."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from cryoloom.auth._people import PeopleFolder, Person
from cryoloom.auth._seal import kept_secret
from cryoloom.auth._sessions import SessionFolder


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and by what.

    Parameters
    ----------
    person : as known now
    session : digest of the cookie
    """

    person: Person
    session: str


@dataclass(frozen=True, slots=True)
class Accounts:
    """People and sessions of a server.

    Parameters
    ----------
    folder : that everything is kept in
    secret : of the server
    rules : digest of the rules by which people are let in; who came in by others has to sign in again
    """

    folder: Path
    secret: bytes = field(repr=False)
    rules: str = ""
    people: PeopleFolder = field(init=False)
    sessions: SessionFolder = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "people", PeopleFolder(self.folder / "people"))
        object.__setattr__(self, "sessions", SessionFolder(self.folder / "sessions"))

    @classmethod
    def kept_in(cls, folder: Path, *, rules: str = "") -> Accounts:
        """Those in a folder, which is made for this account alone."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return cls(folder, kept_secret(folder / "secret"), rules)

    @property
    def mark(self) -> str:
        """Tells this server from others on the same host, whose cookies a browser sends along whatever the port."""
        return hashlib.blake2b(self.secret, person=b"mark", digest_size=4).hexdigest()

    def by_cookie(self, cookie: str) -> Caller | None:
        """Who has signed in with a browser; None if nobody has."""
        session = self.sessions.session(cookie)
        return None if session is None else self._caller(session.person, session.digest)

    def now(self, caller: Caller) -> Caller | None:
        """The same caller as known now; None if the session is over, or the person may not come in any more."""
        session = self.sessions.by_digest(caller.session)
        return None if session is None else self._caller(session.person, session.digest)

    def _caller(self, identity: str, session: str) -> Caller | None:
        person = self.people.person(identity)
        if person is None or person.blocked or person.rules != self.rules:
            return None
        return Caller(person, session)
