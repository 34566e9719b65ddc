"""Make a mask for a map."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from cryoloom.data import Mask, Volume
from cryoloom.errors import ParameterError
from cryoloom.protocols.maps._masks import MaskSettings, MaskShape
from cryoloom.protocols.volumes import map_resources
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.parameters import Angstrom, Level, PixelDistance, ProtocolParameters, parameter
from cryoloom.workflow.protocol import FileRole, Input, MapProtocol, Output, Stage, input_set, output_set
from cryoloom.workflow.workspace import Workspace


class CreateMask(MapProtocol):
    """Make a soft mask for a map: around the particle as it is found, or around what you say."""

    id = "create-mask"
    stage = Stage.VALIDATE
    citations = ("Otsu (1979), IEEE Trans. Syst. Man Cybern. 9:62-66, doi:10.1109/TSMC.1979.4310076",)
    file_categories: ClassVar[Mapping[str, FileRole]] = {"masks": FileRole.RESULT}

    class Inputs:
        """Maps."""

        volumes: Input[Volume] = input_set("maps, neither masked nor sharpened")

    class Outputs:
        """Masks."""

        masks: Output[Mask] = output_set("one for each map, with its id")

    class Parameters(ProtocolParameters):
        """What is inside."""

        shape: MaskShape = parameter(
            "auto",
            label="What is inside",
            help="The particle as it is found; density above a threshold; a sphere or cylinder about the centre; an "
            "atomic model that lies in the map.",
        )
        threshold: float | None = parameter(
            None, label="Threshold", help="Density of the filtered map.", condition="shape=threshold"
        )
        low_pass: Angstrom | None = parameter(
            15.0, label="Filter to", help="Before the threshold is applied.", condition="shape=threshold", gt=0
        )
        diameter: Angstrom | None = parameter(
            None, label="Diameter", help="Of the sphere or cylinder.", condition="shape=sphere", gt=0
        )
        length: Angstrom | None = parameter(
            None, label="Length", help="Of the cylinder; none: the whole box.", condition="shape=cylinder", gt=0
        )
        inner_diameter: Angstrom = parameter(
            0.0, label="Inner diameter", help="Of a tube.", condition="shape=cylinder", ge=0
        )
        model: Path | None = parameter(None, label="Model", help="PDB or mmCIF file.", condition="shape=model")
        extension: PixelDistance | None = parameter(
            None,
            label="Extend by",
            help="What is inside grows by so much; none: 6 Å, at least 2 pixels.",
            section="Edge",
            level=Level.ADVANCED,
            ge=0,
        )
        edge: PixelDistance | None = parameter(
            None,
            label="Soft edge",
            help="Width of the fall from 1 to 0; none: 12 Å, at least 6 pixels.",
            section="Edge",
            level=Level.ADVANCED,
            ge=0,
        )

    def check(self, parameters: Any) -> None:
        """Refuse shapes that are not fully described."""
        _settings(parameters)
        if parameters.shape == "model" and not parameters.model.is_file():
            raise ParameterError(f"There is no file {parameters.model}.", path=parameters.model)

    def resources(self, volume: Volume, parameters: Any) -> Resources:
        """Memory follows from the box."""
        return map_resources(volume.box_size, arrays=8)

    def process(self, volume: Volume, /, parameters: Any, workspace: Workspace) -> Mask:
        """Make one mask."""
        from cryoloom.protocols.map_files import read_map, write_map
        from cryoloom.protocols.maps._masks import make_mask

        given = read_map(workspace.resolve(volume.file), pixel_size=volume.pixel_size)
        made = make_mask(given, _settings(parameters), threads=workspace.threads)
        for warning in made.warnings:
            workspace.warn(warning)
        stored = workspace.file("masks", "_mask.mrc")
        write_map(stored.path, made.mask, like=given)
        return Mask(
            id=volume.id, parent_id=volume.id, file=stored.name, pixel_size=volume.pixel_size, box_size=volume.box_size
        )

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        how = {
            "auto": "around the density found by Otsu's method",
            "threshold": f"around density above {parameters.threshold}",
            "model": "around the atomic model",
        }.get(parameters.shape, f"as a {parameters.shape} of {parameters.diameter} Å")
        return f"A soft mask was drawn with cryoloom {how}."


def _settings(parameters: Any) -> MaskSettings:
    return MaskSettings(
        shape=parameters.shape,
        threshold=parameters.threshold,
        resolution=parameters.low_pass,
        diameter=parameters.diameter,
        length=parameters.length,
        inner_diameter=parameters.inner_diameter,
        model=parameters.model,
        extension=parameters.extension,
        edge=parameters.edge,
    )
