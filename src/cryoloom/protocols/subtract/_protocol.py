"""Take a part of the map out of particle images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from cryoloom.data import Item, Mask, Particle, Snapshot, Volume
from cryoloom.errors import InputError
from cryoloom.workflow.lane import Capacity, Resources
from cryoloom.workflow.parameters import Level, ProtocolParameters, parameter
from cryoloom.workflow.protocol import FileRole, Input, Output, Prediction, Stage, WholeProtocol, input_set, output_set
from cryoloom.workflow.workspace import RoundWorkspace

if TYPE_CHECKING:
    from cryoloom.data import Table
    from cryoloom.protocols.particle_images import CommonGrid


class SubtractProjections(WholeProtocol):
    """Take the projections of a part of the map away from the images of particles, so that the rest can be refined.

    Each particle loses what the part contributes to it by its pose, its CTF, the aberrations and magnification of its
    optics group and the strength of its signal, in the half map of its own half set. All else that is known of the
    particles stays.
    """

    id = "subtract"
    stage = Stage.REFINE
    citations = ("Bai, Rajendra, Yang, Shi & Scheres (2015), eLife 4:e11182, doi:10.7554/eLife.11182",)
    file_categories: ClassVar[Mapping[str, FileRole]] = {"particles": FileRole.REBUILDABLE}
    waits_for_closed_inputs = True

    class Inputs:
        """Particles, their map, and a mask that parts it."""

        particles: Input[Particle] = input_set("images of particles with CTFs and refined poses")
        reference: Input[Volume] = input_set("their map within its mask; with half maps, each half set loses its own")
        masks: Input[Mask] = input_set("one soft mask about what stays, or about what is taken away")

    class Outputs:
        """The particles."""

        particles: Output[Particle] = output_set("the same particles, in images without the part")

    class Parameters(ProtocolParameters):
        """What stays."""

        mask_holds: Literal["kept", "removed"] = parameter(
            "kept", label="Mask holds", help="What the mask surrounds: what is kept, or what is taken away."
        )
        recentre: bool = parameter(
            False,
            label="Recentre",
            help="Bring the centre of the mask to the centre of the images; maps made of them lie there too.",
        )
        threads: int = parameter(2, label="Threads", level=Level.ADVANCED, ge=1, le=64)

    def resources(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any) -> Resources:
        """Memory follows from the number and size of the images."""
        return Resources(cpu=parameters.threads, memory=_memory(inputs["particles"], parameters.threads))

    def predict(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, capacity: Capacity) -> Prediction | None:
        """As measured, scaled by the speed of this machine."""
        from cryoloom.protocols.machine_speed import machine_speed
        from cryoloom.protocols.particle_images import AFTER_CHANGE_BOX, advice_on_box, comparable_count
        from cryoloom.protocols.subtract._compute import predicted_memory, predicted_seconds

        particles, threads = inputs["particles"], min(parameters.threads, capacity.cpu)
        grid, count = _grid(particles), comparable_count(particles)
        seconds = predicted_seconds(count, grid.box_size, threads=threads)
        needed = partial(predicted_memory, count, threads=threads)
        advice = advice_on_box(grid, needed, capacity.memory, how=AFTER_CHANGE_BOX)
        return Prediction(seconds / machine_speed(), needed(grid.box_size), advice)

    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        """Subtract, batch by batch, into one stack."""
        from cryoloom.protocols.particle_images import check_halves_known, load_particles, tell
        from cryoloom.protocols.reference_maps import read_mask, reference_files
        from cryoloom.protocols.subtract._compute import Part, check_samplings, subtract

        files = reference_files(inputs["reference"], None, workspace)
        masks = list(inputs["masks"].items())
        if len(masks) != 1:
            raise InputError(f"There must be one mask, and there are {len(masks)}; connect the one to use.")
        mask: Mask = masks[0]
        table = inputs["particles"].table()
        check_samplings(table)
        if files.halves is not None:
            check_halves_known(table)
        particles = load_particles(table, workspace.resolve, diameter=None, oriented=True, scratch=workspace.scratch())
        tell(particles, workspace)
        part = Part(
            read_mask(workspace.resolve(mask.file), particles.grid, pixel_size=mask.pixel_size),
            parameters.mask_holds == "removed",
            parameters.recentre,
        )
        stack = workspace.file("particles", ".mrcs")
        made, remarks = subtract(
            particles,
            files.read(particles.grid, threads=workspace.threads),
            part,
            stack.path,
            stack.name,
            resolve=workspace.resolve,
            threads=workspace.threads,
            report=lambda share: workspace.report(share, "subtracting"),
        )
        for remark in remarks:
            workspace.warn(remark)
        return {"particles": made}

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        what = "outside a mask" if parameters.mask_holds == "kept" else "inside a mask"
        recentred = " The images were recentred on the mask." if parameters.recentre else ""
        return (
            f"Projections of the density {what} were subtracted from the images of {counts.get('particles', 0)} "
            f"particles.{recentred}"
        )


def _grid(particles: Snapshot[Any]) -> CommonGrid:
    from cryoloom.protocols.particle_images import common_grid, samplings_of

    return common_grid(samplings_of(particles))


def _memory(particles: Snapshot[Any], threads: int) -> int:
    from cryoloom.protocols.particle_images import comparable_count
    from cryoloom.protocols.subtract._compute import predicted_memory

    return predicted_memory(comparable_count(particles), _grid(particles).box_size, threads=threads)
