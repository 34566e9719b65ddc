"""Tell how the resolution of a map varies from place to place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import LocalResolution, Mask, Volume
from cryoloom.protocols.resolutions import distrust
from cryoloom.protocols.volumes import map_resources
from cryoloom.workflow.lane import Capacity, Resources
from cryoloom.workflow.protocol import FileRole, Input, MapProtocol, Output, Prediction, Stage, input_set, output_set
from cryoloom.workflow.workspace import Workspace

if TYPE_CHECKING:
    from cryoloom.data import Snapshot


ARRAYS = 16  # of single precision, of the map's size


class EstimateLocalResolution(MapProtocol):
    """Tell how the resolution of a map varies from place to place.

    Around each place the halves are correlated in narrow bands of frequencies; the resolution is where the correlation
    falls below 0.143.
    """

    id = "local-resolution"
    stage = Stage.VALIDATE
    citations = ("Cardone, Heymann & Steven (2013), J. Struct. Biol. 184:226-236, doi:10.1016/j.jsb.2013.08.002",)
    file_categories: ClassVar[Mapping[str, FileRole]] = {"maps": FileRole.RESULT}

    class Inputs:
        """Maps with their halves, and masks."""

        volumes: Input[Volume] = input_set("maps with half maps")
        masks: Input[Mask] = input_set(
            "their masks; without, those of the maps, else the particle is found", optional=True, shared=True
        )

    class Outputs:
        """Local resolutions."""

        resolutions: Output[LocalResolution] = output_set("one for each map: colour the map's surface by it")

    def resources(self, volume: Volume, parameters: Any) -> Resources:
        """Memory follows from the box."""
        return map_resources(volume.box_size, arrays=ARRAYS)

    def predict(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, capacity: Capacity) -> Prediction | None:
        """As measured, scaled by the speed of this machine; maps one after the other."""
        from cryoloom.engine.validation import local_resolution_seconds
        from cryoloom.protocols.machine_speed import machine_speed

        maps = list(inputs["volumes"].items())
        needed = [self.resources(volume, parameters) for volume in maps]
        seconds = sum(
            local_resolution_seconds(volume.box_size, threads=min(one.cpu, capacity.cpu))
            for volume, one in zip(maps, needed, strict=True)
        )
        return Prediction(seconds / machine_speed(), max(one.memory for one in needed))

    def process(
        self, volume: Volume, /, parameters: Any, workspace: Workspace, masks: Sequence[Mask] | None = None
    ) -> LocalResolution:
        """Look at one map."""
        from cryoloom.protocols.imposed_symmetry import imposed_copies
        from cryoloom.protocols.map_files import read_halves, write_map
        from cryoloom.protocols.maps._local import find_local_resolution

        maps = read_halves(volume, masks, workspace)
        found = find_local_resolution(maps, copies=imposed_copies(volume, workspace.warn), threads=workspace.threads)
        if found.local.overall is None:
            workspace.warn("There is no evidence of signal, so no place has a resolution.")
        for doubt in filter(None, (*found.doubts, distrust(volume))):
            workspace.warn(doubt)
        stored = workspace.file("maps", "_local-resolution.mrc")
        write_map(stored.path, found.stored, like=maps[0])
        finest, median, coarsest = found.local.percentiles(10, 50, 90)
        return LocalResolution(
            id=volume.id,
            parent_id=volume.id,
            file=stored.name,
            pixel_size=volume.pixel_size,
            box_size=volume.box_size,
            median=median,
            finest=finest,
            coarsest=coarsest,
            evaluated=found.local.evaluated,
        )

    def summary(self, outputs: Mapping[str, Snapshot[Any]], parameters: Any) -> str:
        """The range of resolutions."""
        return "; ".join(
            "no evidence of signal"
            if one.median is None
            else f"median {one.median:.1f} Å, from {one.finest:.1f} to {one.coarsest:.1f} Å"
            for one in outputs["resolutions"].items()
        )

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        return (
            "Local resolutions were estimated with cryoloom from the correlation of the half maps in bands of "
            "frequencies within Gaussian windows, at a threshold of 0.143."
        )
