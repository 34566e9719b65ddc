"""Commands that start, watch and stop runs."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from cryoloom.cli._choices import JsonOption, ProjectArgument, RunsArgument, chosen_runs, item_ids, open_project
from cryoloom.cli.output import emit

if TYPE_CHECKING:
    from cryoloom.runtime import Project
    from cryoloom.workflow.project import Run

STARTED_AT_ONCE = 8  # drivers; each loads for a third of a second
WaitOption = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Show the progress until the runs end; Ctrl-C leaves them running.")
]


def run(
    project: ProjectArgument, runs: RunsArgument = None, wait: WaitOption = True, as_json: JsonOption = False
) -> None:
    """Start drafts, each with a driver of its own that survives this terminal.

    Without numbers, every draft is started and every run that was interrupted goes on. While their progress is shown,
    runs whose drivers are killed go on by themselves, up to three times in a row with nothing done.

    Example: cryoloom run apoferritin 1 2 3
    """
    from cryoloom.workflow.run import RunState

    opened = open_project(project)
    wanted = {RunState.DRAFT, RunState.INTERRUPTED}
    chosen = (
        chosen_runs(opened, runs)
        if runs
        else _changeable(opened, [each for each in opened.runs() if each.state in wanted])
    )
    _start(opened, chosen, wait=wait, as_json=as_json)


def resume(
    project: ProjectArgument, runs: RunsArgument = None, wait: WaitOption = True, as_json: JsonOption = False
) -> None:
    """Go on with runs that were stopped or interrupted, or whose inputs have grown since they ended.

    Without numbers, all that were interrupted go on: by a crash, a reboot, a kill. What a person stopped stays stopped
    until its number is given.

    Example: cryoloom resume apoferritin 2
    """
    opened = open_project(project)
    chosen = chosen_runs(opened, runs) if runs else _changeable(opened, opened.interrupted_runs())
    _start(opened, chosen, wait=wait, as_json=as_json)


def stop(project: ProjectArgument, runs: RunsArgument = None, as_json: JsonOption = False) -> None:
    """Stop runs; what is in flight is done again when they resume.

    Example: cryoloom stop apoferritin 2
    """
    opened = open_project(project)
    active = [each for each in chosen_runs(opened, runs) if each.state.active]
    for each in active:
        each.stop()
    emit(
        {"asked_to_stop": [each.number for each in active]},
        as_json=as_json,
        text=f"Asked {_numbers(active)} to stop." if active else "Nothing is running.",
    )


def close(project: ProjectArgument, runs: RunsArgument = None, as_json: JsonOption = False) -> None:
    """Tell sources that nothing more will come; what follows them finishes in turn.

    Example: cryoloom close apoferritin 1
    """
    from cryoloom.workflow.protocol import SourceProtocol

    opened = open_project(project)
    chosen = [each for each in chosen_runs(opened, runs) if runs or each.state.active]
    sources = [each for each in chosen if issubclass(each.protocol, SourceProtocol)]
    for each in sources:
        each.close()
    emit(
        {"closed": [each.number for each in sources]},
        as_json=as_json,
        text=f"Closed {_numbers(sources)}." if sources else "No source is open.",
    )


def retry(
    project: ProjectArgument,
    runs: RunsArgument = None,
    items: Annotated[
        list[str] | None, typer.Option("--item", help="Id of a failed item, as `status` lists it.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Try failed items again, those given or all, and runs that failed as a whole.

    Example: cryoloom retry apoferritin 2
    """
    from cryoloom.workflow.run import RunState

    opened = open_project(project)
    chosen = [
        each
        for each in chosen_runs(opened, runs)
        if each.failed_items() or each.state in {RunState.FAILED, RunState.ATTENTION}
    ]
    ids = item_ids(items) if items else None
    for each in chosen:
        each.retry(ids)
    emit(
        {"retried": [each.number for each in chosen]},
        as_json=as_json,
        text=f"Trying again in {_numbers(chosen)}." if chosen else "Nothing has failed.",
    )


