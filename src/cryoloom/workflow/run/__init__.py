"""One run: its folder, its records, and where it stands."""

from cryoloom.workflow.run._chosen import FIRST, ChosenMembers
from cryoloom.workflow.run._folder import AttemptFolder, RunFolder, as_document, read_record
from cryoloom.workflow.run._liveness import HeartbeatWatch, ProcessIdentity, is_alive, this_process
from cryoloom.workflow.run._records import (
    FORMAT_VERSION,
    Annotations,
    AttemptRequest,
    End,
    OutputReference,
    Progress,
    Record,
    Request,
    RequestKind,
    RunOptions,
    RunRecord,
    RunState,
    Status,
    now,
)
from cryoloom.workflow.run._silence import undriven
from cryoloom.workflow.run._state import RunStanding, standing

__all__ = [
    "FIRST",
    "FORMAT_VERSION",
    "Annotations",
    "AttemptFolder",
    "AttemptRequest",
    "ChosenMembers",
    "End",
    "HeartbeatWatch",
    "OutputReference",
    "ProcessIdentity",
    "Progress",
    "Record",
    "Request",
    "RequestKind",
    "RunFolder",
    "RunOptions",
    "RunRecord",
    "RunStanding",
    "RunState",
    "Status",
    "as_document",
    "is_alive",
    "now",
    "read_record",
    "standing",
    "this_process",
    "undriven",
]
