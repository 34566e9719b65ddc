"""What runs were made from, as far as it is still there: a run that was removed takes nothing else away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.errors import NotFoundError

if TYPE_CHECKING:
    from cryoloom.workflow.project import Output, Run


def input_of(run: Run, name: str) -> Output | None:
    """The output that an input of a run is connected to; None if it has no such input, or what made it was removed."""
    link = run.record.inputs.get(name)
    if link is None:
        return None
    try:
        return run.project.run(link.run).output(link.output)
    except NotFoundError:
        return None


def inputs_of(run: Run) -> list[Output]:
    """The outputs that its inputs are connected to, without those of runs that were removed."""
    found = (input_of(run, name) for name in run.record.inputs)
    return [output for output in found if output is not None]
