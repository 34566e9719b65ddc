"""Bring a map, and the poses of its particles, onto another map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import Item, Mask, Particle, Snapshot, Volume
from cryoloom.protocols.maps._align_to_symmetry import ARRAYS, predicted_motion
from cryoloom.protocols.volumes import map_resources
from cryoloom.workflow.lane import Capacity, Resources
from cryoloom.workflow.parameters import Angstrom, Level, ProtocolParameters, parameter
from cryoloom.workflow.protocol import FileRole, Input, Output, Prediction, Stage, WholeProtocol, input_set, output_set
from cryoloom.workflow.workspace import RoundWorkspace

if TYPE_CHECKING:
    from cryoloom.data import Table


class FitMap(WholeProtocol):
    """Turn and shift a map so that it fits another one as well as it can, and the poses of its particles with it.

    All orientations are tried. The correlation is that of Fourier coefficients up to the resolution, every shell of
    frequencies counted by its size: fine details count as much as the outline.
    """

    id = "fit-map"
    stage = Stage.VALIDATE
    waits_for_closed_inputs = True
    file_categories: ClassVar[Mapping[str, FileRole]] = {"maps": FileRole.RESULT}

    class Inputs:
        """A map with its particles, and where it is to go."""

        volumes: Input[Volume] = input_set("the map to be moved; halves and mask come along")
        reference: Input[Volume] = input_set("the map that it is fitted to; brought to the other's sampling first")
        particles: Input[Particle] = input_set("particles with poses in the map to be moved", optional=True)
        masks: Input[Mask] = input_set("masks to bring along, beside that of the map", optional=True)

    class Outputs:
        """The same, moved."""

        volumes: Output[Volume] = output_set("the map where it fits the other one, on its own sampling")
        particles: Output[Particle] = output_set("the particles, with poses in the moved map; empty without input")
        masks: Output[Mask] = output_set("the masks, moved with the map; empty without input")

    class Parameters(ProtocolParameters):
        """How they are compared."""

        mirror: bool = parameter(False, label="Other hand", help="Try the mirror image of the map, too.")
        resolution: Angstrom = parameter(15.0, label="Resolution", help="Finest detail compared.", ge=2, le=60)
        volume_number: int = parameter(1, label="Map", help="Which map of the input is moved.", ge=1)
        reference_number: int = parameter(1, label="Reference", help="Which map it is fitted to.", ge=1)
        diameter: Angstrom | None = parameter(
            None,
            label="Diameter",
            help="Of the sphere that is compared; without it, the whole box.",
            level=Level.ADVANCED,
            gt=10,
            le=5000,
        )

    def resources(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any) -> Resources:
        """Memory follows from the largest box."""
        boxes = [one.box_size for name in ("volumes", "reference") for one in inputs[name].items()]
        return map_resources(max(boxes, default=0), arrays=ARRAYS)

    def predict(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, capacity: Capacity) -> Prediction | None:
        """As measured, scaled by the speed of this machine."""
        from cryoloom.engine.alignment import fit_seconds
        from cryoloom.protocols.volumes import chosen_volume, files_of

        if parameters.volume_number > inputs["volumes"].count:
            return None
        volume = chosen_volume(inputs["volumes"], parameters.volume_number, "volume_number")
        fit = fit_seconds(volume.box_size * volume.pixel_size, parameters.resolution, mirror=parameters.mirror)
        needed = self.resources(inputs, parameters)
        files = files_of(volume) + (inputs["masks"].count if "masks" in inputs else 0)
        return predicted_motion(
            fit, volume.box_size, files=files, memory=needed.memory, threads=min(needed.cpu, capacity.cpu)
        )

    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        """Fit, and move everything."""
        from cryoloom.engine.alignment import fit_map
        from cryoloom.protocols.map_files import read_map, sampled_as
        from cryoloom.protocols.maps._moving import moved_volume, with_what_follows
        from cryoloom.protocols.volumes import chosen_volume

        volume = chosen_volume(inputs["volumes"], parameters.volume_number, "volume_number")
        reference = chosen_volume(inputs["reference"], parameters.reference_number, "reference_number")
        moving = read_map(workspace.resolve(volume.file), pixel_size=volume.pixel_size)
        still = read_map(workspace.resolve(reference.file), pixel_size=reference.pixel_size)
        still, resampling = sampled_as(still, moving)
        if resampling:
            workspace.warn(resampling)
        fit = fit_map(
            moving.volume,
            still.volume,
            pixel_size=moving.pixel_size,
            resolution=parameters.resolution,
            diameter=parameters.diameter,
            mirror=parameters.mirror,
            threads=workspace.threads,
        )
        told = {"fit_correlation": fit.correlation, "hand_changed": fit.motion.inverted}
        moved = moved_volume(volume, fit.motion, workspace, told=told)
        if parameters.mirror:
            moved = replace(moved, hand=reference.hand)
        return with_what_follows(moved, inputs, fit.motion, workspace)

    def summary(self, outputs: Mapping[str, Snapshot[Any]], parameters: Any) -> str:
        """How well it fits."""
        (volume,) = outputs["volumes"].items()
        hand = ", its hand changed" if volume.extra["hand_changed"] else ""
        return f"correlation {volume.extra['fit_correlation']:.3f}{hand}"

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        hands = ", in both hands" if parameters.mirror else ""
        return f"The map was fitted to another one by correlation to {parameters.resolution:g} Å{hands}."
