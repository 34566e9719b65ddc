"""Bring a map, and the poses of its particles, to the axes of its symmetry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import Item, Mask, Particle, Snapshot, Volume
from cryoloom.protocols.volumes import map_memory, map_resources
from cryoloom.workflow.lane import Capacity, Resources
from cryoloom.workflow.parameters import Angstrom, Level, ProtocolParameters, parameter
from cryoloom.workflow.protocol import FileRole, Input, Output, Prediction, Stage, WholeProtocol, input_set, output_set
from cryoloom.workflow.workspace import RoundWorkspace

if TYPE_CHECKING:
    from cryoloom.data import Table

ARRAYS = 18  # of single precision: a map that is moved is sampled twice as finely


def predicted_motion(
    finding: float, box_size: int, *, files: int = 1, memory: int | None = None, threads: int = 1
) -> Prediction:
    """What it takes to find a motion, in so many seconds, and to move so many maps."""
    from cryoloom.engine.alignment import moving_seconds
    from cryoloom.protocols.machine_speed import machine_speed

    seconds = finding + files * moving_seconds(box_size, threads=threads)
    return Prediction(seconds / machine_speed(), memory or map_memory(box_size, arrays=ARRAYS))


class AlignToSymmetry(WholeProtocol):
    """Find the axes of a map's symmetry, and turn the map and the poses of its particles so that they lie upright.

    Without a group the largest is proposed under whose every operator the map correlates with itself by 0.7. Nothing is
    averaged: the map is only moved.
    """

    id = "align-to-symmetry"
    stage = Stage.VALIDATE
    waits_for_closed_inputs = True
    file_categories: ClassVar[Mapping[str, FileRole]] = {"maps": FileRole.RESULT}

    class Inputs:
        """A map and its particles."""

        volumes: Input[Volume] = input_set("the map, best one made without symmetry; halves and mask come along")
        particles: Input[Particle] = input_set("particles with poses in this map", optional=True)
        masks: Input[Mask] = input_set("masks to bring along, beside that of the map", optional=True)

    class Outputs:
        """The same, upright."""

        volumes: Output[Volume] = output_set("the map on the axes of its symmetry")
        particles: Output[Particle] = output_set("the particles, with poses in the moved map; empty without input")
        masks: Output[Mask] = output_set("the masks, moved with the map; empty without input")

    class Parameters(ProtocolParameters):
        """What is looked for."""

        symmetry: str | None = parameter(
            None, label="Symmetry", help="Point group whose axes are looked for; without it one is proposed."
        )
        volume_number: int = parameter(1, label="Map", help="Which map of the input.", ge=1)
        resolution: Angstrom = parameter(
            20.0, label="Resolution", help="Finest detail compared.", level=Level.ADVANCED, ge=2, le=60
        )
        diameter: Angstrom | None = parameter(
            None,
            label="Diameter",
            help="Of the sphere that is compared; without it, the whole box.",
            level=Level.ADVANCED,
            gt=10,
            le=5000,
        )

    def check(self, parameters: Any) -> None:
        """Refuse what is no point group."""
        from cryoloom.engine.symmetry import point_group

        if parameters.symmetry is not None:
            point_group(parameters.symmetry)

    def resources(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any) -> Resources:
        """Memory follows from the largest box."""
        return map_resources(max((one.box_size for one in inputs["volumes"].items()), default=0), arrays=ARRAYS)

    def predict(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, capacity: Capacity) -> Prediction | None:
        """As measured, scaled by the speed of this machine."""
        from cryoloom.engine.alignment import axes_seconds
        from cryoloom.protocols.volumes import chosen_volume, files_of

        if parameters.volume_number > inputs["volumes"].count:
            return None
        volume = chosen_volume(inputs["volumes"], parameters.volume_number, "volume_number")
        width, proposed = volume.box_size * volume.pixel_size, parameters.symmetry is None
        found = axes_seconds(width, parameters.resolution, proposed=proposed)
        needed = self.resources(inputs, parameters)
        files = files_of(volume) + (inputs["masks"].count if "masks" in inputs else 0)
        return predicted_motion(
            found, volume.box_size, files=files, memory=needed.memory, threads=min(needed.cpu, capacity.cpu)
        )

    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        """Find the axes, and move everything."""
        from cryoloom.protocols.map_files import read_map
        from cryoloom.protocols.maps._moving import find_axes, moved_volume, with_what_follows
        from cryoloom.protocols.volumes import chosen_volume

        volume = chosen_volume(inputs["volumes"], parameters.volume_number, "volume_number")
        found = find_axes(
            read_map(workspace.resolve(volume.file), pixel_size=volume.pixel_size),
            parameters.symmetry,
            resolution=parameters.resolution,
            diameter=parameters.diameter,
            threads=workspace.threads,
        )
        if found.doubt:
            workspace.warn(found.doubt)
        workspace.list_in_log(found.shown_below)
        told = {"axes_of": found.group, "least_correlation": found.least}
        moved = moved_volume(volume, found.motion, workspace, told=told)
        return with_what_follows(moved, inputs, found.motion, workspace)

    def summary(self, outputs: Mapping[str, Snapshot[Any]], parameters: Any) -> str:
        """The group, and how well it fits."""
        (volume,) = outputs["volumes"].items()
        return f"{volume.extra['axes_of']}, correlation at least {volume.extra['least_correlation']:.2f}"

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        group = "its proposed symmetry" if parameters.symmetry is None else f"the symmetry {parameters.symmetry}"
        return f"The map was brought to the axes of {group}."
