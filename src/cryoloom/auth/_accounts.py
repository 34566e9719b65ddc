"""Everything that a server remembers of people, in one folder, and who it is that calls."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from cryoloom.auth._audit import AuditLog
from cryoloom.auth._people import PeopleFolder, Person, Role
from cryoloom.auth._seal import kept_secret
from cryoloom.auth._sessions import SessionFolder
from cryoloom.auth._tokens import TokenFolder

BROWSER = "browser"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and by what.

    Parameters
    ----------
    person : as known now
    digest : of the cookie or token
    by : ``browser``, or the name of a token
    is_script : whether it is a token, which does what has to be done often, and never what decides who may do what
    read_only : whether it only looks
    """

    person: Person
    digest: str
    by: str = BROWSER
    is_script: bool = False
    read_only: bool = False

    @property
    def may_change(self) -> bool:
        """Whether anything at all."""
        return not self.read_only and self.person.acts_as is not Role.VIEWER

    @property
    def may_administer(self) -> bool:
        """Whether who may do what."""
        return not self.is_script and self.person.acts_as is Role.ADMIN


@dataclass(frozen=True, slots=True)
class Accounts:
    """People, sessions and tokens of a server, and its log.

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
    tokens: TokenFolder = field(init=False)
    audit: AuditLog = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "people", PeopleFolder(self.folder / "people"))
        object.__setattr__(self, "sessions", SessionFolder(self.folder / "sessions"))
        object.__setattr__(self, "tokens", TokenFolder(self.folder / "tokens"))
        object.__setattr__(self, "audit", AuditLog(self.folder / "audit"))

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
        person = None if session is None else self._person(session.person)
        return None if session is None or person is None else Caller(person, session.digest)

    def by_token(self, text: str) -> Caller | str:
        """Whom a script acts for; a sentence if it may not."""
        token = self.tokens.token(text)
        if token is None:
            return "This token is not known here; it may have been revoked."
        if token.is_over:
            return f"The token {token.name!r} has expired; make a new one in the browser."
        person = self._person(token.person)
        if person is None:
            return f"The person for whom the token {token.name!r} acts has to sign in again in the browser."
        return Caller(person, token.digest, token.name, is_script=True, read_only=token.read_only)

    def now(self, caller: Caller) -> Caller | None:
        """The same caller as known now; None if the session or token is over, or the person may not come in."""
        known = self.tokens.by_digest(caller.digest) if caller.is_script else self.sessions.by_digest(caller.digest)
        if known is None or known.is_over:
            return None
        person = self._person(known.person)
        return None if person is None else Caller(person, caller.digest, caller.by, caller.is_script, caller.read_only)

    def _person(self, identity: str) -> Person | None:
        person = self.people.person(identity)
        if person is None or person.blocked or person.rules != self.rules:
            return None
        return person
