"""Sort particles into classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import Class2D, Item, Particle, Snapshot, digest
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
    from cryoloom.engine.classes2d import Assessment, Classes2DSettings, Classes2DState
    from cryoloom.engine.likelihood import ParticleImages
    from cryoloom.protocols.particle_images import CommonGrid, LoadedParticles

_SHOWN_EVERY = 5  # iterations from one partial picture to the next


class Classify2D(WholeProtocol):
    """Sort particles into classes by what is seen of them, and average each class.

    Every class, turn and shift gets its probability from CTF and noise. Small random batches come first, in which
    resolution grows, then passes over all particles. Every class is scored and proposed to be kept or not, with the
    reason; `select-classes` takes the proposal or a person's choice.
    """

    id = "class2d"
    stage = Stage.CLASSES_2D
    citations = (
        "Scheres et al. (2005), J. Mol. Biol. 348:139-149, doi:10.1016/j.jmb.2005.02.031",
        "Scheres (2012), J. Struct. Biol. 180:519-530, doi:10.1016/j.jsb.2012.09.006",
    )
    file_categories: ClassVar[Mapping[str, FileRole]] = {"averages": FileRole.RESULT, "partial": FileRole.SCRATCH}
    waits_for_closed_inputs = True
    gpu_programs: ClassVar[Mapping[str, str]] = {"relion_refine": "RELION"}

    class Inputs:
        """The particles."""

        particles: Input[Particle] = input_set("images of particles with CTFs")

    class Outputs:
        """Classes and their members."""

        classes: Output[Class2D] = output_set("averages with their scores")
        particles: Output[Particle] = output_set("the particles with class, turn and shift")

    class Parameters(ProtocolParameters):
        """How many classes, of what."""

        diameter: Angstrom = parameter(
            label="Diameter",
            help="Of the particle, its longest; what lies beyond is taken for background.",
            gt=10,
            le=5000,
        )
        classes: int = parameter(
            50, label="Classes", help="Averages; about one for every 100 particles, 10 to 100.", ge=1, le=500
        )
        final_resolution: Angstrom = parameter(
            10.0, label="Final resolution", help="Finer details are not compared.", gt=3, le=60
        )
        initial_resolution: Angstrom = parameter(
            40.0,
            label="Initial resolution",
            help="Finer details are left out at first.",
            level=Level.ADVANCED,
            gt=5,
            le=200,
        )
        mini_batches: int = parameter(
            20,
            label="Batches",
            help="Random parts of the images, looked at first.",
            level=Level.ADVANCED,
            ge=0,
            le=1000,
        )
        images_per_class: int = parameter(
            40, label="Images a class", help="In each batch, times the classes.", level=Level.ADVANCED, ge=1, le=10_000
        )
        full_passes: int = parameter(
            5, label="Full passes", help="Over all particles, at the end.", level=Level.ADVANCED, ge=1, le=1000
        )
        shift_radius: Angstrom = parameter(
            16.0,
            label="Largest shift",
            help="How far from where it was last seen a particle is looked for.",
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
        seed: int = parameter(0, label="Seed", help="The same seed gives the same classes.", ge=0)
        threads: int = parameter(2, label="Threads", level=Level.ADVANCED, ge=1, le=64)

    def check(self, parameters: Any) -> None:
        """Refuse resolutions the wrong way round, and odd boxes."""
        from cryoloom.protocols.particle_images import check_box_size

        settings_of(parameters)
        check_box_size(parameters.box_size)

    def resources(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any) -> Resources:
        """Memory follows from the number and size of the images, and from the classes."""
        return Resources(cpu=parameters.threads, memory=_memory(inputs["particles"], parameters))

    def predict(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, capacity: Capacity) -> Prediction | None:
        """As measured, scaled by the speed of this machine."""
        from cryoloom.engine.classes2d import predicted_seconds
        from cryoloom.protocols.machine_speed import machine_speed
        from cryoloom.protocols.particle_images import advice_on_box, comparable_count, loading_seconds

        particles = inputs["particles"]
        grid = _grid(particles, parameters)
        seconds = predicted_seconds(
            settings_of(parameters),
            count=comparable_count(particles),
            box_size=grid.box_size,
            pixel_size=grid.pixel_size,
            diameter=parameters.diameter,
            threads=min(parameters.threads, capacity.cpu),
        )
        return Prediction(
            float(seconds.sum()) / machine_speed() + loading_seconds(particles),
            _memory(particles, parameters, grid.box_size),
            advice_on_box(grid, partial(_memory, particles, parameters), capacity.memory),
        )

    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        """Classify, iteration by iteration."""
        import numpy as np

        from cryoloom.engine.classes2d import assess_classes, classify2d, predicted_seconds
        from cryoloom.protocols.checkpoints import kept_states
        from cryoloom.protocols.class2d._tables import classified
        from cryoloom.protocols.inverted_images import inverted_remarks
        from cryoloom.protocols.particle_images import check_class_count, load_particles, tell

        particles = load_particles(
            inputs["particles"].table(),
            workspace.resolve,
            diameter=parameters.diameter,
            box_size=_grid(inputs["particles"], parameters).box_size,
            scratch=workspace.scratch(),
        )
        tell(particles, workspace)
        check_class_count(len(particles), parameters.classes)
        for remark in inverted_remarks(particles, shift_radius=parameters.shift_radius, threads=workspace.threads):
            workspace.warn(remark)
        settings, images = settings_of(parameters), particles.images
        seconds = predicted_seconds(
            settings,
            count=len(images),
            box_size=images.box_size,
            pixel_size=images.pixel_size,
            diameter=images.diameter,
        )
        done = np.cumsum(seconds) / seconds.sum()

        def algorithm(state: Classes2DState | None) -> Iterator[Classes2DState]:
            return classify2d(images, settings, state=state, threads=workspace.threads)

        state: Classes2DState | None = None
        for state in kept_states(workspace, algorithm):
            iteration = state.iteration
            workspace.report(float(done[iteration - 1]), f"iteration {iteration}, {state.resolution:.0f} Å")
            if iteration % _SHOWN_EVERY == 0 and iteration < settings.iterations:
                _write(state, particles, workspace, "partial")
        assert state is not None, "there is at least one iteration"  # noqa: S101
        assessment = assess_classes(images, state, threads=workspace.threads)
        file = _write(state, particles, workspace, "averages")
        return {
            "classes": _items(file, state, assessment, images, workspace),
            "particles": classified(particles, state.poses, assessment),
        }

    def summary(self, outputs: Mapping[str, Snapshot[Any]], parameters: Any) -> str:
        """How many classes are proposed to be kept."""
        classes = outputs["classes"].to_polars(columns=["proposed", "particle_count"])
        kept = classes.filter(classes["proposed"])
        total = max(1, int(classes["particle_count"].sum()))
        share = int(kept["particle_count"].sum()) / total
        return f"{classes.height} classes; {kept.height} proposed to be kept, with {share:.0%} of the particles"

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        return (
            f"{counts.get('particles', 0)} particles were sorted into {counts.get('classes', 0)} classes by "
            f"two-dimensional maximum-likelihood classification up to {parameters.final_resolution:g} Å, with "
            f"{parameters.mini_batches} batches and {parameters.full_passes} passes over all particles."
        )


def settings_of(parameters: Any) -> Classes2DSettings:
    """What the engine is told."""
    from cryoloom.engine.classes2d import Classes2DSettings

    names = (
        "classes",
        "mini_batches",
        "images_per_class",
        "full_passes",
        "initial_resolution",
        "final_resolution",
        "shift_radius",
        "seed",
    )
    return Classes2DSettings(**{name: getattr(parameters, name) for name in names})


def _grid(particles: Snapshot[Any], parameters: Any) -> CommonGrid:
    from cryoloom.protocols.particle_images import samplings_of, working_grid

    return working_grid(samplings_of(particles), parameters.final_resolution, parameters.box_size)


def _memory(particles: Snapshot[Any], parameters: Any, box_size: int | None = None) -> int:
    """In bytes, of the box that is taken, or of another one."""
    from cryoloom.protocols.class2d._cost import peak_memory
    from cryoloom.protocols.particle_images import comparable_count

    grid = _grid(particles, parameters)
    return peak_memory(
        comparable_count(particles),
        settings_of(parameters),
        box_size=box_size or grid.box_size,
        extent=grid.extent,
        diameter=parameters.diameter,
    )


def _write(state: Classes2DState, particles: LoadedParticles, workspace: RoundWorkspace, category: str) -> str:
    from cryoloom.formats import write_stack

    file = workspace.file(category, ".mrcs")
    write_stack(file.path, state.averages, pixel_size=particles.images.pixel_size)
    return file.name


def _items(
    file: str, state: Classes2DState, assessment: Assessment, images: ParticleImages, workspace: RoundWorkspace
) -> list[Class2D]:
    from cryoloom.protocols.class2d._labels import labels_of

    labels = labels_of(state.averages, images.pixel_size, workspace)
    return [
        Class2D(
            id=digest("class2d", workspace.run.encode(), str(number).encode()),
            file=file,
            index=number,
            pixel_size=images.pixel_size,
            box_size=images.box_size,
            particle_count=one.members,
            share=one.members / len(images),
            resolution=one.resolution,
            score=one.merit,
            label=label,
            contrast=one.contrast,
            size=one.size,
            evenness=one.evenness,
            proposed=one.keep,
            reason=one.reason,
        )
        for number, (one, label) in enumerate(zip(assessment.scores, labels, strict=True))
    ]
