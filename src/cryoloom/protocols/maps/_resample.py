"""Another box or pixel size for a map with its halves and mask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from cryoloom.data import Volume
from cryoloom.errors import ParameterError
from cryoloom.protocols.volumes import map_resources
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.parameters import AngstromPerPixel, Pixel, ProtocolParameters, parameter
from cryoloom.workflow.protocol import FileRole, Input, MapProtocol, Output, Stage, input_set, output_set
from cryoloom.workflow.workspace import Workspace


class ResampleMap(MapProtocol):
    """Give a map, its halves and its mask another pixel size or another box; centre and grey values stay.

    The resolution stays, too, where the new pixels hold it.
    """

    id = "resample-map"
    stage = Stage.VALIDATE
    file_categories: ClassVar[Mapping[str, FileRole]] = {"maps": FileRole.REBUILDABLE}

    class Inputs:
        """Maps."""

        volumes: Input[Volume] = input_set("maps; their halves and masks come along")

    class Outputs:
        """Maps."""

        volumes: Output[Volume] = output_set("the same maps, sampled otherwise")

    class Parameters(ProtocolParameters):
        """What changes."""

        pixel_size: AngstromPerPixel | None = parameter(
            None, label="New pixel size", help="None: it stays, and the box is cropped or padded.", gt=0.01, le=100
        )
        box_size: Pixel | None = parameter(
            None, label="New box", help="None: the even number nearest to the same extent.", ge=8, le=4096
        )

    def check(self, parameters: Any) -> None:
        """Refuse to change nothing."""
        if parameters.pixel_size is None and parameters.box_size is None:
            raise ParameterError("Nothing is changed; give a new pixel size, a new box, or both.")

    def resources(self, volume: Volume, parameters: Any) -> Resources:
        """Memory follows from the larger box."""
        return map_resources(max(volume.box_size, parameters.box_size or 0), arrays=5)

    def process(self, volume: Volume, /, parameters: Any, workspace: Workspace) -> Volume:
        """Resample one map and what belongs to it."""
        from cryoloom.protocols.resampled_maps import MapSampling, resampled_volume

        return resampled_volume(volume, MapSampling(parameters.box_size, parameters.pixel_size), workspace)

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        size = "" if parameters.pixel_size is None else f" to {parameters.pixel_size:g} Å/px"
        box = "" if parameters.box_size is None else f" in a box of {parameters.box_size} px"
        return f"The map was resampled{size}{box}."
