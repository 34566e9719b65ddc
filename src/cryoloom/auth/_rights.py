"""What somebody may do in a project."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from cryoloom.auth._people import Person, Role


class Right(IntEnum):
    """From nothing to everything; each holds those before it."""

    NONE = 0
    READ = 1
    WRITE = 2
    OWN = 3


def right_of(person: Person, *, owner: str, shares: Mapping[str, Right]) -> Right:
    """What a person may do in a project.

    Parameters
    ----------
    person : who asks
    owner : identity of the owner; empty if it has none, so that only administrators find it
    shares : identity → what was shared
    """
    if person.acts_as is Role.ADMIN:
        return Right.OWN
    given = Right.OWN if owner and person.id == owner else shares.get(person.id, Right.NONE)
    return min(given, Right.READ) if person.acts_as is Role.VIEWER else given
