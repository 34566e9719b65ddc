"""What a 3D classification is told."""

from __future__ import annotations

from dataclasses import dataclass

from cryoloom.engine.symmetry import point_group
from cryoloom.errors import ParameterError


@dataclass(frozen=True)
class Classes3DSettings:
    """How particles of known poses are sorted into classes.

    Parameters
    ----------
    classes : how many
    symmetry : point group that every class has, such as C1, C3, D7 or O; the poses refer to its frame
    resolution : finest detail in which images are compared, in Å
    start_resolution : the same, while it is looked for where particles differ at all
    start_iterations : in which that is looked for
    iterations : at most, in which particles are then sorted; it ends by itself
    seed : of the random starts; the same seed gives the same classes
    """

    classes: int = 2
    symmetry: str = "C1"
    resolution: float = 10.0
    start_resolution: float = 15.0
    start_iterations: int = 20
    iterations: int = 15
    seed: int = 0

    def __post_init__(self) -> None:
        point_group(self.symmetry)
        if self.classes < 2:
            raise ParameterError(f"{self.classes} class sorts nothing; ask for 2 or more.")
        if self.start_iterations < 2 or self.iterations < 1:
            raise ParameterError("At least 2 iterations are needed to find where particles differ, and 1 to sort them.")
        if not 0 < self.resolution <= self.start_resolution:
            raise ParameterError(
                f"A classification cannot go from {self.start_resolution:g} Å to {self.resolution:g} Å; the final "
                "resolution is the smaller number."
            )
