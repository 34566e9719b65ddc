"""What a refinement is told."""

from __future__ import annotations

from dataclasses import dataclass

from cryoloom.engine.symmetry import point_group
from cryoloom.errors import ParameterError

FINE_START = 20.0  # Å; what halves share of a start finer than this can pass for agreement


@dataclass(frozen=True)
class RefinementSettings:
    """How poses and maps are refined.

    Parameters
    ----------
    symmetry : point group that is imposed, such as C1, C3, D7 or O; the reference lies in its frame
    initial_resolution : finer details of the reference are left out, in Å; all that the half sets ever share
    shift_radius : how far from the centre of its image a particle is looked for, in Å
    iterations : at most; it ends by itself when nothing improves any more
    seed : of the turns of the grids; the same seed gives the same maps
    """

    symmetry: str = "C1"
    initial_resolution: float = 40.0
    shift_radius: float = 20.0
    iterations: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        point_group(self.symmetry)
        if not self.initial_resolution > 0:
            raise ParameterError(f"The initial resolution is {self.initial_resolution:g} Å; it must be positive.")
        if not self.shift_radius >= 0:
            raise ParameterError(f"The shift radius is {self.shift_radius:g} Å; it must not be negative.")
        if self.iterations < 2:
            raise ParameterError(f"{self.iterations} iterations cannot refine anything; at least 2 are needed.")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What should be known before it starts."""
        if self.initial_resolution < FINE_START:
            shown = f"The reference is shown to both half sets up to {self.initial_resolution:g} Å"
            doubt = "where it may decide the result: there the halves can agree about noise"
            return (f"{shown}, {doubt}. Start at {FINE_START:g} Å or coarser.",)
        return ()
