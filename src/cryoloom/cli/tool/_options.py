"""Options that every tool takes, declared once, so that a script can give them to whichever it calls."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated

import typer

_FOR_SCRIPTS = "taken so that scripts can give it to every tool."

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
SeedOption = Annotated[
    int, typer.Option("--seed", min=0, help="Of all that is drawn at random; the same seed gives the same result.")
]
ThreadsOption = Annotated[
    int, typer.Option("--threads", min=1, help="Threads to use; the result does not depend on it.")
]
RoundingThreadsOption = Annotated[
    int, typer.Option("--threads", min=1, help="Threads to use; the same number gives the same result to the bit.")
]
ProteinDarkOption = Annotated[
    bool,
    typer.Option(
        "--protein-dark",
        help="Protein is dark in the images; without it as the file says, or white if it says nothing.",
    ),
]
DuplicatesWithinOption = Annotated[
    float,
    typer.Option("--duplicates-within", min=0.0, help="Of particles nearer in a micrograph, one is taken; in Å."),
]
MicrographPixelSizeOption = Annotated[
    float | None,
    typer.Option(
        "--micrograph-pixel-size", min=0.05, help="Of the micrographs, in Å, if neither they nor the STAR file tell."
    ),
]
HalvesSymmetryOption = Annotated[
    str, typer.Option("--symmetry", help="Point group that was imposed on both halves: C1, C3, D7, T, O or I.")
]
_IdleSeedOption = Annotated[
    int, typer.Option("--seed", min=0, help=f"The result does not depend on it; {_FOR_SCRIPTS}")
]
_IdleThreadsOption = Annotated[int, typer.Option("--threads", min=1, help=f"One thread is enough here; {_FOR_SCRIPTS}")]

_IDLE = {"seed": (_IdleSeedOption, 0), "threads": (_IdleThreadsOption, 1)}


def with_common_options(tool: Callable[..., None]) -> Callable[..., None]:
    """A tool that also takes those of ``--seed`` and ``--threads`` that it does nothing with."""
    own = list(inspect.signature(tool, eval_str=True).parameters.values())
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=option, default=default)
        for name, (option, default) in _IDLE.items()
        if name not in {parameter.name for parameter in own}
    ]
    idle = {parameter.name for parameter in added}

    @functools.wraps(tool)
    def command(**values: object) -> None:
        tool(**{name: value for name, value in values.items() if name not in idle})

    taken = [*own, *added]
    command.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in taken}
    return command
