"""A project of a folder of numbers that fills between drives."""

from __future__ import annotations

import os
import time
from pathlib import Path

from cryoloom.testing.workflow import SmallProject

NUMBERS = "runs/000001-test-numbers/outputs/numbers"


class GrowingNumbers:
    """The project, its folder of numbers, and the run that brings them in."""

    def __init__(self, folder: Path) -> None:
        self.raw = folder / "raw"
        self.raw.mkdir()
        self.project = SmallProject.create(folder / "project")
        self.source = self.project.add("test-numbers", folder=str(self.raw), expected=1)

    def grow(self, *values: int) -> int:
        """Add numbers, and let the source bring them in; returns the generation it then has."""
        for value in values:
            (self.raw / f"number_{value}.txt").write_text(str(value), encoding="utf-8")
        self.project.drive(self.source)
        return self.source.outputs["numbers"].latest().generation

    def age(self) -> None:
        """Make everything in the project two hours older, so that what nobody needs is swept."""
        then = time.time() - 7200
        for path in self.project.path.rglob("*"):
            os.utime(path, (then, then))
