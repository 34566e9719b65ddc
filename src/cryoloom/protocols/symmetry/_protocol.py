"""Expand particles by symmetry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoloom.data import Particle
from cryoloom.workflow.parameters import ProtocolParameters, parameter
from cryoloom.workflow.protocol import Input, Output, Stage, TableProtocol, input_set, output_set

if TYPE_CHECKING:
    from cryoloom.data import Table


class ExpandSymmetry(TableProtocol):
    """Copy every particle into all poses that the symmetry of its map makes equal, so that its parts can be told apart.

    What follows is done without symmetry and leaves poses as they are: 3D classes about one part, subtraction of the
    others. A copy stays in the half set of its particle and says whose copy it is. `refine`, which looks for poses
    everywhere, leaves all but the first copy out.
    """

    id = "expand-symmetry"
    stage = Stage.SETS
    citations = ("Scheres (2016), Methods Enzymol. 579:125-157, doi:10.1016/bs.mie.2016.04.012",)

    class Inputs:
        """Particles."""

        particles: Input[Particle] = input_set("particles with poses in a symmetric map")

    class Outputs:
        """Their copies."""

        particles: Output[Particle] = output_set("as many copies of each as the symmetry has rotations")

    class Parameters(ProtocolParameters):
        """Which symmetry."""

        symmetry: str = parameter(
            label="Symmetry", help="Point group: C3, D7, T or O, with the axes where those of the map are."
        )

    def check(self, parameters: Any) -> None:
        """Refuse what is no point group."""
        from cryoloom.engine.symmetry import point_group

        point_group(parameters.symmetry)

    def transform(
        self, tables: Mapping[str, Table], parameters: Any, resolve: Callable[[str], Path]
    ) -> Mapping[str, Table]:
        """Copy every particle."""
        from cryoloom.engine.symmetry import point_group
        from cryoloom.protocols.symmetry._expand import expanded

        return {"particles": expanded(tables["particles"], point_group(parameters.symmetry))}

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        return (
            f"Particles were expanded by the symmetry {parameters.symmetry.upper()} to {counts.get('particles', 0)} "
            "copies, which stayed in the half sets of their particles."
        )
