"""Tell where the halves of a map differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import HalfMapDifference, Mask, Volume
from cryoloom.protocols.resolutions import distrust
from cryoloom.protocols.volumes import map_resources
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.parameters import Angstrom, ProtocolParameters, parameter
from cryoloom.workflow.protocol import FileRole, Input, MapProtocol, Output, Stage, input_set, output_set
from cryoloom.workflow.workspace import Workspace

if TYPE_CHECKING:
    from cryoloom.data import Snapshot


class CompareHalves(MapProtocol):
    """Subtract the halves of a map from each other, and tell where they differ by more than noise does.

    The difference is filtered to what the halves agree on, and told in standard deviations of the solvent. Where it
    stands out within the mask, the halves hold different structures, or the particles are not what they seem.
    """

    id = "half-map-difference"
    stage = Stage.VALIDATE
    file_categories: ClassVar[Mapping[str, FileRole]] = {"maps": FileRole.RESULT}

    class Inputs:
        """Maps with their halves, and masks."""

        volumes: Input[Volume] = input_set("maps with half maps")
        masks: Input[Mask] = input_set(
            "their masks; without, those of the maps, else the particle is found", optional=True, shared=True
        )

    class Outputs:
        """Differences."""

        differences: Output[HalfMapDifference] = output_set("one for each map, in standard deviations of the solvent")

    class Parameters(ProtocolParameters):
        """How fine a difference is looked for."""

        resolution: Angstrom | None = parameter(
            None,
            label="Filter to",
            help="None: up to what the halves agree on, and 20 Å if they do not correlate.",
            gt=1,
            le=200,
        )

    def resources(self, volume: Volume, parameters: Any) -> Resources:
        """Memory follows from the box."""
        return map_resources(volume.box_size, arrays=14)

    def process(
        self, volume: Volume, /, parameters: Any, workspace: Workspace, masks: Sequence[Mask] | None = None
    ) -> HalfMapDifference:
        """Compare the halves of one map."""
        from cryoloom.protocols.imposed_symmetry import imposed_copies
        from cryoloom.protocols.map_files import read_halves, write_map
        from cryoloom.protocols.maps._compare import compare_halves

        maps = read_halves(volume, masks, workspace)
        copies = imposed_copies(volume, workspace.warn)
        found = compare_halves(maps, resolution=parameters.resolution, copies=copies, threads=workspace.threads)
        for doubt in (*found.doubts, distrust(volume)):
            if doubt:
                workspace.warn(doubt)
        stored = workspace.file("maps", "_difference.mrc")
        write_map(stored.path, found.difference.volume, like=maps[0])
        return HalfMapDifference(
            id=volume.id,
            parent_id=volume.id,
            file=stored.name,
            pixel_size=volume.pixel_size,
            box_size=volume.box_size,
            resolution=found.resolution,
            inside=found.difference.inside,
            largest=found.difference.largest,
        )

    def summary(self, outputs: Mapping[str, Snapshot[Any]], parameters: Any) -> str:
        """How much the halves differ."""
        return "; ".join(
            f"halves differ by {one.inside:.2f} standard deviations of the solvent, at most by {one.largest:.1f}"
            for one in outputs["differences"].items()
        )

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        return "The half maps were subtracted from each other and compared with the solvent's difference."
