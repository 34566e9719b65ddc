"""Classes as a person chooses among them, what was decided, and what may follow."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from cryoloom.server.models._document import Document, Question
from cryoloom.server.models._runs import InputDocument


class ClassDocument(Document):
    """A class average and what speaks for it."""

    id: str
    place: int = Field(description="Of its row in the set, from 0; by this its image is asked for.")
    label: int | None = Field(description="Number that it keeps from round to round; without it nothing can be chosen.")
    class_number: int = Field(description="By which its particles name it, from 1.")
    particle_count: int
    kept_count: int = Field(description="Members that are kept with it: those that resemble their average enough.")
    resolution: float | None = Field(description="In Å.")
    evenness: float | None = Field(description="Share of its particles that resemble it.")
    merit: float | None = Field(description="Higher is better.")
    proposed: bool
    reason: str = Field(description="Of the proposal.")


class ChoiceDocument(Document):
    """What a person decided about classes, beside the proposal."""

    id: str = Field(description="Of the decision; sent with the next one.")
    keep: list[int] = Field(description="Labels of classes that are kept in any case.")
    leave_out: list[int]
    by: str
    at: str


class ClassWall(Document):
    """Classes of a round, and the choice among them."""

    source: InputDocument = Field(description="The set of the classes.")
    members: InputDocument | None = Field(description="The set of their particles.")
    source_number: int = Field(description="Of the run that made them.")
    closed: bool = Field(description="Whether no newer round will come.")
    generation: int = Field(description="Of the set of the classes.")
    generations: dict[str, int] = Field(description="Input of the deciding run → generation; sent with a decision.")
    particle_count: int
    classes: list[ClassDocument]
    choice: ChoiceDocument | None = Field(description="Null: nobody has decided.")
    waits: bool = Field(description="Whether nothing is kept until somebody decides.")
    follows: bool = Field(description="Whether the choice is applied again to newer rounds.")
    only_shown: str = Field(description="Why one cannot choose here; empty if one can.")


class NewDecision(Question):
    """What a person decides."""

    decision: dict[str, Any] = Field(description="As the protocol's own decision has it.")
    generations: dict[str, Annotated[int, Field(ge=0, le=2**53)]] = Field(
        description="Input → generation that the person was looking at, for every input that has one."
    )
    last_decision: str | None = Field(None, description="Id of the decision that the person has seen; null: of none.")


class SuggestedValue(Document):
    """A value that is known already."""

    value: Any
    origin: str = Field(description="Where it comes from, in a sentence.")


class NextStep(Document):
    """A run that may follow, with what of it is known."""

    protocol: str
    words: str = Field(description="What it is for, here.")
    inputs: dict[str, InputDocument]
    values: dict[str, SuggestedValue]