def status(
    project: ProjectArgument,
    runs: RunsArgument = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Keep showing it until every run has ended; with --json, answer then.")
    ] = False,
    failed: Annotated[bool, typer.Option("--failed", help="List the failed items with their reasons.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show where every run stands: counts, rate, time left, failed items, and whether it is stale or behind its inputs.

    With --watch, runs that are or come to be interrupted go on by themselves.

    Example: cryoloom status apoferritin --watch
    """
    from cryoloom.cli._progress import (
        as_document,
        entries_of,
        failed_item_documents,
        shown,
        standing_of,
        wait_quietly,
        watch_runs,
    )

    opened = open_project(project)
    if runs:
        chosen_runs(opened, runs)  # says which of them is not there
    entries = entries_of(opened, runs or None)
    if watch:
        follow = wait_quietly if as_json else watch_runs
        follow(opened, [entry.number for entry in entries])
        if not (as_json or failed):
            return
        entries = entries_of(opened, [entry.number for entry in entries])
    failures = {entry.number: failed_item_documents(opened.run(entry.number)) for entry in entries if failed}
    compared = standing_of(opened, entries)
    if as_json:
        documents = [
            as_document(opened, entry, compared.get(entry.ulid)) | _listed_failures(failures.get(entry.number))
            for entry in entries
        ]
        emit({"project": opened.path, "runs": documents}, as_json=True, text="")
        return
    from rich.console import Console

    console = Console()
    console.print(shown(opened, entries, compared))
    for number, items in failures.items():
        for item in items:
            text = f"run {number}: {item['label']} (id {item['id']}): {item['reason']}"
            console.print(text, highlight=False, markup=False)


def _changeable(project: Project, runs: list[Run]) -> list[Run]:
    """Runs without those that can only be read, which are told of."""
    from cryoloom.workflow.read_only import why_read_only

    found = []
    for run in runs:
        why = why_read_only(run.folder, project.environment)
        if why:
            sys.stderr.write(f"{why}\n")
        else:
            found.append(run)
    return found


def _listed_failures(items: list[dict[str, Any]] | None) -> dict[str, Any]:
    return {} if items is None else {"failed_items": items}


def _start(project: Project, runs: list[Run], *, wait: bool, as_json: bool) -> None:
    from cryoloom.cli._prediction import prediction_of

    if not runs:
        emit({"runs": []}, as_json=as_json, text=_nothing_to_start(project))
        return
    for each in runs:
        each.check_writable()
        _, sentence = prediction_of(each)
        if sentence:
            sys.stderr.write(f"Run {each.number} ({each.record.protocol}): {sentence}\n")
    _launch(runs, wait=wait)
    if wait:
        from cryoloom.cli._progress import wait_quietly, watch_runs

        follow = wait_quietly if as_json else watch_runs
        finished = follow(project, [each.number for each in runs])
        _answer(runs, as_json=as_json, text="")
        if not finished:
            raise typer.Exit(1)
        return
    _answer(runs, as_json=as_json, text=f"Started {_numbers(runs)}.")


def _nothing_to_start(project: Project) -> str:
    """That there is nothing that starts without its number, and what does with it."""
    from cryoloom.workflow.run import RunState

    stopped = [each for each in project.runs() if each.state is RunState.STOPPED]
    if not stopped:
        return "There is nothing to start."
    them, were = ("it", "was") if len(stopped) == 1 else ("them", "were")
    command = " ".join(["cryoloom resume", shlex.quote(str(project.path)), *(str(each.number) for each in stopped)])
    return (
        f"There is nothing to start but what a person stopped: {_numbers(stopped)} {were} stopped, and `{command}` "
        f"goes on with {them}."
    )


def _launch(runs: list[Run], *, wait: bool) -> None:
    """Start drivers, several at once, and wait until all have begun."""
    for first in range(0, len(runs), STARTED_AT_ONCE):
        begun = [each.launch() for each in runs[first : first + STARTED_AT_ONCE]]
        if wait:  # what shows the progress loads while the drivers do
            import cryoloom.cli._progress  # noqa: F401
        for has_begun in begun:
            has_begun()


def _answer(runs: list[Run], *, as_json: bool, text: str) -> None:
    from cryoloom.cli._progress import as_document, entries_of

    document: dict[str, Any] = {"runs": []}
    if as_json and runs:
        project = cast("Project", runs[0].project)
        document["runs"] = [as_document(project, entry) for entry in entries_of(project, [run.number for run in runs])]
    emit(document, as_json=as_json, text=text)


def _numbers(runs: list[Run]) -> str:
    return ("run " if len(runs) == 1 else "runs ") + ", ".join(str(each.number) for each in runs)
