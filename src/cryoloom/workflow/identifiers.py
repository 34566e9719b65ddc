"""ULIDs: identities that sort by the time they were made."""

from __future__ import annotations

import os
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_ulid() -> str:
    """A new identity of 26 characters: 48 bits of milliseconds since 1970, then 80 random bits (ULID specification)."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def is_ulid(text: str) -> bool:
    """Whether a text has the form of a ULID."""
    return len(text) == 26 and set(text) <= set(_ALPHABET)
