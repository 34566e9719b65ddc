"""Commands by which people change runs: drafts, annotations, decisions, and which items count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cryoloom.cli._choices import (
    ItemsOption,
    JsonOption,
    ProjectArgument,
    RunArgument,
    item_ids,
    open_project,
    settings_of,
)
from cryoloom.cli.output import emit

if TYPE_CHECKING:
    from cryoloom.workflow.project import Run


def set_draft(
    project: ProjectArgument,
    run: RunArgument,
    settings: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE", help="parameter=value.")] = None,
    inputs: Annotated[
        list[str] | None, typer.Option("--in", help="input=RUN.output; input=none takes an optional one off.")
    ] = None,
    options: Annotated[list[str] | None, typer.Option("--option", help="How it is run: workers=2 …")] = None,
    as_json: JsonOption = False,
) -> None:
    """Change parameters, inputs or options of a draft; a run that was started stays as it is.

    Example: cryoloom set apoferritin 3 defocus_range=0.4,3 --in micrographs=6.accepted
    """
    from cryoloom.workflow.parameters import parse_settings

    if not (settings or inputs or options):
        raise typer.BadParameter("there is nothing to change; give key=value, --in or --option")
    draft = open_project(project).run(run)
    connections: dict[str, Any] = {
        name: None if source.lower() == "none" else source for name, source in settings_of(inputs or []).items()
    }
    values = parse_settings(draft.protocol.Parameters, settings_of(settings or []))
    draft.edit(options=settings_of(options or []), inputs=connections, **values)
    emit(
        {"number": draft.number, "parameters": draft.record.parameters, "revision": draft.record.revision},
        as_json=as_json,
        text=f"Changed run {draft.number} ({draft.record.protocol}).",
    )


def annotate(
    project: ProjectArgument,
    run: RunArgument,
    label: Annotated[str | None, typer.Option(help="What you call it.")] = None,
    note: Annotated[str | None, typer.Option(help="What is to be remembered.")] = None,
    tags: Annotated[
        list[str] | None, typer.Option("--tag", help="In place of those it has; an empty one takes all off.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a label, a note or tags on a run; without any, show them.

    Example: cryoloom annotate apoferritin 3 --label "CTF, phase plate" --tag good
    """
    annotated = open_project(project).run(run)
    given: dict[str, Any] = {"label": label, "note": note, "tags": None if tags is None else [t for t in tags if t]}
    changes = {name: value for name, value in given.items() if value is not None}
    written = annotated.annotate(**changes) if changes else annotated.annotations
    text = [f"label  {written.label}", f"tags   {', '.join(written.tags)}", f"note   {written.note}"]
    document = {"number": run, "label": written.label, "note": written.note, "tags": written.tags}
    emit(document, as_json=as_json, text="\n".join(text))


def decide(
    project: ProjectArgument,
    run: RunArgument,
    settings: Annotated[list[str] | None, typer.Option("--set", help="name=value, of what is to be decided.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Decide for a run that needs you; it applies to what has come and to what comes later, and can be changed.

    Without --set, what is to be decided and what was decided last are shown.

    Example: cryoloom decide apoferritin 6 --set "condition=fit_resolution < 6 and motion_total < 30"
    """
    from cryoloom.workflow.methods import decision_in_words
    from cryoloom.workflow.parameters import describe_parameters, parse_settings

    decided = open_project(project).run(run)
    kind = decided.decision_kind
    if settings:
        decided.decide(**parse_settings(kind, settings_of(settings)))
    asked = {known.name: f"{known.label}. {known.help}" for known in describe_parameters(kind)}
    last = decided.last_decision()
    lines = [f"{name}  {meaning}" for name, meaning in asked.items()]
    if last is None:
        lines.append("Nobody has decided yet.")
    else:
        lines.append(f"{last.actor or 'Somebody'} decided at {last.at}: {decision_in_words(last.decision or {})}")
    document = {
        "number": run,
        "asked": asked,
        "decision": None if last is None else last.decision,
        "actor": None if last is None else last.actor,
        "at": None if last is None else last.at,
    }
    emit(document, as_json=as_json, text="\n".join(lines))


def exclude(project: ProjectArgument, run: RunArgument, items: ItemsOption, as_json: JsonOption = False) -> None:
    """Leave items out of a run, and withdraw what was made of them, there and in all that follows.

    Example: cryoloom exclude apoferritin 2 --item 0123456789abcdef
    """
    chosen = open_project(project).run(run)
    chosen.exclude(item_ids(items))
    _answer(chosen, "excluded", items, as_json=as_json)


def include(project: ProjectArgument, run: RunArgument, items: ItemsOption, as_json: JsonOption = False) -> None:
    """Take items in again that were excluded.

    Example: cryoloom include apoferritin 2 --item 0123456789abcdef
    """
    chosen = open_project(project).run(run)
    chosen.include(item_ids(items))
    _answer(chosen, "included", items, as_json=as_json)


def _answer(run: Run, done: str, items: list[str], *, as_json: bool) -> None:
    ids = [f"{item:016x}" for item in item_ids(items)]
    text = f"{done.capitalize()} {len(ids)} items of run {run.number} ({run.record.protocol})."
    emit({"number": run.number, done: ids}, as_json=as_json, text=text)
