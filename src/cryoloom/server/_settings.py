"""Where a server finds projects, and who may talk to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cryoloom.auth import AccessKey, Accounts, Cookies
from cryoloom.auth.oidc import Admission, Provider
from cryoloom.server.alarms import AlarmLimits, Channel

_MEBIBYTE = 2**20
_DAY = 24 * 3600


@dataclass(frozen=True)
class SignIn:
    """How people sign in by an identity provider.

    Parameters
    ----------
    provider : that vouches for them
    admission : who is let in, and who is an administrator
    name : what people call the provider
    seconds_good : after which a person signs in again
    """

    provider: Provider
    admission: Admission
    name: str
    seconds_good: float = 7 * _DAY


@dataclass(frozen=True)
class ServerSettings:
    """What a server needs to know.

    Parameters
    ----------
    projects_folder : whose sub-folders are the projects; nothing outside it is shown or changed
    accounts : people and what they have signed in with
    key : that lets in the person who started the server; None where people sign in by an identity provider
    sign_in : by an identity provider; None where there is a key
    address : by which browsers reach it, as ``https://cryoloom.example.org``; empty: on this machine only
    hosts : names by which browsers may call it, without port; others are refused, so that no page of another site can
        reach it through a name of its own
    app_folder : of the built web app; None if only the interface is served
    data_folders : only below these, and the projects folder, may runs read what people name; empty: anywhere
    most_bytes : that a call may send
    key_seconds : after which a browser has to bring the key again
    watches : whether it looks at the projects by itself, and tells of alarms
    limits : beyond which something is wrong
    channels : by which people are told
    """

    projects_folder: Path
    accounts: Accounts
    key: AccessKey | None = None
    sign_in: SignIn | None = None
    address: str = ""
    hosts: frozenset[str] = field(default=frozenset({"127.0.0.1", "localhost", "::1"}))
    app_folder: Path | None = None
    data_folders: tuple[Path, ...] = ()
    most_bytes: int = 8 * _MEBIBYTE
    key_seconds: float = 30 * _DAY
    watches: bool = False
    limits: AlarmLimits = field(default_factory=AlarmLimits)
    channels: tuple[Channel, ...] = ()

    @property
    def cookies(self) -> Cookies:
        """By which browsers are known."""
        return Cookies(self.accounts.mark, encrypted=self.address.startswith("https://"))
