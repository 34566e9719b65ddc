"""The workflows that come with cryoloom."""

from __future__ import annotations

from pathlib import Path

from cryoloom.errors import NotFoundError
from cryoloom.workflow.templates import WorkflowDocument, read_workflow

_SHIPPED = Path(__file__).parent / "workflows"


def shipped_workflows() -> list[str]:
    """Names of the workflows that come with cryoloom."""
    return sorted(path.stem for path in _SHIPPED.glob("*.json"))


def find_workflow(named: Path) -> WorkflowDocument:
    """The workflow of a file, or, if there is no such file, the one of that name that comes with cryoloom.

    Raises
    ------
    NotFoundError
        If there is neither.
    FormatError
        If it is no workflow file.
    InputError
        If it cannot be read.
    """
    if named.exists():
        return read_workflow(named)
    if str(named) in shipped_workflows():
        return read_workflow(_SHIPPED / f"{named}.json")
    names = ", ".join(shipped_workflows())
    raise NotFoundError(f"There is no file {named}, and with cryoloom comes only {names}.", path=named)
