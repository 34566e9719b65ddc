"""Filter a map by spatial frequency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from cryoloom.data import Volume
from cryoloom.errors import ParameterError
from cryoloom.protocols.maps._filters import FilterSettings
from cryoloom.protocols.volumes import map_resources
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.parameters import Angstrom, AngstromPerPixel, Level, ProtocolParameters, parameter
from cryoloom.workflow.protocol import FileRole, Input, MapProtocol, Output, Stage, input_set, output_set
from cryoloom.workflow.workspace import Workspace


class FilterMap(MapProtocol):
    """Filter a map by spatial frequency: low-pass, high-pass, B-factor, and the damping of the detector undone.

    Several filters apply one after the other. Halves and mask stay as they are.
    """

    id = "filter-map"
    stage = Stage.VALIDATE
    file_categories: ClassVar[Mapping[str, FileRole]] = {"maps": FileRole.REBUILDABLE}

    class Inputs:
        """Maps."""

        volumes: Input[Volume] = input_set("maps")

    class Outputs:
        """Maps."""

        volumes: Output[Volume] = output_set("the same maps, filtered")

    class Parameters(ProtocolParameters):
        """Which filters."""

        low_pass: Angstrom | None = parameter(None, label="Low-pass", help="Finer details are left out.", gt=0.1)
        high_pass: Angstrom | None = parameter(None, label="High-pass", help="Coarser details are left out.", gt=0.1)
        b_factor: float | None = parameter(None, label="B-factor", help="To apply, in Å²; negative sharpens.")
        mtf: Path | None = parameter(
            None,
            label="Detector",
            help="STAR file with the modulation transfer function, whose damping is undone.",
            section="Detector",
            level=Level.ADVANCED,
        )
        detector_pixel_size: AngstromPerPixel | None = parameter(
            None,
            label="Pixel size of the movies",
            help="At which the detector recorded.",
            section="Detector",
            condition="mtf",
            level=Level.ADVANCED,
            gt=0.01,
        )

    def check(self, parameters: Any) -> None:
        """Refuse to do nothing, to leave nothing, and a file that is not there."""
        _settings(parameters)
        if parameters.mtf is not None and not parameters.mtf.is_file():
            raise ParameterError(f"There is no file {parameters.mtf}.", path=parameters.mtf)

    def resources(self, volume: Volume, parameters: Any) -> Resources:
        """Memory follows from the box."""
        return map_resources(volume.box_size, arrays=8)

    def process(self, volume: Volume, /, parameters: Any, workspace: Workspace) -> Volume:
        """Filter one map."""
        from cryoloom.protocols.map_files import read_map, write_map
        from cryoloom.protocols.maps._filters import filtered

        given = read_map(workspace.resolve(volume.file), pixel_size=volume.pixel_size)
        stored = workspace.file("maps", "_filtered.mrc")
        write_map(stored.path, filtered(given, _settings(parameters), threads=workspace.threads), like=given)
        b_factor = volume.b_factor
        if parameters.b_factor is not None:
            b_factor = parameters.b_factor + (b_factor or 0.0)
        return replace(volume, file=stored.name, b_factor=b_factor)

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        done = []
        if parameters.mtf is not None:
            done.append("divided by the modulation transfer function of the detector")
        if parameters.b_factor is not None:
            done.append(f"{'sharpened' if parameters.b_factor < 0 else 'damped'} by B = {parameters.b_factor:g} Å²")
        if parameters.high_pass is not None:
            done.append(f"high-pass filtered at {parameters.high_pass:g} Å")
        if parameters.low_pass is not None:
            done.append(f"low-pass filtered at {parameters.low_pass:g} Å")
        return f"The map was {' and '.join(done)}."


def _settings(parameters: Any) -> FilterSettings:
    return FilterSettings(
        low_pass=parameters.low_pass,
        high_pass=parameters.high_pass,
        b_factor=parameters.b_factor,
        mtf=parameters.mtf,
        detector_pixel_size=parameters.detector_pixel_size,
    )
