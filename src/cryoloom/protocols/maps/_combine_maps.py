"""Make one map of several, voxel by voxel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from cryoloom.data import Item, Mask, Snapshot, Volume, digest
from cryoloom.errors import InputError
from cryoloom.protocols.volumes import map_resources
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.parameters import ProtocolParameters, parameter
from cryoloom.workflow.protocol import FileRole, Input, Output, Stage, WholeProtocol, input_set, output_set
from cryoloom.workflow.workspace import RoundWorkspace

if TYPE_CHECKING:
    from cryoloom.data import Table


class CombineMaps(WholeProtocol):
    """Make one map of several, voxel by voxel: means, differences, products with masks.

    Maps come first, then the other maps, then masks; a difference or a quotient goes from the first to the last.
    """

    id = "combine-maps"
    stage = Stage.VALIDATE
    file_categories: ClassVar[Mapping[str, FileRole]] = {"maps": FileRole.REBUILDABLE}
    waits_for_closed_inputs = True

    class Inputs:
        """Maps of one box and pixel size."""

        volumes: Input[Volume] = input_set("maps")
        others: Input[Volume] = input_set("other maps", optional=True)
        masks: Input[Mask] = input_set("masks, as the last maps", optional=True)

    class Outputs:
        """One map."""

        volumes: Output[Volume] = output_set("what was made of them, without halves")

    class Parameters(ProtocolParameters):
        """What is done."""

        operation: Literal["mean", "add", "subtract", "multiply", "divide", "minimum", "maximum"] = parameter(
            label="Operation", help="From the first map to the last; divided by zero is zero."
        )

    def resources(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any) -> Resources:
        """Memory follows from the boxes."""
        given = _given(inputs)
        return map_resources(max((one.box_size for one in given), default=0), arrays=len(given) + 3)

    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        """Combine them."""
        from cryoloom.engine.maps import combine_maps
        from cryoloom.protocols.map_files import check_alike, read_map, write_map

        given = _given(inputs)
        if len(given) < 2:
            raise InputError("There is one map only, which nothing can be combined with; connect another one.")
        maps = [read_map(workspace.resolve(one.file), pixel_size=one.pixel_size) for one in given]
        check_alike(maps)
        stored = workspace.file("maps", f"_{parameters.operation}.mrc")
        write_map(stored.path, combine_maps([one.volume for one in maps], parameters.operation), like=maps[0])
        volumes = [one for one in given if isinstance(one, Volume)]
        groups, hands = ({getattr(one, name) for one in volumes} for name in ("symmetry", "hand"))
        made = Volume(
            id=digest("map", workspace.run.encode(), b"1"),
            file=stored.name,
            pixel_size=given[0].pixel_size,
            box_size=given[0].box_size,
            symmetry=groups.pop() if len(groups) == 1 else "C1",
            hand=hands.pop() if len(hands) == 1 else "undetermined",
            mtf_undone=any(one.mtf_undone for one in volumes) or None,  # in a part is enough not to do it again
        )
        return {"volumes": [made]}

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        done = {
            "mean": "averaged",
            "add": "added",
            "subtract": "subtracted from the first",
            "multiply": "multiplied",
            "divide": "divided one by the other",
            "minimum": "combined by their minimum",
            "maximum": "combined by their maximum",
        }
        return f"Maps were {done[parameters.operation]} voxel by voxel."


def _given(inputs: Mapping[str, Snapshot[Any]]) -> list[Volume | Mask]:
    return [one for name in ("volumes", "others", "masks") if name in inputs for one in inputs[name].items()]
