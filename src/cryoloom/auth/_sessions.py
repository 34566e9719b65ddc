"""Sessions of browsers: a cookie is a random word, of which the server keeps a digest only."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from cryoloom.auth._records import RecordFolder
from cryoloom.auth._seal import Seal

_LONGEST = 256  # characters of a cookie that are looked at


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that somebody has signed in with.

    Parameters
    ----------
    digest : of the cookie
    person : identity of who has signed in
    ends : second since 1970 from which on the cookie is refused
    """

    digest: str
    person: str
    ends: float

    @property
    def is_over(self) -> bool:
        """Whether it is good no more."""
        return self.ends <= time.time()


class SessionFolder:
    """Every session, one file each; good across restarts, and gone when it is ended.

    Parameters
    ----------
    folder : of the files
    """

    def __init__(self, folder: Path) -> None:
        self._records = RecordFolder(folder)

    def begin(self, person: str, *, seconds: float, hint: str = "") -> str:
        """A new cookie for a person; what the browser held before is never taken over.

        Parameters
        ----------
        person : identity
        seconds : after which it is refused
        hint : to be given back when the session ends; kept sealed with the cookie itself, so that the file alone tells
            nothing
        """
        self.sweep()
        cookie = secrets.token_urlsafe(32)
        kept = {"person": person, "ends": time.time() + seconds, "hint": _seal(cookie).close(hint) if hint else ""}
        self._records.put(_digest(cookie), kept)
        return cookie

    def session(self, cookie: str) -> Session | None:
        """The session of a cookie; None if there is none, or it is over."""
        return self.by_digest(_digest(cookie)) if 0 < len(cookie) <= _LONGEST else None

    def by_digest(self, digest: str) -> Session | None:
        """The session whose cookie has that digest; None if there is none, or it is over."""
        record = self._records.get(digest)
        found = None if record is None else Session(digest, record["person"], record["ends"])
        return None if found is None or found.is_over else found

    def end(self, cookie: str) -> str:
        """End a session; returns the hint that it was begun with, empty if there is none."""
        record = self._records.get(_digest(cookie)) if 0 < len(cookie) <= _LONGEST else None
        if record is None:
            return ""
        self._records.remove(_digest(cookie))
        return (_seal(cookie).open(record["hint"]) or "") if record["hint"] else ""

    def end_all(self, person: str) -> int:
        """End every session of a person; returns how many there were."""
        theirs = [digest for digest, record in self._records.items() if record["person"] == person]
        return sum(self._records.remove(digest) for digest in theirs)

    def sweep(self) -> None:
        """Remove sessions that are over."""
        for digest, record in list(self._records.items()):
            if record["ends"] <= time.time():
                self._records.remove(digest)


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).hexdigest()


def _seal(cookie: str) -> Seal:
    return Seal(cookie.encode(), "hint of a session")
