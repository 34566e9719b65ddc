"""Workflows: runs with declared variables, written from one project and applied to another."""

from cryoloom.workflow.templates._apply import apply_workflow
from cryoloom.workflow.templates._document import RunTemplate, Variable, WorkflowDocument
from cryoloom.workflow.templates._export import export_workflow
from cryoloom.workflow.templates._read import parse_workflow, read_workflow

__all__ = [
    "RunTemplate",
    "Variable",
    "WorkflowDocument",
    "apply_workflow",
    "export_workflow",
    "parse_workflow",
    "read_workflow",
]
