"""Why somebody was not let in."""

from __future__ import annotations

from typing import Literal

from cryoloom.errors import CryoloomError

Why = Literal["begun-elsewhere", "denied", "provider", "token", "member", "blocked"]
"""For the page that says so: it was not begun in this browser, or too long ago; the provider or the person said no;
the provider does not answer as it should; what it answered cannot be trusted; who it is may not come in; or not any
more."""


class SignInError(CryoloomError):
    """Somebody was not let in.

    Parameters
    ----------
    why : for the page that says so
    message : for the log of the server
    """

    def __init__(self, why: Why, message: str) -> None:
        super().__init__(message)
        self.why: Why = why
