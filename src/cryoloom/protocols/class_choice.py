"""What a person decides about classes, of two or three dimensions alike."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Self

from pydantic import model_validator

from cryoloom.errors import ParameterError
from cryoloom.workflow.parameters import ProtocolParameters, parameter
from cryoloom.workflow.protocol import Remark

_NOT_FOUND = {
    "Keep": "Not all classes that are to be kept are found.",
    "Leave out": "Not all classes that are to be left out are found.",
}
"""What is to be done → the same sentence in every round, so that a newer one's labels take the place of the former."""


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


def check_choice(choice: ClassChoice, there: Collection[int], kept: Collection[int]) -> None:
    """Refuse a choice that finds none of the classes that it names, or that leaves nothing.

    Parameters
    ----------
    choice : what a person decided
    there : labels of all classes
    kept : labels of those that are then kept

    Raises
    ------
    ParameterError
        With the labels that there are.
    """
    named = set().union(*_named(choice).values())
    if named and not named & set(there):
        raise ParameterError(f"There is no class {in_words(named)}; there are {in_words(there)}. Choose among these.")
    check_something_kept(choice, there, kept)


def check_something_kept(choice: ClassChoice, there: Collection[int], kept: Collection[int]) -> None:
    """Refuse a choice that leaves nothing; takes and raises what `check_choice` does."""
    told = " and ".join(f"{what} {in_words(labels)}" for what, labels in _named(choice).items() if labels)
    if told and there and not kept:
        raise ParameterError(f"{told}: none of classes {in_words(there)} is left; choose at least one to be kept.")


def not_found(choice: ClassChoice, there: Collection[int]) -> list[Remark]:
    """What tells of the classes that a choice names and that are not there; none if all are, or none are there yet."""
    absent = {what: labels - set(there) for what, labels in _named(choice).items()}
    return [
        Remark(_NOT_FOUND[what], f"Missing: {in_words(labels)}; there are {in_words(there)}.")
        for what, labels in absent.items()
        if labels and there
    ]


def _named(choice: ClassChoice) -> dict[str, set[int]]:
    """What is to be done → labels of the classes that it is to be done with."""
    return {"Keep": labels_in(choice.keep), "Leave out": labels_in(choice.leave_out)}


def in_words(labels: Collection[int]) -> str:
    """Labels as one writes them: ``1-3, 7``."""
    ordered = sorted(labels)
    starts = [label for label in ordered if label - 1 not in labels]
    ends = [label for label in ordered if label + 1 not in labels]
    return ", ".join(
        f"{first}" if first == last else f"{first}-{last}" for first, last in zip(starts, ends, strict=True)
    )


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
