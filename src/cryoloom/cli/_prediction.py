"""What a run will take, as commands tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryoloom.workflow.project import Run


def prediction_of(run: Run) -> tuple[dict[str, Any], str]:
    """What a run will take: for machines, and in words; both empty if it is not known."""
    from cryoloom.workflow.predicting import as_document, in_words, predicted

    told = predicted(run)
    if told is None:
        return {}, ""
    return {"prediction": as_document(told)}, " ".join([in_words(told), *told.advice])
