"""Make first maps of particles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import Class3D, Item, Particle, Snapshot, Volume, digest
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
    from cryoloom.engine.abinitio import AbInitioSettings, AbInitioState, RunsState
    from cryoloom.engine.alignment import SymmetryProposal
    from cryoloom.protocols.particle_images import CommonGrid, LoadedParticles

_SHOWN_EVERY = 10  # iterations from one partial map to the next


class AbInitio(WholeProtocol):
    """Make first maps of particles from nothing: no reference, no symmetry.

    Small random batches of images in all orientations pull maps out of a random start, while resolution grows. The hand
    of a map cannot be told from such images: it may be the mirror image of the molecule. At the end each particle is
    given a pose in the map that explains it best. For maps that another run has found, too, a symmetry is proposed;
    align-to-symmetry brings a map and the poses of its particles to the axes.
    """

    id = "abinitio"
    version = 3  # 1 gave no poses, 2 could leave the same image in twice
    stage = Stage.INITIAL_MODEL
    citations = (
        "Punjani, Rubinstein, Fleet & Brubaker (2017), Nat. Methods 14:290-296, doi:10.1038/nmeth.4169",
        "Scheres (2012), J. Struct. Biol. 180:519-530, doi:10.1016/j.jsb.2012.09.006",
    )
    file_categories: ClassVar[Mapping[str, FileRole]] = {"maps": FileRole.RESULT, "partial": FileRole.SCRATCH}
    waits_for_closed_inputs = True
    gpu_programs: ClassVar[Mapping[str, str]] = {"relion_refine": "RELION"}

    class Inputs:
        """The particles."""

        particles: Input[Particle] = input_set("images of particles with CTFs")

    class Outputs:
        """The maps."""

        volumes: Output[Volume] = output_set("first maps, one a class, of undetermined hand")
        classes: Output[Class3D] = output_set("the same maps with the share of the particles that each explains")
        particles: Output[Particle] = output_set("the particles, with their poses in the map that explains each best")

    class Parameters(ProtocolParameters):
        """What is looked for, and how long."""

        diameter: Angstrom = parameter(
            label="Diameter",
            help="Of the particle, its longest; what lies beyond is taken for background.",
            gt=10,
            le=5000,
        )
        classes: int = parameter(
            1, label="Classes", help="Maps made at once; 2 to 5 if the particles differ or many are bad.", ge=1, le=20
        )
        final_resolution: Angstrom = parameter(
            12.5, label="Final resolution", help="Finer details are left to refinement.", gt=3, le=60
        )
        initial_resolution: Angstrom = parameter(
            43.0,
            label="Initial resolution",
            help="Finer details are left out at first.",
            level=Level.ADVANCED,
            gt=5,
            le=200,
        )
        iterations: int = parameter(
            120, label="Iterations", help="Batches of images that are looked at.", level=Level.ADVANCED, ge=1, le=10_000
        )
        batch_size: int = parameter(
            100, label="Batch", help="Images in each, more for more classes.", level=Level.ADVANCED, ge=1, le=10_000
        )
        shift_radius: Angstrom = parameter(
            12.0,
            label="Largest shift",
            help="How far from the centre of its image a particle is looked for.",
            level=Level.ADVANCED,
            gt=0,
            le=500,
        )
        box_size: Pixel | None = parameter(
            None,
            label="Image size",
            help="Edge of the images as they are compared; without it, what the final resolution needs.",
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
        runs: int = parameter(
            2,
            label="Runs",
            help="From starts that have nothing in common; a map that another run finds too can be believed. If they "
            "disagree, one more is made. 1 makes a map without a judgement.",
            level=Level.ADVANCED,
            ge=1,
            le=10,
        )
        seed: int = parameter(0, label="Seed", help="The same seed gives the same maps.", ge=0)
        threads: int = parameter(2, label="Threads", level=Level.ADVANCED, ge=1, le=64)

    def check(self, parameters: Any) -> None:
        """Refuse resolutions the wrong way round, and odd boxes."""
        from cryoloom.protocols.particle_images import check_box_size

        settings_of(parameters)
        check_box_size(parameters.box_size)

    def resources(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any) -> Resources:
        """Memory follows from the number and size of the images."""
        return Resources(cpu=parameters.threads, memory=_memory(inputs["particles"], parameters))

    def predict(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, capacity: Capacity) -> Prediction | None:
        """As measured, scaled by the speed of this machine."""
        from cryoloom.protocols.abinitio._runs import seconds_of
        from cryoloom.protocols.machine_speed import machine_speed
        from cryoloom.protocols.particle_images import advice_on_box, comparable_count, loading_seconds

        particles = inputs["particles"]
        grid = _grid(particles, parameters)
        computing = seconds_of(
            comparable_count(particles),
            settings_of(parameters),
            parameters.runs,
            box_size=grid.box_size,
            pixel_size=grid.pixel_size,
            diameter=parameters.diameter,
            threads=min(parameters.threads, capacity.cpu),
        )
        return Prediction(
            computing / machine_speed() + loading_seconds(particles),
            _memory(particles, parameters, grid.box_size),
            advice_on_box(grid, partial(_memory, particles, parameters), capacity.memory),
        )

    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        """Look for the maps, iteration by iteration."""
        from cryoloom.engine.abinitio import predicted_seconds
        from cryoloom.protocols.abinitio._runs import confidence_of, doubt_of, posed, share_done, states
        from cryoloom.protocols.abinitio._symmetry import symmetries_of
        from cryoloom.protocols.checkpoints import kept_states
        from cryoloom.protocols.inverted_images import inverted_remarks
        from cryoloom.protocols.particle_images import check_class_count, load_particles, tell

        particles = load_particles(
            inputs["particles"].table(),
            workspace.resolve,
            diameter=parameters.diameter,
            box_size=_grid(inputs["particles"], parameters).box_size,
            duplicates_within=parameters.duplicates_within,
            scratch=workspace.scratch(),
        )
        tell(particles, workspace)
        check_class_count(len(particles), parameters.classes)
        for remark in inverted_remarks(particles, shift_radius=parameters.shift_radius, threads=workspace.threads):
            workspace.warn(remark)
        settings = settings_of(parameters)
        images = particles.images
        seconds = predicted_seconds(settings, box_size=images.box_size, pixel_size=images.pixel_size)

        def algorithm(state: Any) -> Iterator[AbInitioState | RunsState]:
            return states(images, settings, parameters.runs, state, threads=workspace.threads)

        state: AbInitioState | RunsState | None = None
        for state in kept_states(workspace, algorithm):
            iteration = state.iteration
            share = share_done(iteration, seconds, parameters.runs)
            workspace.report(share, f"iteration {iteration}, {state.resolution:.0f} Å")
            if iteration % _SHOWN_EVERY == 0 and share < 1.0:
                _write(state, particles, workspace, "partial")
        assert state is not None, "there is at least one iteration"  # noqa: S101
        doubt = doubt_of(confidence_of(state))
        if doubt:
            workspace.warn(doubt)
        files = _write(state, particles, workspace, "maps")
        proposals = symmetries_of(
            state, pixel_size=images.pixel_size, diameter=parameters.diameter, threads=workspace.threads
        )
        items = _items(files, state, proposals, particles, workspace)

        def told(share: float) -> None:
            workspace.report(1.0, f"poses of {share:.0%} of the particles")

        return {**items, "particles": posed(particles, settings, state, threads=workspace.threads, report=told)}

    def summary(self, outputs: Mapping[str, Snapshot[Any]], parameters: Any) -> str:
        """What was compared, whether another run has found it too, and the symmetry that is proposed."""
        from cryoloom.protocols.abinitio._summary import in_short

        return in_short(list(outputs["classes"].items()))

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        maps = "One initial map was" if parameters.classes == 1 else f"{parameters.classes} initial maps were"
        return (
            f"{maps} made without a reference and without symmetry by stochastic expectation maximisation, in "
            f"{parameters.iterations} batches of {parameters.batch_size} particles, in which details down to "
            f"{parameters.final_resolution:g} Å, or to what the pixels hold if that is coarser, were compared."
        )


def settings_of(parameters: Any) -> AbInitioSettings:
    """What the engine is told."""
    from cryoloom.engine.abinitio import AbInitioSettings

    names = ("classes", "iterations", "batch_size", "initial_resolution", "final_resolution", "shift_radius", "seed")
    return AbInitioSettings(**{name: getattr(parameters, name) for name in names})


def _grid(particles: Snapshot[Any], parameters: Any) -> CommonGrid:
    from cryoloom.protocols.particle_images import samplings_of, working_grid

    return working_grid(samplings_of(particles), parameters.final_resolution, parameters.box_size)


def _memory(particles: Snapshot[Any], parameters: Any, box_size: int | None = None) -> int:
    """In bytes, of the box that is taken, or of another one."""
    from cryoloom.protocols.abinitio._runs import peak_memory
    from cryoloom.protocols.particle_images import comparable_count

    grid = _grid(particles, parameters)
    return peak_memory(
        comparable_count(particles),
        settings_of(parameters),
        box_size=box_size or grid.box_size,
        extent=grid.extent,
        diameter=parameters.diameter,
    )


def _write(
    state: AbInitioState | RunsState, particles: LoadedParticles, workspace: RoundWorkspace, category: str
) -> list[str]:
    from cryoloom.formats import write_volume

    names = []
    for number, volume in enumerate(state.maps, 1):
        file = workspace.file(category, f"_class{number}.mrc")
        write_volume(file.path, volume, pixel_size=particles.images.pixel_size)
        names.append(file.name)
    return names


def _items(
    files: list[str],
    state: AbInitioState | RunsState,
    proposals: Sequence[SymmetryProposal],
    particles: LoadedParticles,
    workspace: RoundWorkspace,
) -> dict[str, list[Item]]:
    from cryoloom.protocols.abinitio._runs import confidence_of
    from cryoloom.protocols.abinitio._symmetry import columns_of
    from cryoloom.protocols.detectors import OwnDetector

    images, confidence = particles.images, confidence_of(state)
    detector = OwnDetector.of_particles(particles.table).columns
    volumes: list[Item] = []
    classes: list[Item] = []
    for number, (file, share) in enumerate(zip(files, state.occupancy, strict=True), 1):
        known: dict[str, Any] = {
            "id": digest("map", workspace.run.encode(), str(number).encode()),
            "file": file,
            "pixel_size": images.pixel_size,
            "box_size": images.box_size,
        }
        proposed = columns_of(proposals[number - 1]) if proposals else {}
        volumes.append(Volume(**known, **detector, extra=proposed))
        judged: dict[str, Any] = {"compared_to": float(state.resolution)}
        if confidence is not None:
            judged["confidence"] = float(confidence.agreement[number - 1])
            judged |= {"reliable": confidence.is_reliable, "confidence_to": confidence.resolution}
        count = round(float(share) * len(particles))
        classes.append(Class3D(**known, particle_count=count, share=float(share), extra={**judged, **proposed}))
    return {"volumes": volumes, "classes": classes}
