"""A secret of the server that only this account can read, and words that only the server can read again."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_SECRET_BYTES = 32
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Seal:
    """Seals words, so that who holds them can neither read nor change them (AES-256-GCM).

    Parameters
    ----------
    secret : at least 32 bytes that nobody else knows
    purpose : what the words are for; what was sealed for another purpose does not open
    """

    secret: bytes = field(repr=False)
    purpose: str

    def close(self, words: str) -> str:
        """The words, sealed."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return base64.urlsafe_b64encode(nonce + AESGCM(self._key).encrypt(nonce, words.encode(), None)).decode()

    def open(self, sealed: str) -> str | None:
        """The words; None if they were not sealed by this seal, or were changed since."""
        try:
            told = base64.b64decode(sealed.encode(), altchars=b"-_", validate=True)
            return AESGCM(self._key).decrypt(told[:_NONCE_BYTES], told[_NONCE_BYTES:], None).decode()
        except (binascii.Error, InvalidTag, ValueError):
            return None

    @property
    def _key(self) -> bytes:
        return hashlib.blake2b(self.purpose.encode(), key=self.secret[:64], digest_size=32).digest()


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
