"""Tokens by which scripts act for a person: shown once, kept as a digest, good for some time, and revoked at will."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryoloom.auth._records import RecordFolder
from cryoloom.errors import ProjectError

PREFIX = "cryoloom_"
"""By which people, and programs that look for secrets in files, know what it is."""

_LONGEST = 200
_MOST = 50
_SHOWN_AFTER = 30 * 24 * 3600  # seconds for which a token that is over is still listed
_NEVER = 0.0  # time of the file of a token that was not used yet
_TOUCHED_EVERY = 60  # seconds


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What is known of a token; not the token.

    Parameters
    ----------
    digest : of the token
    person : identity of whom it acts for
    name : that the person has given it
    created, expires : seconds since 1970
    last_used : second since 1970, to a minute; None if it was never used
    read_only : whether it only looks
    """

    digest: str
    person: str
    name: str
    created: float
    expires: float
    last_used: float | None
    read_only: bool

    @property
    def id(self) -> str:
        """By which it is listed and revoked."""
        return self.digest[:16]

    @property
    def is_over(self) -> bool:
        """Whether it is good no more."""
        return self.expires <= time.time()


class TokenFolder:
    """Every token, one file each, whose time is when it was used last.

    Parameters
    ----------
    folder : of the files
    """

    def __init__(self, folder: Path) -> None:
        self._records = RecordFolder(folder)

    def issue(self, person: str, name: str, *, seconds: float, read_only: bool) -> tuple[str, ApiToken]:
        """A new token, told this once, and what is kept of it.

        Raises
        ------
        ProjectError
            If the person has very many already.
        """
        if len(self.of(person)) >= _MOST:
            raise ProjectError(f"You have {_MOST} tokens; revoke one that is not needed any more.")
        text = PREFIX + secrets.token_urlsafe(32)
        digest, now = _digest(text), time.time()
        kept = {"person": person, "name": name, "created": now, "expires": now + seconds, "read_only": read_only}
        self._records.put(digest, kept)
        os.utime(self._records.file(digest), (_NEVER, _NEVER))
        return text, self._told(digest, kept)

    def token(self, text: str) -> ApiToken | None:
        """What is known of a token, which may be over; None if it was never issued, or was revoked."""
        if not text.startswith(PREFIX) or len(text) > _LONGEST:
            return None
        found = self.by_digest(_digest(text))
        if found is not None and not found.is_over:
            self._touch(found)
        return found

    def by_digest(self, digest: str) -> ApiToken | None:
        """What is known of the token of that digest; None if there is none."""
        record = self._records.get(digest)
        try:
            return None if record is None else self._told(digest, record)
        except FileNotFoundError:  # revoked just now
            return None

    def of(self, person: str) -> list[ApiToken]:
        """Those of a person, the newest first; what is over for long is removed."""
        found = [self._told(digest, record) for digest, record in self._records.items() if record["person"] == person]
        for token in found:
            if token.expires + _SHOWN_AFTER <= time.time():
                self._records.remove(token.digest)
        kept = (token for token in found if token.expires + _SHOWN_AFTER > time.time())
        return sorted(kept, key=lambda token: token.created, reverse=True)

    def revoke(self, person: str, identity: str) -> ApiToken | None:
        """Make one of a person's tokens good for nothing; None if the person has no such token."""
        found = next((token for token in self.of(person) if token.id == identity), None)
        if found is not None:
            self._records.remove(found.digest)
        return found

    def _told(self, digest: str, record: dict[str, Any]) -> ApiToken:
        used = self._records.file(digest).stat().st_mtime
        return ApiToken(
            digest,
            record["person"],
            record["name"],
            record["created"],
            record["expires"],
            None if used == _NEVER else used,
            record["read_only"],
        )

    def _touch(self, token: ApiToken) -> None:
        now = time.time()
        if token.last_used is None or now - token.last_used > _TOUCHED_EVERY:
            with suppress(FileNotFoundError):  # revoked just now
                os.utime(self._records.file(token.digest), (now, now))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
