"""Making the record of a new run: inputs, parameters and options that fit what its protocol declares."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from cryoloom.errors import ParameterError
from cryoloom.workflow.parameters import validated, with_absolute_paths
from cryoloom.workflow.protocol import Protocol, WholeProtocol
from cryoloom.workflow.run import OutputReference, RunOptions, RunRecord


@dataclass(frozen=True, slots=True)
class Connection:
    """An output that an input is connected to.

    Parameters
    ----------
    reference : its run and name
    kind : of its items
    label : what people call it, ``3.micrographs``
    """

    reference: OutputReference
    kind: str
    label: str


def draft(
    protocol: type[Protocol],
    inputs: Mapping[str, Connection],
    values: Mapping[str, Any],
    *,
    options: Mapping[str, Any] | None = None,
    replaces: str | None = None,
    created_by: str = "",
) -> RunRecord:
    """The record of a run that has not been added to a project yet.

    Parameters
    ----------
    protocol : what it runs
    inputs : by name
    values : of parameters, by name; files and folders as seen from the present one
    options : of `RunOptions`
    replaces : ULID of the run it stands in for
    created_by : a person

    Raises
    ------
    ParameterError
        If an input, a parameter or an option does not fit; the message says which and why.
    """
    ports = {port.name: port for port in protocol.input_ports()}
    for name, connection in inputs.items():
        if name not in ports:
            near = difflib.get_close_matches(name, ports, n=1) or list(ports)
            raise ParameterError(f"{protocol.id} has no input {name!r}; it has {', '.join(near) or 'none'}.")
        if not ports[name].accepts(connection.kind):
            raise ParameterError(
                f"Input {name} takes {ports[name].kind}, but {connection.label} holds {connection.kind}."
            )
    for name, port in ports.items():
        if name not in inputs and not port.optional:
            raise ParameterError(f"{protocol.id} needs the input {name} ({port.kind}); connect it.")
    parameters = with_absolute_paths(validated(protocol.Parameters, dict(values)))
    protocol().check(parameters)
    return RunRecord(
        protocol=protocol.id,
        protocol_version=protocol.version,
        parameters=parameters.model_dump(mode="json"),
        inputs={name: connection.reference for name, connection in inputs.items()},
        output_kinds={
            port.name: inputs[port.same_as].kind if port.same_as else port.kind for port in protocol.output_ports()
        },
        options=options_of(protocol, options or {}),
        created_by=created_by,
        replaces=replaces,
    )


def options_of(protocol: type[Protocol], options: Mapping[str, Any]) -> RunOptions:
    """Options that a protocol can honour.

    Raises
    ------
    ParameterError
        If there is no such option, its value does not fit, or it means nothing to the protocol.
    """
    for name in options:
        if name not in RunOptions.model_fields:
            near = difflib.get_close_matches(name, RunOptions.model_fields, n=1) or list(RunOptions.model_fields)
            raise ParameterError(f"There is no option {name!r}; did you mean {', '.join(near)}?")
    try:
        made = RunOptions.model_validate({"when_closed": protocol.waits_for_closed_inputs, **options})
    except ValidationError as error:
        problem = error.errors()[0]
        raise ParameterError(f"Option {problem['loc'][0]} cannot be {problem['input']!r}: {problem['msg']}.") from error
    if made.round_every is not None and not issubclass(protocol, WholeProtocol):
        raise ParameterError(f"Option round_every is for protocols that work in rounds; {protocol.id} does not.")
    if (made.start_after > 1 or made.when_closed) and not protocol.input_ports():
        waits = "when_closed" if made.when_closed else "start_after"
        raise ParameterError(f"Option {waits} waits for an input; {protocol.id} has none.")
    return made
