"""Where a server finds projects, and who may talk to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cryoloom.auth import AccessKey, Accounts, Cookies

_MEBIBYTE = 2**20


@dataclass(frozen=True)
class ServerSettings:
    """What a server needs to know.

    Parameters
    ----------
    projects_folder : whose sub-folders are the projects; nothing outside it is shown or changed
    accounts : people and what they have signed in with
    key : that lets in the person who started the server; None where people sign in by an identity provider
    address : by which browsers reach it, as ``https://cryoloom.example.org``; empty: on this machine only
    hosts : names by which browsers may call it, without port; others are refused, so that no page of another site can
        reach it through a name of its own
    app_folder : of the built web app; None if only the interface is served
    most_bytes : that a call may send
    """

    projects_folder: Path
    accounts: Accounts
    key: AccessKey | None = None
    address: str = ""
    hosts: frozenset[str] = field(default=frozenset({"127.0.0.1", "localhost", "::1"}))
    app_folder: Path | None = None
    most_bytes: int = 8 * _MEBIBYTE

    @property
    def cookies(self) -> Cookies:
        """By which browsers are known."""
        return Cookies(self.accounts.mark, encrypted=self.address.startswith("https://"))
