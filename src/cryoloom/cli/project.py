"""Commands that make a project and its runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._choices import JsonOption, ProjectArgument, open_project, settings_of
from cryoloom.cli.output import emit


def new(
    folder: Annotated[Path, typer.Argument(help="New or empty folder.")],
    name: Annotated[str, typer.Option(help="What people call it; the folder's name by default.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Make a new project.

    Example: cryoloom new apoferritin
    """
    from cryoloom.runtime import Project

    project = Project.create(folder, name)
    record = project.record
    emit(
        {"path": project.path, "ulid": record.ulid, "name": record.name},
        as_json=as_json,
        text=f"Made project {record.name} in {project.path}.",
    )


def add(
    project: ProjectArgument,
    protocol: Annotated[str, typer.Argument(help="Id of the protocol; `cryoloom protocols` lists them.")],
    inputs: Annotated[
        list[str] | None, typer.Option("--in", help="input=RUN.output, for instance movies=1.movies.")
    ] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="parameter=value.")] = None,
    options: Annotated[
        list[str] | None, typer.Option("--option", help="How it is run: workers=2, priority=batch …")
    ] = None,
    label: Annotated[str, typer.Option(help="What you call it.")] = "",
    replaces: Annotated[
        int | None, typer.Option(help="Number of the run that it stands in for; what reads that becomes stale.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Add a run to a project, as a draft.

    Example: cryoloom add apoferritin ctf --in micrographs=2.micrographs --set defocus_range=0.4,3
    """
    from cryoloom.cli._prediction import prediction_of
    from cryoloom.errors import ParameterError
    from cryoloom.workflow.parameters import parse_settings

    opened = open_project(project)
    declared = opened.environment.protocol(protocol)
    connections = settings_of(inputs or [])
    ports = [port.name for port in declared.input_ports()]
    for name in connections:
        if name not in ports:
            raise ParameterError(f"{protocol} has no input {name!r}; it has {', '.join(ports) or 'none'}.")
    values = parse_settings(declared.Parameters, settings_of(settings or []))
    replaced = None if replaces is None else opened.run(replaces).ulid
    chosen = settings_of(options or [])
    run = opened.add(protocol, options=chosen, label=label, replaces=replaced, **connections, **values)
    told, sentence = prediction_of(run)
    made = f"Added run {run.number} ({protocol}), which will make {', '.join(run.outputs) or 'no sets'}."
    emit(
        {"number": run.number, "ulid": run.ulid, "protocol": protocol, "outputs": list(run.outputs), **told},
        as_json=as_json,
        text=f"{made}\n{sentence}",
    )


def protocols(
    protocol: Annotated[str | None, typer.Argument(help="Id of one protocol, to see its declaration.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the protocols, or describe one: inputs, outputs, parameters with units, ranges and defaults.

    Example: cryoloom protocols ctf
    """
    from cryoloom.runtime import InstalledEnvironment

    environment = InstalledEnvironment()
    if protocol is None:
        listed = [
            {"id": found.id, "version": found.version, "stage": found.stage.value, "title": found.title()}
            for found in environment.protocols().values()
        ]
        width = max(len(str(entry["id"])) for entry in listed)
        text = "\n".join(f"{entry['id']:<{width}}  {entry['title']}" for entry in listed)
        emit(listed, as_json=as_json, text=text)
        return
    from cryoloom.cli._declarations import as_text
    from cryoloom.workflow.protocol import declaration_of

    declared = environment.protocol(protocol)
    emit(declaration_of(declared), as_json=as_json, text=as_text(declared))
