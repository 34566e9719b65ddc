"""Commands that free space; each previews what it would do, and does it with ``--yes``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cryoloom.cli._choices import JsonOption, ProjectArgument, open_project
from cryoloom.cli.output import emit

if TYPE_CHECKING:
    from cryoloom.workflow.cleaning import Share

YesOption = Annotated[bool, typer.Option("--yes", help="Do it; without this only a preview is shown.")]


def rm(
    project: ProjectArgument,
    runs: Annotated[list[int], typer.Argument(help="Numbers of the runs.")],
    with_readers: Annotated[bool, typer.Option("--with-readers", help="Take along the runs that need them.")] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Move runs to the project's trash, from which `restore` brings them back; those that others need are refused.

    Example: cryoloom rm apoferritin 4 --with-readers
    """
    from cryoloom.errors import ProjectError

    opened = open_project(project)
    plan = opened.plan_removal([opened.run(number).ulid for number in runs], with_readers=with_readers)
    lines = [f"run {run.number} ({run.protocol}), {_size(run.bytes)}" for run in plan.runs]
    if plan.refusals:
        if as_json:
            emit(plan.as_json(), as_json=True, text="")
        raise ProjectError(" ".join(plan.refusals), path=project)
    if yes:
        opened.remove(plan)
    head = "Moved to the trash:" if yes else "This would be moved to the trash (--yes does it):"
    emit(plan.as_json() | {"done": yes}, as_json=as_json, text="\n".join([head, *(f"  {line}" for line in lines)]))


def restore(
    project: ProjectArgument,
    runs: Annotated[
        list[int] | None, typer.Argument(help="Numbers of the runs; without any, the trash is listed.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Bring runs back from the trash, or list it.

    Example: cryoloom restore apoferritin 4
    """
    from cryoloom.errors import NotFoundError

    opened = open_project(project)
    trashed = opened.trash()
    if not runs:
        document = [{"number": run.number, "protocol": run.protocol, "removed": run.removed} for run in trashed]
        lines = [f"run {run.number} ({run.protocol}), removed {run.removed}" for run in trashed]
        emit(document, as_json=as_json, text="\n".join(lines) or "The trash is empty.")
        return
    by_number = {run.number: run.ulid for run in trashed}
    missing = [number for number in runs if number not in by_number]
    if missing:
        raise NotFoundError(
            f"Run {missing[0]} is not in the trash; there are {', '.join(map(str, by_number)) or 'none'}."
        )
    restored = opened.restore([by_number[number] for number in runs])
    emit(
        {"restored": [run.number for run in restored]},
        as_json=as_json,
        text="Restored run " + ", ".join(str(run.number) for run in restored),
    )


def clean(
    project: ProjectArgument,
    runs: Annotated[list[int] | None, typer.Argument(help="Numbers of the runs; all if none is given.")] = None,
    category: Annotated[
        list[str] | None,
        typer.Option(help="What goes: micrographs, particles, scratch, failed, superseded, iterations, trash …"),
    ] = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Free space by category: says what goes, what stays and why, and how many bytes are truly freed.

    Example: cryoloom clean apoferritin --category micrographs --category trash
    """
    opened = open_project(project)
    asked: dict[str, object] = {}
    if runs:
        asked["runs"] = [opened.run(number).ulid for number in runs]
    if category:
        asked["categories"] = category
    plan = opened.plan_cleaning(**asked)
    if not yes:
        head = f"{plan.files} files would go, {_size(plan.bytes)} would be freed (--yes does it):"
        emit(plan.as_json() | {"done": False}, as_json=as_json, text=_listed(head, plan.goes, plan.stays))
        return
    result = opened.clean(plan)
    head = f"{result.files} files went, {_size(result.bytes)} were freed:"
    emit(
        plan.as_json() | {"done": True, "freed_bytes": result.bytes},
        as_json=as_json,
        text=_listed(head, plan.goes, plan.stays),
    )


def _listed(head: str, goes: tuple[Share, ...], stays: tuple[Share, ...]) -> str:
    lines = [head]
    for share in goes:
        lines.append(f"  {share.path}: {share.files} files, {_size(share.bytes)} ({share.role})")
        if share.exported_in:
            lines.append(f"  ! exported: {', '.join(share.exported_in)} would name files that are gone")
    if stays:
        lines += ["These stay:", *(f"  {share.path}, {_size(share.bytes)}: {share.why}" for share in stays)]
    return "\n".join(lines)


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
