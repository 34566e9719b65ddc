"""The other hand of maps, and of the poses of their particles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import Item, Mask, Particle, Snapshot, Volume
from cryoloom.protocols.volumes import FILES, map_resources
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.parameters import ProtocolParameters, parameter
from cryoloom.workflow.protocol import FileRole, Input, Output, Stage, WholeProtocol, input_set, output_set
from cryoloom.workflow.workspace import RoundWorkspace

if TYPE_CHECKING:
    from cryoloom.data import Table


class InvertHand(WholeProtocol):
    """Turn maps into their mirror images, and the poses of particles so that they fit to them.

    Maps, their halves and masks are inverted through their centres, which leaves axes of symmetry where they are. The
    images of the particles and their shifts stay.
    """

    id = "invert-hand"
    stage = Stage.VALIDATE
    waits_for_closed_inputs = True
    file_categories: ClassVar[Mapping[str, FileRole]] = {"maps": FileRole.REBUILDABLE}

    class Inputs:
        """Maps and particles."""

        volumes: Input[Volume] = input_set("maps; their halves and masks come along")
        particles: Input[Particle] = input_set("particles with poses in these maps", optional=True)
        masks: Input[Mask] = input_set("masks to bring along, beside that of the map", optional=True)

    class Outputs:
        """The same of the other hand."""

        volumes: Output[Volume] = output_set("maps of the other hand")
        particles: Output[Particle] = output_set("the particles, with poses in the inverted maps; empty without input")
        masks: Output[Mask] = output_set("the masks, inverted with the maps; empty without input")

    class Parameters(ProtocolParameters):
        """What is known."""

        hand: str = parameter(
            "undetermined",
            label="Hand",
            help="What is known of the hand that results, for instance: right, by helices at 6 Å.",
        )

    def resources(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any) -> Resources:
        """Memory follows from the largest box."""
        return map_resources(max((one.box_size for one in inputs["volumes"].items()), default=0), arrays=4)

    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        """Invert everything."""
        from cryoloom.data import Table

        particles = Table.of([], Particle.kind)
        if "particles" in inputs:
            particles = with_other_poses(inputs["particles"].table())
        masks = [_inverted_mask(mask, workspace) for mask in inputs["masks"].items()] if "masks" in inputs else []
        return {
            "volumes": [_inverted(volume, parameters.hand, workspace) for volume in inputs["volumes"].items()],
            "particles": particles,
            "masks": masks or Table.of([], Mask.kind),
        }

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        return "The hand of the map was inverted."


def with_other_poses(table: Table) -> Table:
    """The particles, with the poses that they have in the inverted map; those without a pose stay without."""
    import polars as pl

    from cryoloom.engine.maps import poses_of_other_hand

    names = ("rot", "tilt", "psi")
    posed = table.frame.select(pl.all_horizontal(pl.col(name).is_not_null() for name in names)).to_series()
    if not posed.any():
        return table
    angles = poses_of_other_hand(table.frame.filter(posed).select(names).to_numpy())
    places = posed.arg_true()
    columns = [table.frame[name].scatter(places, angles[:, number]) for number, name in enumerate(names)]
    return table.with_frame(table.frame.with_columns(columns))


def _inverted(volume: Volume, hand: str, workspace: RoundWorkspace) -> Volume:
    names: dict[str, Any] = {}
    for column, suffix in FILES.items():
        if name := getattr(volume, column):
            names[column] = _inverted_file(name, volume.pixel_size, f"{volume.id:016x}{suffix}.mrc", workspace)
    return replace(volume, hand=hand, **names)


def _inverted_mask(mask: Mask, workspace: RoundWorkspace) -> Mask:
    made = _inverted_file(mask.file, mask.pixel_size, f"masks_{mask.id:016x}.mrc", workspace)
    return replace(mask, file=made)


def _inverted_file(name: str, pixel_size: float, made: str, workspace: RoundWorkspace) -> str:
    """The name of a file with the map, or mask, of another one in the other hand."""
    from cryoloom.engine.maps import invert_hand
    from cryoloom.protocols.map_files import read_map, write_map

    folder = workspace.run_folder / "files" / "maps"
    folder.mkdir(parents=True, exist_ok=True)
    given = read_map(workspace.resolve(name), pixel_size=pixel_size)
    write_map(folder / made, invert_hand(given.volume), like=given)
    return str((folder / made).relative_to(workspace.project))
