"""Commands that carry a workflow from one project to another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._choices import JsonOption, ProjectArgument, RunsArgument, open_project, settings_of
from cryoloom.cli._targets import OverwriteOption, check_targets, files_read_by
from cryoloom.cli.output import emit


def apply(
    project: ProjectArgument,
    workflow: Annotated[
        Path, typer.Argument(help="Workflow file, as `export-workflow` writes it; or `session`, which comes along.")
    ],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="variable=value; needed for those without a default.")
    ] = None,
    start: Annotated[bool, typer.Option("--run/--no-run", help="Start the new runs at once.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Add the runs of a workflow to a project: all of them, or none if something does not fit.

    `session` goes from movies to particles. Without what it needs, it says what that is.

    Example: cryoloom apply apoferritin session --set folder=/data/session --set diameter=130 --run
    """
    from cryoloom.runtime import find_workflow
    from cryoloom.workflow.templates import apply_workflow

    opened = open_project(project)
    runs = apply_workflow(opened, find_workflow(workflow), settings_of(settings or []))
    if start:
        for run in runs:
            run.start()
    lines = [f"Added run {run.number} ({run.record.protocol})" for run in runs]
    emit(
        {"runs": [{"number": run.number, "ulid": run.ulid, "protocol": run.record.protocol} for run in runs]},
        as_json=as_json,
        text="\n".join(lines),
    )


def export_workflow(
    project: ProjectArgument,
    runs: RunsArgument = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File; standard output if not given.")] = None,
    variables: Annotated[
        list[str] | None, typer.Option("--variable", help="name=RUN.parameter: to be given when it is used.")
    ] = None,
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Keep paths and acquisition, to process the same session again.")
    ] = False,
    name: Annotated[str, typer.Option(help="Of the workflow.")] = "",
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write the runs of a project as a workflow for other projects.

    What belongs to the session becomes variables that must be given: inputs from runs that are left out, paths, and
    what imports were told of microscope and exposure. What they were is kept as an example.

    Example: cryoloom export-workflow apoferritin --variable diameter=4.diameter --output session.json
    """
    from cryoloom.durable import replace_json
    from cryoloom.workflow.templates import export_workflow as written

    opened = open_project(project)
    numbers = [str(number) for number in runs] if runs else None
    document = written(opened, numbers, name=name, variables=settings_of(variables or []), as_is=as_is).as_json()
    if output is None:
        emit(document, as_json=as_json, text=json.dumps(document, indent=1, ensure_ascii=False))
        return
    check_targets([output], inputs=files_read_by(opened), overwrite=overwrite)
    replace_json(output, document)
    emit({"workflow": output, "runs": len(document["runs"])}, as_json=as_json, text=f"Wrote {output}")
