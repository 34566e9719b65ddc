"""Tell how the resolution of a map depends on the direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import DirectionalResolution, Mask, Volume
from cryoloom.protocols.resolutions import distrust
from cryoloom.protocols.volumes import map_resources
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.protocol import FileRole, Input, MapProtocol, Output, Stage, input_set, output_set
from cryoloom.workflow.workspace import Workspace

if TYPE_CHECKING:
    from cryoloom.data import Snapshot


class EstimateDirectionalResolution(MapProtocol):
    """Tell how the resolution of a map depends on the direction, which views that are missing make worse.

    The halves are correlated in cones of 20° about some 650 axes; the resolution of each is where its curve falls below
    0.143.
    """

    id = "directional-resolution"
    stage = Stage.VALIDATE
    citations = (
        "Tan et al. (2017), Nat. Methods 14:793-796, doi:10.1038/nmeth.4347",
        "Diebolder, Faas, Koster & Koning (2015), J. Struct. Biol. 190:215-223",
    )
    file_categories: ClassVar[Mapping[str, FileRole]] = {"pictures": FileRole.RESULT}

    class Inputs:
        """Maps with their halves, and masks."""

        volumes: Input[Volume] = input_set("maps with half maps")
        masks: Input[Mask] = input_set(
            "their masks; without, those of the maps, else the particle is found", optional=True, shared=True
        )

    class Outputs:
        """Resolutions by direction."""

        directions: Output[DirectionalResolution] = output_set("one for each map, with a picture of all directions")

    def resources(self, volume: Volume, parameters: Any) -> Resources:
        """Memory follows from the box."""
        return map_resources(volume.box_size, arrays=14)

    def process(
        self, volume: Volume, /, parameters: Any, workspace: Workspace, masks: Sequence[Mask] | None = None
    ) -> DirectionalResolution:
        """Look at one map."""
        import numpy as np

        from cryoloom.engine.validation import directional_correlation
        from cryoloom.protocols.imposed_symmetry import imposed_copies
        from cryoloom.protocols.map_files import doubt_of_halves, mask_among, read_halves
        from cryoloom.protocols.pictures import directions_picture, write_png

        maps = read_halves(volume, masks, workspace)
        mask = mask_among(maps, threads=workspace.threads)
        found = directional_correlation(
            maps[0].volume,
            maps[1].volume,
            pixel_size=volume.pixel_size,
            copies=imposed_copies(volume, workspace.warn),
            mask=mask,
            threads=workspace.threads,
        )
        resolutions = found.resolutions()
        known = resolutions[np.isfinite(resolutions)]
        if not known.size:
            workspace.warn("There is no evidence of signal, so no direction has a resolution.")
        finest, median, coarsest = np.percentile(known, (0, 50, 100)).tolist() if known.size else (None, None, None)
        for doubt in filter(None, (doubt_of_halves(maps, mask), distrust(volume))):
            workspace.warn(doubt)
        stored = workspace.file("pictures", "_directions.png")
        write_png(stored.path, directions_picture(found.mollweide()))
        return DirectionalResolution(
            id=volume.id,
            parent_id=volume.id,
            picture=stored.name,
            finest=finest,
            median=median,
            coarsest=coarsest,
            area_ratio=found.area_ratio,
            frequency=tuple(found.frequency.tolist()),
            mean=tuple(found.correlation.mean(axis=1).tolist()),
            deviation=tuple(found.correlation.std(axis=1).tolist()),
        )

    def summary(self, outputs: Mapping[str, Snapshot[Any]], parameters: Any) -> str:
        """The range of resolutions."""
        return "; ".join(
            "no evidence of signal"
            if one.median is None
            else f"from {one.finest:.1f} to {one.coarsest:.1f} Å, median {one.median:.1f} Å"
            for one in outputs["directions"].items()
        )

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        return "The dependence of the resolution on the direction was told by correlating half maps in cones of 20°."
