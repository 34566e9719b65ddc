"""Changing a draft: inputs, parameters and options, checked as if it were made anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cryoloom.errors import NotFoundError, ParameterError
from cryoloom.workflow.drafting import Connection, draft
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.project._output import Output
from cryoloom.workflow.run import OutputReference, RunRecord

if TYPE_CHECKING:
    from cryoloom.workflow.project._run import Run


def edited(run: Run, inputs: Mapping[str, Any], values: Mapping[str, Any], options: Mapping[str, Any]) -> RunRecord:
    """The record of a draft with other inputs, parameters or options.

    Parameters
    ----------
    run : the draft
    inputs : an `Output`, ``"3.micrographs"``, or None to take one off, by name
    values : of parameters, by name
    options : of `RunOptions`, by name

    Raises
    ------
    ParameterError
        If anything does not fit, the run would read what is made of it, or a run that reads it could no longer do so.
    """
    record, protocol = run.record, run.protocol
    connections = {
        name: _connection(run, name, reference) for name, reference in record.inputs.items() if name not in inputs
    }
    connections |= {name: run.project.connection(source) for name, source in inputs.items() if source is not None}
    parameters = dict(record.parameters)
    if protocol.version > record.protocol_version:
        parameters = protocol.migrate(record.protocol_version, parameters)
    parameters |= values
    made = draft(protocol, connections, parameters, options={**record.options.model_dump(mode="json"), **options})
    _check_graph(run, made)
    changed = ("protocol_version", "parameters", "inputs", "output_kinds", "options")
    return record.model_copy(update={name: getattr(made, name) for name in changed})


def _connection(run: Run, name: str, reference: OutputReference) -> Connection:
    try:
        source = run.project.run(reference.run)
    except NotFoundError:
        raise ParameterError(
            f"Input {name} of run {run.number} was connected to a run that has been removed; connect it anew."
        ) from None
    return run.project.connection(Output(source, reference.output))


def _check_graph(run: Run, made: RunRecord) -> None:
    graph = RunGraph.read(run.project.folder)
    for name, reference in made.inputs.items():
        if run.ulid in graph.upstream([reference.run]):
            raise ParameterError(f"Input {name} of run {run.number} would be made of the run's own outputs.")
    for reader in graph.readers(run.ulid):
        for link in graph[reader].inputs.values():
            kind = made.output_kinds.get(link.output)
            if link.run == run.ulid and kind != run.record.output_kinds.get(link.output):
                raise ParameterError(
                    f"{graph[reader].title} reads {run.number}.{link.output}, which would hold {kind} then; "
                    "connect that run otherwise first."
                )
