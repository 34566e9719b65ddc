"""Reconstruct maps from given poses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import Item, Particle, Snapshot, Volume, digest
from cryoloom.workflow.lane import Capacity, Resources
from cryoloom.workflow.parameters import Angstrom, Level, Pixel, ProtocolParameters, parameter
from cryoloom.workflow.protocol import (
    FileRole,
    Input,
    Output,
    Prediction,
    Stage,
    WholeProtocol,
    input_set,
    output_set,
)
from cryoloom.workflow.workspace import RoundWorkspace

if TYPE_CHECKING:
    from cryoloom.data import Table
    from cryoloom.engine.reconstruction import FourierSums
    from cryoloom.protocols.particle_images import CommonGrid, LoadedParticles


class Reconstruct(WholeProtocol):
    """Make a map of particles from the poses that they have, with its two half maps; nothing is refined.

    Every image is added up in Fourier space with its contrast transfer function, and the sum is divided by its weights.
    The maps are neither filtered nor masked. Of particles that are there twice, one is taken, since the half maps would
    agree by their noise; copies by symmetry are all taken.
    """

    id = "reconstruct"
    version = 2  # 1 took particles that are there twice
    stage = Stage.REFINE
    citations = ("Scheres (2012), J. Struct. Biol. 180:519-530, doi:10.1016/j.jsb.2012.09.006",)
    file_categories: ClassVar[Mapping[str, FileRole]] = {"maps": FileRole.RESULT}
    waits_for_closed_inputs = True

    class Inputs:
        """The particles."""

        particles: Input[Particle] = input_set("images of particles with CTFs and poses")

    class Outputs:
        """The map."""

        volumes: Output[Volume] = output_set("the map and its half maps")

    class Parameters(ProtocolParameters):
        """What is imposed on it."""

        symmetry: str = parameter("C1", label="Symmetry", help="Point group: C1, C3, D7, T or O.")
        box_size: Pixel | None = parameter(
            None,
            label="Box",
            help="Edge of the map in pixels; without it, that of the images.",
            level=Level.ADVANCED,
            ge=8,
            le=1024,
        )
        duplicates_within: Angstrom = parameter(
            20.0,
            label="Duplicates within",
            help="Of particles that lie so near each other in a micrograph, one is taken; 0 compares images only.",
            level=Level.ADVANCED,
            ge=0,
        )
        threads: int = parameter(2, label="Threads", level=Level.ADVANCED, ge=1, le=64)

    def check(self, parameters: Any) -> None:
        """Refuse what is no point group, and odd boxes."""
        from cryoloom.engine.symmetry import point_group
        from cryoloom.protocols.particle_images import check_box_size

        point_group(parameters.symmetry)
        check_box_size(parameters.box_size)

    def resources(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any) -> Resources:
        """Memory follows from the number and size of the images."""
        return Resources(cpu=parameters.threads, memory=_memory(inputs["particles"], parameters))

    def predict(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, capacity: Capacity) -> Prediction | None:
        """As measured, scaled by the speed of this machine."""
        from cryoloom.protocols.machine_speed import machine_speed
        from cryoloom.protocols.particle_images import advice_on_box, comparable_count
        from cryoloom.protocols.reconstruct._compute import reconstruction_memory, reconstruction_seconds

        count, grid = comparable_count(inputs["particles"]), _grid(inputs["particles"], parameters)
        threads = min(parameters.threads, capacity.cpu)
        seconds = reconstruction_seconds(count, grid.box_size, maps=3, threads=threads)
        needed = partial(reconstruction_memory, count)
        advice = advice_on_box(grid, needed, capacity.memory)
        return Prediction(seconds / machine_speed(), needed(grid.box_size), advice)

    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        """Add up each half, and divide."""
        from cryoloom.engine.symmetry import point_group
        from cryoloom.formats import write_volume
        from cryoloom.protocols.detectors import OwnDetector
        from cryoloom.protocols.particle_images import check_halves, load_particles, tell
        from cryoloom.protocols.reconstruct._compute import map_of

        particles = load_particles(
            inputs["particles"].table(),
            workspace.resolve,
            diameter=None,
            box_size=parameters.box_size,
            duplicates_within=parameters.duplicates_within,
            copies=True,
            oriented=True,
            scratch=workspace.scratch(),
        )
        tell(particles, workspace)
        check_halves(particles.half_sets)
        group = point_group(parameters.symmetry)
        images = particles.images
        sums = [_sums_of_half(particles, half, workspace) for half in (1, 2)]
        parts = {"half1": sums[0], "half2": sums[1], "map": sums[0].added_to(sums[1])}
        files = {}
        for name, part in parts.items():
            file = workspace.file("maps", f"_{name}.mrc")
            volume = map_of(part, images, group, threads=workspace.threads)
            write_volume(file.path, volume, pixel_size=images.pixel_size)
            files[name] = file.name
        made = Volume(
            id=digest("map", workspace.run.encode(), b"1"),
            file=files["map"],
            half1_file=files["half1"],
            half2_file=files["half2"],
            pixel_size=images.pixel_size,
            box_size=images.box_size,
            symmetry=group.name,
            **OwnDetector.of_particles(particles.table).columns,
        )
        return {"volumes": [made]}

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        symmetry = "" if parameters.symmetry == "C1" else f" with the symmetry {parameters.symmetry}"
        return f"A map and two half maps were reconstructed from the given poses{symmetry}."


def _sums_of_half(particles: LoadedParticles, half: int, workspace: RoundWorkspace) -> FourierSums:
    import numpy as np

    from cryoloom.protocols.reconstruct._compute import sums_of

    chosen = np.flatnonzero(particles.half_sets == half)

    def report(done: int) -> None:
        workspace.report(0.5 * (half - 1 + done / len(chosen)), "adding particles")

    return sums_of(particles, chosen, threads=workspace.threads, report=report)


def _grid(particles: Snapshot[Any], parameters: Any) -> CommonGrid:
    from cryoloom.protocols.particle_images import common_grid, samplings_of

    return common_grid(samplings_of(particles), box_size=parameters.box_size)


def _memory(particles: Snapshot[Any], parameters: Any) -> int:
    from cryoloom.protocols.particle_images import comparable_count
    from cryoloom.protocols.reconstruct._compute import reconstruction_memory

    return reconstruction_memory(comparable_count(particles), _grid(particles, parameters).box_size)
