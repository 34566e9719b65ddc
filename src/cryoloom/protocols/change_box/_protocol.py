"""Change the box or the pixel size of particles, and of what belongs to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import Item, Mask, Micrograph, Particle, Snapshot, Volume
from cryoloom.workflow.lane import Capacity, Resources
from cryoloom.workflow.parameters import Angstrom, AngstromPerPixel, Level, Pixel, ProtocolParameters, parameter
from cryoloom.workflow.protocol import FileRole, Input, Output, Prediction, Stage, WholeProtocol, input_set, output_set
from cryoloom.workflow.workspace import RoundWorkspace

if TYPE_CHECKING:
    from cryoloom.data import Table
    from cryoloom.protocols.change_box._sampling import Wanted


class ChangeBox(WholeProtocol):
    """Cut particles out of their micrographs again in another box or with another pixel size, and bring maps along.

    Windows lie where the particles were refined to be. Identity, poses, half sets, CTFs and optics stay, so that a
    refinement can go on by a local search (``search = local``). Particles whose window leaves the micrograph are listed
    as failed items. A map, with its half maps, and masks are sampled like the new images.
    """

    id = "change-box"
    stage = Stage.EXTRACT
    file_categories: ClassVar[Mapping[str, FileRole]] = {
        "particles": FileRole.REBUILDABLE,
        "maps": FileRole.REBUILDABLE,
    }
    waits_for_closed_inputs = True

    class Inputs:
        """Particles, where they come from, and what goes with them."""

        particles: Input[Particle] = input_set("particles, with the shifts that were refined")
        micrographs: Input[Micrograph] = input_set(
            "the micrographs that they were cut from, or other sums of the same movies, as with finer pixels"
        )
        reference: Input[Volume] = input_set("maps to bring along; their halves and masks come too", optional=True)
        masks: Input[Mask] = input_set("masks to bring along", optional=True)

    class Outputs:
        """The same, sampled otherwise."""

        particles: Output[Particle] = output_set("the particles in new images, one stack for each micrograph")
        volumes: Output[Volume] = output_set("the maps, sampled like the new images; empty without input")
        masks: Output[Mask] = output_set("the masks, sampled like the new images; empty without input")

    class Parameters(ProtocolParameters):
        """What changes."""

        box_size: Pixel | None = parameter(
            None,
            label="Image size",
            help="Edge of the new images in their pixels, even; without it, the width in Å stays, in a size that is "
            "quick to transform. Quick sizes have no prime factor above 5: 96, 100, 108, 120, 128, 144, 160 …",
            ge=8,
            le=8192,
        )
        pixel_size: AngstromPerPixel | None = parameter(
            None, label="Pixel size", help="Of the new images; without it, it stays.", gt=0.05, le=100
        )
        diameter: Angstrom | None = parameter(
            None,
            label="Diameter",
            help="Of the particle; background is what lies beyond it and beyond three quarters of the box.",
            level=Level.ADVANCED,
            gt=10,
            le=5000,
        )
        threads: int = parameter(2, label="Threads", level=Level.ADVANCED, ge=1, le=64)

    def check(self, parameters: Any) -> None:
        """Refuse to change nothing, and odd boxes."""
        _wanted(parameters)

    def resources(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any) -> Resources:
        """Memory follows from the micrographs and the images."""
        return Resources(cpu=parameters.threads, memory=self._prediction(inputs, parameters, parameters.threads).memory)

    def predict(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, capacity: Capacity) -> Prediction | None:
        """As measured, scaled by the speed of this machine; with boxes that are quicker to transform."""
        from cryoloom.protocols.machine_speed import machine_speed

        told = self._prediction(inputs, parameters, min(parameters.threads, capacity.cpu))
        return Prediction(told.seconds / machine_speed(), told.memory, told.advice)

    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        """Cut out the particles of one micrograph after the other, then sample the maps."""
        from cryoloom.data import Table
        from cryoloom.protocols.change_box._compute import Source, re_extract
        from cryoloom.protocols.micrograph_places import files_of
        from cryoloom.protocols.resampled_maps import resampled_mask, resampled_volume

        table = inputs["particles"].table()
        wanted = _wanted(parameters)
        sources = {}
        for one in inputs["micrographs"].items():
            file, *also = files_of(one)
            sources[one.id] = Source(workspace.resolve(file), file, one.pixel_size, one.contrast_sign, also=tuple(also))

        def stack_for(identity: int) -> tuple[Path, str]:
            stored = workspace.file("particles", f"_{identity:016x}.mrcs")
            return stored.path, stored.name

        made = re_extract(
            table,
            sources,
            wanted,
            stack_for,
            resolve=workspace.resolve,
            diameter=parameters.diameter,
            threads=workspace.threads,
            report=lambda share: workspace.report(share, "cutting out particles"),
        )
        for each in made.left_out:
            workspace.leave_out(each.id, each.label, each.reason)
        particles = made.table(table)
        for sentence in (*wanted.advice, *made.doubts):
            workspace.warn(sentence)
        sampling = made.sampling
        maps = [
            resampled_volume(one, sampling, workspace, beginning=f"_volumes_{one.id:016x}")
            for one in _items(inputs, "reference")
        ]
        masks = [
            resampled_mask(one, sampling, workspace, beginning=f"_masks_{one.id:016x}")
            for one in _items(inputs, "masks")
        ]
        return {
            "particles": particles,
            "volumes": maps or Table.of([], Volume.kind),
            "masks": masks or Table.of([], Mask.kind),
        }

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        box = "" if parameters.box_size is None else f" in boxes of {parameters.box_size} px"
        pixel = "" if parameters.pixel_size is None else f" with pixels of {parameters.pixel_size:g} Å"
        return f"{counts.get('particles', 0)} particles were extracted again at their refined positions{box}{pixel}."

    @staticmethod
    def _prediction(inputs: Mapping[str, Snapshot[Any]], parameters: Any, threads: int) -> Prediction:
        from cryoloom.protocols.change_box._compute import predicted

        wanted = _wanted(parameters)
        micrographs = inputs["micrographs"].to_polars(columns=["width", "height", "pixel_size"])
        sizes = micrographs.select("width", "height").rows()
        seconds, memory = predicted(inputs["particles"], sizes, micrographs["pixel_size"][0], wanted, threads=threads)
        return Prediction(seconds, memory, wanted.advice)


def _wanted(parameters: Any) -> Wanted:
    from cryoloom.protocols.change_box._sampling import Wanted

    return Wanted(parameters.box_size, parameters.pixel_size)


def _items(inputs: Mapping[str, Snapshot[Any]], name: str) -> list[Any]:
    return list(inputs[name].items()) if name in inputs else []
