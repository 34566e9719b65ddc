"""Who does something."""

from __future__ import annotations

import getpass


def this_person() -> str:
    """The account that runs this process; empty if it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
