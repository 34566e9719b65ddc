"""Tell from where particles are seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import Item, Particle, Snapshot, ViewDistribution, digest
from cryoloom.workflow.parameters import ProtocolParameters, parameter
from cryoloom.workflow.protocol import FileRole, Input, Output, Stage, WholeProtocol, input_set, output_set
from cryoloom.workflow.workspace import RoundWorkspace

if TYPE_CHECKING:
    from cryoloom.data import Table

_POOR = 0.1  # share of poorly sampled directions from which it is warned


class ShowViews(WholeProtocol):
    """Show from where particles are seen, and tell how evenly their views sample the map.

    Views of symmetric particles are counted on all sides that look alike.
    """

    id = "views"
    stage = Stage.VALIDATE
    citations = (
        "Baldwin & Lyumkis (2020), Prog. Biophys. Mol. Biol. 150:160-183, doi:10.1016/j.pbiomolbio.2019.09.002",
    )
    file_categories: ClassVar[Mapping[str, FileRole]] = {"pictures": FileRole.RESULT}

    class Inputs:
        """Particles."""

        particles: Input[Particle] = input_set("particles with poses")

    class Outputs:
        """The views."""

        views: Output[ViewDistribution] = output_set("how they are spread, with a picture of all directions")

    class Parameters(ProtocolParameters):
        """How they look alike."""

        symmetry: str = parameter("C1", label="Symmetry", help="Point group of the map: C1, C3, D7, T or O.")

    def check(self, parameters: Any) -> None:
        """Refuse what is no point group."""
        from cryoloom.engine.symmetry import point_group

        point_group(parameters.symmetry)

    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        """Count views."""
        from cryoloom.engine.symmetry import point_group
        from cryoloom.protocols.pictures import views_picture, write_png
        from cryoloom.protocols.views import posed_angles, spread_of

        group = point_group(parameters.symmetry)
        angles = posed_angles(inputs["particles"].table())
        found = spread_of(angles, group)
        if found.poorly_sampled > _POOR:
            workspace.warn(
                f"{found.poorly_sampled:.0%} of the directions of the map are sampled by less than a fifth of the "
                "mean: views are missing, and the map is smeared along them."
            )
        stored = workspace.file("pictures", "_views.png")
        write_png(stored.path, views_picture(found.mollweide))
        return {
            "views": [
                ViewDistribution(
                    id=digest("views", workspace.run.encode()),
                    picture=stored.name,
                    particle_count=len(angles),
                    symmetry=group.name,
                    sampling_compensation=found.sampling_compensation,
                    poorly_sampled=found.poorly_sampled,
                )
            ]
        }

    def summary(self, outputs: Mapping[str, Snapshot[Any]], parameters: Any) -> str:
        """How evenly they are spread."""
        (views,) = outputs["views"].items()
        return f"sampling compensation factor {views.sampling_compensation:.2f}, {views.poorly_sampled:.0%} poorly seen"

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        return "How evenly the views of the particles sample the map is told by the sampling compensation factor."
