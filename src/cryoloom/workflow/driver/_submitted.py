"""An item that was handed to a lane."""

from __future__ import annotations

from dataclasses import dataclass

from cryoloom import errors
from cryoloom.workflow.driver._items import FailedItem
from cryoloom.workflow.lane import TaskReport


@dataclass(frozen=True, slots=True)
class Submitted:
    """An item that a worker processes.

    Parameters
    ----------
    key : id of the leading item
    digest : of the inputs that it is made from
    label : what a person calls it
    memory : that it was granted, in bytes
    tries : how often it has been handed out, with this time
    """

    key: int
    digest: int
    label: str
    memory: int
    tries: int

    def failure(self, report: TaskReport) -> FailedItem:
        """The record of its failure, with the reason that the report of its task tells."""
        if report.failure is not None:
            reason, detail = report.failure.message or report.failure.kind, report.failure.detail
            if not issubclass(getattr(errors, report.failure.kind, Exception), errors.CryoloomError):
                reason = f"{report.failure.kind}: {reason}"
        else:
            reason, detail = f"Its worker was lost {self.tries} times: {report.lost_because}.", ""
        if report.last_words:
            detail = f"{detail}\nIt printed:\n{report.last_words}".strip()
        return FailedItem(
            id=self.key, label=self.label, reason=reason, detail=detail, digest=self.digest, tries=self.tries
        )
