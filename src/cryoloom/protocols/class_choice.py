"""What a person decides about classes, of two or three dimensions alike."""

from __future__ import annotations

import re
from typing import Self

from pydantic import model_validator

from cryoloom.workflow.parameters import ProtocolParameters, parameter


class ClassChoice(ProtocolParameters):
    """What a person decides."""

    keep: str = parameter("", label="Keep", help="Labels of classes, such as 1, 4-7; added to the proposal.")
    leave_out: str = parameter("", label="Leave out", help="Labels of classes; taken out of the proposal.")

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        both = sorted(labels_in(self.keep) & labels_in(self.leave_out))
        if both:
            raise ValueError(f"class {both[0]} is to be kept and to be left out; name it once")
        return self


def labels_in(text: str) -> set[int]:
    """Labels that a list such as ``1, 4-7`` names.

    Raises
    ------
    ValueError
        If it is no such list.
    """
    found: set[int] = set()
    for part in filter(None, re.split(r"[\s,]+", text.strip())):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if match is None:
            raise ValueError(f"{part!r} names no class; give numbers and ranges, such as 1, 4-7.")
        first = int(match[1])
        found |= set(range(first, int(match[2] or first) + 1))
    return found
