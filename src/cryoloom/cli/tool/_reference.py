"""What tools that compare particles with a map ask of it alike."""

from __future__ import annotations

from typing import Annotated

import typer

ReferencePixelSizeOption = Annotated[
    float | None,
    typer.Option("--reference-pixel-size", min=0.01, help="Of the reference, in Å; goes before what its file says."),
]
