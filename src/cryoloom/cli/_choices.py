"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cryoloom.runtime import Project
    from cryoloom.workflow.project import Run

ProjectArgument = Annotated[Path, typer.Argument(help="Folder of the project.")]
RunArgument = Annotated[int, typer.Argument(help="Number of the run.")]
RunsArgument = Annotated[list[int] | None, typer.Argument(help="Numbers of the runs; all that can, if none is given.")]
ItemsOption = Annotated[
    list[str], typer.Option("--item", help="Id of an item, as `show` and `status --failed` list it; may be repeated.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")]


def open_project(path: Path) -> Project:
    """Open the project that a command was given."""
    from cryoloom.runtime import Project

    return Project.open(path)


def chosen_runs(project: Project, numbers: list[int] | None) -> list[Run]:
    """The runs that a command was given, or all."""
    return [project.run(number) for number in numbers] if numbers else project.runs()


def item_ids(texts: list[str]) -> list[int]:
    """Identities, given as 16 hexadecimal digits or as decimal numbers.

    Raises
    ------
    typer.BadParameter
        If one is neither.
    """
    ids = []
    for text in texts:
        try:
            ids.append(int(text, 16) if len(text) == 16 else int(text))
        except ValueError:
            raise typer.BadParameter(f"{text!r} is no id of an item") from None
    return ids


def settings_of(texts: list[str]) -> dict[str, str]:
    """Split ``key=value`` texts.

    Raises
    ------
    typer.BadParameter
        If one has no ``=``.
    """
    settings = {}
    for text in texts:
        name, found, value = text.partition("=")
        if not found or not name:
            raise typer.BadParameter(f"{text!r} is not of the form key=value")
        settings[name.strip().replace("-", "_")] = value
    return settings
