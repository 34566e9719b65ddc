"""Protocols: what a step of a workflow declares, and the shapes it can have."""

from cryoloom.workflow.protocol._base import FileRole, Protocol, Stage
from cryoloom.workflow.protocol._declaration import citations_of, declaration_of
from cryoloom.workflow.protocol._ports import Input, InputPort, Output, OutputPort, input_set, output_set
from cryoloom.workflow.protocol._prediction import Prediction
from cryoloom.workflow.protocol._shapes import (
    DecideProtocol,
    Found,
    FoundFailure,
    MapProtocol,
    MapResult,
    Remark,
    SourceProtocol,
    TableProtocol,
    WholeProtocol,
    chooses_members,
)

__all__ = [
    "DecideProtocol",
    "FileRole",
    "Found",
    "FoundFailure",
    "Input",
    "InputPort",
    "MapProtocol",
    "MapResult",
    "Output",
    "OutputPort",
    "Prediction",
    "Protocol",
    "Remark",
    "SourceProtocol",
    "Stage",
    "TableProtocol",
    "WholeProtocol",
    "chooses_members",
    "citations_of",
    "declaration_of",
    "input_set",
    "output_set",
]
