"""Where a server finds projects, and who may talk to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cryoloom.auth import AccessKey, CookieSigner


@dataclass(frozen=True)
class ServerSettings:
    """What a server needs to know.

    Parameters
    ----------
    projects_folder : whose sub-folders are the projects; nothing outside it is shown or changed
    key : that opens the server once; a browser gets a cookie for it
    signer : of cookies
    hosts : names by which browsers may call it, without port; others are refused, so that no page of another site can
        reach it through a name of its own
    app_folder : of the built web app; None if only the interface is served
    """

    projects_folder: Path
    key: AccessKey
    signer: CookieSigner
    hosts: frozenset[str] = field(default=frozenset({"127.0.0.1", "localhost", "::1"}))
    app_folder: Path | None = None
