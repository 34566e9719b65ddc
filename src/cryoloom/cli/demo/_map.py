"""From the particles of the session to a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryoloom.cli.demo._session import attend, start

if TYPE_CHECKING:
    from cryoloom.runtime import Project
    from cryoloom.workflow.project import Output, Run

_CLASSES = 12
_ROOM = 1.1  # diameter of what is taken for particle, over that of the particle


@dataclass(frozen=True)
class MapRuns:
    """The runs from particles to a map, in their order."""

    classes: Run
    chosen: Run
    first: Run
    upright: Run
    fine: Run
    sharpened: Run

    @property
    def files(self) -> dict[str, str]:
        """What is in which file, below the project."""
        (volume,) = self.fine.outputs["volumes"].to_polars().rows(named=True)
        (sharp,) = self.sharpened.outputs["volumes"].to_polars().rows(named=True)
        return {
            "map": volume["file"],
            "half_1": volume["half1_file"],
            "half_2": volume["half2_file"],
            "mask": volume["mask_file"],
            "sharpened": sharp["file"],
            "trust_page": volume["trust_file"],
        }


def make_map(project: Project, particles: Output, diameter: float, *, quiet: bool) -> MapRuns:
    """Classify, choose, make a first map without symmetry, and refine it with the one that it turns out to have.

    Nothing is told but the diameter.

    Raises
    ------
    ProjectError
        If a run did not finish.
    """
    wide = round(_ROOM * diameter)
    classes = project.add("class2d", particles=particles, diameter=wide, classes=_CLASSES)
    chosen = project.add("select-classes", classes=classes.outputs["classes"], particles=classes.outputs["particles"])
    kept = chosen.outputs["particles"]
    first = project.add("abinitio", particles=kept, diameter=wide)
    upright = project.add("align-to-symmetry", volumes=first.outputs["volumes"], diameter=wide)
    runs = [classes, chosen, first, upright]
    start(runs)
    attend(project, runs, quiet=quiet)
    (symmetry,) = upright.outputs["volumes"].to_polars()["axes_of"]
    fine = project.add(
        "refine",
        particles=kept,
        reference=upright.outputs["volumes"],
        diameter=wide,
        symmetry=symmetry,
        trust="quick",  # to end within the time that the demonstration promises
    )
    sharpened = project.add("postprocess", volumes=fine.outputs["volumes"])
    start([fine, sharpened])
    attend(project, [fine, sharpened], quiet=quiet)
    return MapRuns(classes, chosen, first, upright, fine, sharpened)
