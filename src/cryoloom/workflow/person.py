"""Who does something."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_acting: ContextVar[str] = ContextVar("_acting", default="")


def this_account() -> str:
    """The account that runs this process; empty if it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def this_person() -> str:
    """Who is noted for what is being done: the person that a server acts for, else the account."""
    return _acting.get() or this_account()


@contextmanager
def acting_for(person: str) -> Iterator[None]:
    """Note a person for everything that is done meanwhile, in this thread or task and those that it waits for.

    Parameters
    ----------
    person : as records name them
    """
    before = _acting.set(person)
    try:
        yield
    finally:
        _acting.reset(before)
