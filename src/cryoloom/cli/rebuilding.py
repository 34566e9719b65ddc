"""The command that makes files again that were cleaned away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.cli._choices import JsonOption, ProjectArgument, RunsArgument, chosen_runs, open_project
from cryoloom.cli.cleaning import YesOption
from cryoloom.cli.output import emit

if TYPE_CHECKING:
    from cryoloom.runtime import Project
    from cryoloom.workflow.driver import MissingFiles
    from cryoloom.workflow.project import Run


def rebuild(
    project: ProjectArgument, runs: RunsArgument = None, yes: YesOption = False, as_json: JsonOption = False
) -> None:
    """Make files again that were cleaned away: says which, and how long they took to make; with --yes makes them.

    Rows and numbers stay as they are, and each file is compared with what it was by its digest.

    Example: cryoloom rebuild apoferritin 2 5 --yes
    """
    opened = open_project(project)
    gone = [(run, run.missing_files()) for run in chosen_runs(opened, runs)]
    gone = sorted(((run, files) for run, files in gone if files.items), key=lambda found: found[0].number)
    document = {"runs": [_described(run, files) for run, files in gone], "done": yes}
    lines = [
        f"  run {run.number} ({run.record.protocol}): {files.files} files of {len(files.items)} items, which took "
        f"{files.seconds:.0f} s of computing"
        for run, files in gone
    ]
    if not gone:
        emit(document, as_json=as_json, text="No file is missing.")
        return
    if not yes:
        emit(document, as_json=as_json, text="\n".join(["These would be made again (--yes does it):", *lines]))
        return
    for run, _ in gone:  # what a run reads has the lower number, so it is there again
        _make_again(opened, run, quietly=as_json)
    emit(document, as_json=as_json, text="\n".join(["Made again:", *lines]))


def _described(run: Run, files: MissingFiles) -> dict[str, object]:
    return {
        "number": run.number,
        "protocol": run.record.protocol,
        "items": len(files.items),
        "files": files.files,
        "seconds": files.seconds,
    }


def _make_again(project: Project, run: Run, *, quietly: bool) -> None:
    from cryoloom.cli._progress import wait_quietly, watch_runs
    from cryoloom.errors import ProjectError

    if run.state.active:
        raise ProjectError(
            f"Run {run.number} is {run.state.value}; stop it first, or wait until it has ended.", path=run.folder.path
        )
    run.rebuild()
    (wait_quietly if quietly else watch_runs)(project, [run.number])
    left = run.missing_files()
    if left.items:
        raise ProjectError(
            f"Run {run.number}: {left.files} files are still missing. {run.standing.reason}{_hint(project, run)}",
            path=run.folder.path,
        )


def _hint(project: Project, run: Run) -> str:
    """Which runs that it was made from have lost files, too."""
    from cryoloom.workflow.graph import RunGraph

    sources = set(RunGraph.read(project.folder).upstream([run.ulid])) - {run.ulid}
    lost = [each.number for each in project.runs() if each.ulid in sources and each.missing_files().items]
    return f" Rebuild run {' and '.join(map(str, lost))} first, which it was made from." if lost else ""
