"""What a command may write: never over an input, and over other files only if cryoloom made them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryoloom.durable import SIGNATURE, refuse_inputs
from cryoloom.errors import InputError, ParameterError

if TYPE_CHECKING:
    from cryoloom.runtime import Project

OverwriteOption = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace files that cryoloom has not made, too; what is read is never replaced."),
]

_SIGNATURES = (SIGNATURE.encode(), b'"format": "cryoloom-workflow"')
_BEGINNING = 4096  # bytes


def check_targets(
    targets: Iterable[Path | None], *, inputs: Iterable[Path | None] = (), overwrite: bool = False
) -> None:
    """Refuse, before any work is done, to write where something would be lost or nothing can be written.

    Parameters
    ----------
    targets : every file that will be written, also those whose names follow from others; None is passed over
    inputs : every file that is read; None is passed over
    overwrite : whether a file may be replaced that cryoloom has not made

    Raises
    ------
    InputError
        With a sentence about the first target that is an input, is meant for two results, lies in no folder, or is
        there already and was not made by cryoloom.
    """
    wanted = [target for target in targets if target is not None]
    refuse_inputs(wanted, [source for source in inputs if source is not None])
    seen: set[Path] = set()
    for target in wanted:
        if target.resolve() in seen:
            raise ParameterError(f"Two results would be written to {target}; give them different names.", path=target)
        seen.add(target.resolve())
        _check_place(target)
        if target.exists() and not overwrite and not _is_ours(target):
            raise InputError(
                f"{target} is there already, and cryoloom has not made it; give another name, or --overwrite.",
                path=target,
            )


def check_suffix(option: str, target: Path | None, suffixes: Sequence[str]) -> None:
    """Refuse a name that says another format than the one that will be written; None is passed over."""
    if target is not None and target.suffix.lower() not in suffixes:
        raise typer.BadParameter(
            f"{target.name}: what is written here is named {' or '.join(f'*{suffix}' for suffix in suffixes)}.",
            param_hint=option,
        )


def files_read_by(project: Project) -> list[Path]:
    """Files outside a project that its runs were told to read."""
    values = [value for run in project.runs() for value in run.record.parameters.values()]
    return [Path(value) for value in values if isinstance(value, str) and Path(value).is_absolute()]


def _check_place(target: Path) -> None:
    folder = target.parent
    if not folder.exists():
        raise InputError(f"There is no folder {folder} to write {target.name} to; make it first.", path=target)
    if not folder.is_dir():
        raise InputError(f"{folder} is a file, not a folder that {target.name} could be written to.", path=target)
    if target.is_dir():
        raise InputError(f"{target} is a folder; give the name of a file.", path=target)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"This user is not allowed to write to {folder}; give a file in another folder.", path=target)


def _is_ours(path: Path) -> bool:
    """Whether cryoloom made a file, or nothing is in it."""
    with path.open("rb") as file:
        beginning = file.read(_BEGINNING)
    return not beginning or any(signature in beginning for signature in _SIGNATURES)
