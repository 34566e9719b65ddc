"""The key in the address that opens a server on this machine, as Jupyter has it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A random key; whoever holds it is the person who started the server.

    Parameters
    ----------
    text : of the key
    """

    text: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def matches(self, presented: str) -> bool:
        """Whether that is the key; takes as long for a wrong one, however much of it is right."""
        return secrets.compare_digest(self.text.encode(), presented.encode())
