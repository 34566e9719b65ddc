"""Cookies that stay good when the server is started again: signed with a secret that only this account can read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

COOKIE = "__Host-cryoloom"
_SECRET_BYTES = 32
_DAYS_GOOD = 30


@dataclass(frozen=True, slots=True)
class CookieSigner:
    """Signs what a cookie says, and tells whether a cookie says what was signed.

    Parameters
    ----------
    secret : of at least 32 random bytes
    seconds_good : after which a cookie is refused
    """

    secret: bytes = field(repr=False)
    seconds_good: int = _DAYS_GOOD * 24 * 3600

    def sign(self, person: str, *, now: float | None = None) -> str:
        """A cookie for a person: name, moment and signature."""
        moment = int(time.time() if now is None else now)
        said = base64.urlsafe_b64encode(person.encode()).decode().rstrip("=")
        return f"{said}.{moment}.{self._signature(said, moment)}"

    def person(self, cookie: str, *, now: float | None = None) -> str | None:
        """The person that a cookie was signed for; None if it was not signed here, or is too old."""
        said, _, rest = cookie.partition(".")
        told, _, signature = rest.partition(".")
        if not told.isascii() or not told.isdigit() or len(told) > 12:
            return None
        moment = int(told)
        if not hmac.compare_digest(self._signature(said, moment).encode(), signature.encode()):
            return None
        if (time.time() if now is None else now) - moment > self.seconds_good:
            return None
        return base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)).decode()

    def _signature(self, said: str, moment: int) -> str:
        digest = hmac.new(self.secret, f"{said}.{moment}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def kept_secret(file: Path) -> bytes:
    """The secret in a file that only this account can read, made when it is first asked for.

    Raises
    ------
    OSError
        If it cannot be read or made.
    """
    if not file.exists():
        _make_secret(file)
    found = file.read_bytes()
    if len(found) < _SECRET_BYTES:
        raise OSError(f"{file} holds no secret; remove it, and everybody signs in again.")
    return found


def _make_secret(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secrets.token_bytes(_SECRET_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
        with suppress(FileExistsError):  # whoever comes first has made it
            os.link(part, file)
    finally:
        part.unlink()
