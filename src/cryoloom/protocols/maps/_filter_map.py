"""Filter a map by spatial frequency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import Volume
from cryoloom.errors import InputError, ParameterError
from cryoloom.protocols.maps._filters import FilterSettings
from cryoloom.protocols.volumes import map_resources
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.parameters import Angstrom, AngstromPerPixel, Level, ProtocolParameters, parameter
from cryoloom.workflow.protocol import FileRole, Input, MapProtocol, Output, Stage, input_set, output_set
from cryoloom.workflow.workspace import Workspace

if TYPE_CHECKING:
    from cryoloom.engine.validation import DetectorResponse


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
            help="STAR file with the modulation transfer function, whose damping is undone. A map in which that was "
            "done before is refused; one that was imported does not tell.",
            section="Detector",
            level=Level.ADVANCED,
        )
        detector_pixel_size: AngstromPerPixel | None = parameter(
            None,
            label="Pixel size of the movies",
            help="At which the detector recorded; needed with one that is named, else what the particles say.",
            section="Detector",
            level=Level.ADVANCED,
            gt=0.01,
        )
        undo_detector: bool = parameter(
            False,
            label="Undo the detector",
            help="If no detector is named, its damping is undone by the function that the optics groups of the map's "
            "particles name, unless that was done before.",
            section="Detector",
            level=Level.ADVANCED,
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

        detector, unknown = _detector(volume, parameters, workspace)
        given = read_map(workspace.resolve(volume.file), pixel_size=volume.pixel_size)
        stored = workspace.file("maps", "_filtered.mrc")
        if unknown:
            workspace.warn(unknown)
        write_map(stored.path, filtered(given, _settings(parameters), detector, threads=workspace.threads), like=given)
        b_factor = volume.b_factor
        if parameters.b_factor is not None:
            b_factor = parameters.b_factor + (b_factor or 0.0)
        undone = True if detector is not None else volume.mtf_undone
        return replace(volume, file=stored.name, b_factor=b_factor, mtf_undone=undone)

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        done = []
        if parameters.mtf is not None:
            done.append("divided by the modulation transfer function of the detector")
        elif parameters.undo_detector:
            done.append("divided, where it is known, by the modulation transfer function of the detector")
        if parameters.b_factor is not None:
            done.append(f"{'sharpened' if parameters.b_factor < 0 else 'damped'} by B = {parameters.b_factor:g} Å²")
        if parameters.high_pass is not None:
            done.append(f"high-pass filtered at {parameters.high_pass:g} Å")
        if parameters.low_pass is not None:
            done.append(f"low-pass filtered at {parameters.low_pass:g} Å")
        return f"The map was {' and '.join(done)}."


def _detector(volume: Volume, parameters: Any, workspace: Workspace) -> tuple[DetectorResponse | None, str]:
    """Whose damping is undone, and a sentence if that was asked for and is not to be.

    Raises
    ------
    InputError
        If a detector is named for a map in which one was undone before.
    """
    from cryoloom.protocols.detectors import detector_for

    own = parameters.mtf is None and parameters.undo_detector
    if parameters.mtf is not None and volume.mtf_undone:
        name = Path(volume.file).name
        raise InputError(
            f"The damping of the detector was undone before in {name}, and {parameters.mtf.name} would undo it a "
            "second time; connect the map from before that, or leave out mtf.",
            path=workspace.resolve(volume.file),
        )
    if own and volume.mtf_undone:
        return None, "The damping of the detector was undone before, and was not undone again."
    detector, unknown = detector_for(volume, parameters, workspace.resolve)
    if own and detector is None and not unknown:
        unknown = "The particles of this map do not tell how their detector damps, so nothing was undone; give its mtf."
    return detector, unknown


def _settings(parameters: Any) -> FilterSettings:
    return FilterSettings(
        low_pass=parameters.low_pass,
        high_pass=parameters.high_pass,
        b_factor=parameters.b_factor,
        mtf=parameters.mtf,
        detector_pixel_size=parameters.detector_pixel_size,
        undo_detector=parameters.undo_detector,
    )
