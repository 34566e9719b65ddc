"""A sign-in that has begun, as the browser that began it keeps it: sealed, so that nobody can read or make one."""

from __future__ import annotations

import json
import re
import secrets
import time
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from cryoloom.auth._seal import Seal

SECONDS_GOOD = 600
_LONGEST = 2000
_UNFIT = re.compile(r"[\x00-\x20\x7f\\]")


def inner_address(wanted: str) -> str:
    r"""An address of this server to lead on to: what was wanted, if it is one; else the first page.

    Browsers read ``//host``, ``/\host`` and addresses with line breaks in them as ones of other servers.
    """
    if len(wanted) > _LONGEST or not wanted.startswith("/") or wanted.startswith("//") or _UNFIT.search(wanted):
        return "/"
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return "/"
    return "/" if parts.scheme or parts.netloc else wanted


@dataclass(frozen=True, slots=True)
class Flow:
    """What has to come back from the provider, and where it leads.

    Parameters
    ----------
    state : comes back in the address; ties the answer to this browser
    nonce : comes back in the token; ties that to this sign-in
    verifier : of PKCE; whoever has the code alone has nothing
    to : address of this server to lead on to
    began : second since 1970
    """

    state: str
    nonce: str
    verifier: str
    to: str
    began: float

    @classmethod
    def begin(cls, to: str) -> Flow:
        """A new one."""
        return cls(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            to=inner_address(to),
            began=time.time(),
        )

    @staticmethod
    def name(cookie: str, state: str) -> str:
        """Of the cookie that holds it; each sign-in has its own, so that several can be under way."""
        return f"{cookie}-in-{re.sub(r'[^0-9A-Za-z]', '', state)[:8]}"

    def sealed(self, secret: bytes) -> str:
        """For the cookie."""
        return _seal(secret).close(json.dumps(asdict(self)))

    @classmethod
    def opened(cls, sealed: str, state: str, secret: bytes) -> Flow | None:
        """The one that this browser began with that state, not too long ago; else None."""
        told = _seal(secret).open(sealed)
        if told is None:
            return None
        flow = cls(**json.loads(told))
        fits = secrets.compare_digest(flow.state.encode(), state.encode("utf-8", "replace"))
        return flow if fits and 0 <= time.time() - flow.began <= SECONDS_GOOD else None


def _seal(secret: bytes) -> Seal:
    return Seal(secret, "a sign-in that has begun")
