"""Sort particles by their structure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import Class3D, Item, Mask, Particle, Snapshot, Volume, digest
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
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.data import Table
    from cryoloom.engine.classes3d import Classes3DSettings, Classes3DState
    from cryoloom.protocols.class3d._compute import FoundClass
    from cryoloom.protocols.particle_images import CommonGrid, LoadedParticles


class Classify3D(WholeProtocol):
    """Sort particles whose poses are known into classes of different structure, and say whether the split is real.

    Each half set finds the classes on its own, from a random start: first where in the map particles differ, then which
    particle belongs to which class. What errors of pose, grey scale and defocus could explain is left out of account.
    If the two half sets divide the particles in the same way, the split is reproducible; if not, it is said.
    """

    id = "class3d"
    stage = Stage.CLASSES_3D
    citations = (
        "Scheres (2012), J. Struct. Biol. 180:519-530, doi:10.1016/j.jsb.2012.09.006",
        "Punjani & Fleet (2021), J. Struct. Biol. 213:107702, doi:10.1016/j.jsb.2021.107702",
        "Hubert & Arabie (1985), J. Classif. 2:193-218, doi:10.1007/BF01908075",
    )
    file_categories: ClassVar[Mapping[str, FileRole]] = {"maps": FileRole.RESULT}
    waits_for_closed_inputs = True
    gpu_programs: ClassVar[Mapping[str, str]] = {"relion_refine": "RELION"}

    class Inputs:
        """Refined particles and their map."""

        particles: Input[Particle] = input_set("images of particles with CTFs and refined poses")
        reference: Input[Volume] = input_set("map that they were refined to; of several, as `reference_number` says")
        masks: Input[Mask] = input_set("where particles may differ; without, about the reference", optional=True)

    class Outputs:
        """The classes, and the particles with theirs."""

        classes: Output[Class3D] = output_set("a map of each class, the largest first")
        volumes: Output[Volume] = output_set("the same with half maps and mask; neither sharpened nor filtered")
        particles: Output[Particle] = output_set("particles with their class, and as score its probability; same poses")

    class Parameters(ProtocolParameters):
        """How many classes, and how finely they are told apart."""

        diameter: Angstrom = parameter(
            label="Diameter",
            help="Of the particle, its longest; what lies beyond is taken for background.",
            gt=10,
            le=5000,
        )
        classes: int = parameter(2, label="Classes", help="Structures that are told apart.", ge=2, le=20)
        symmetry: str = parameter(
            "C1", label="Symmetry", help="Point group of every class: C1, C3, D7, T or O; poses lie in its frame."
        )
        accept_symmetry: bool = parameter(
            False,
            label="Impose the symmetry anyhow",
            help="Go on although the reference correlates with itself by less than 0.7 under some operator at 20 Å.",
            level=Level.ADVANCED,
        )
        resolution: Angstrom = parameter(10.0, label="Resolution", help="Finer details are not compared.", gt=2, le=60)
        start_resolution: Angstrom = parameter(
            15.0,
            label="Start resolution",
            help="The same, while it is looked for where particles differ.",
            level=Level.ADVANCED,
            gt=2,
            le=100,
        )
        reference_number: int = parameter(1, label="Reference", help="Which map of the input it is.", ge=1)
        box_size: Pixel | None = parameter(
            None,
            label="Image size",
            help="Edge of the images as they are compared, and of the maps; without it, that of the particles.",
            level=Level.ADVANCED,
            ge=16,
            le=1024,
        )
        duplicates_within: Angstrom = parameter(
            20.0,
            label="Duplicates within",
            help="Of particles that lie so near each other in a micrograph, one is taken; 0 compares images only.",
            level=Level.ADVANCED,
            ge=0,
        )
        start_iterations: int = parameter(
            20,
            label="Start iterations",
            help="In which it is looked for where particles differ.",
            level=Level.EXPERT,
            ge=2,
            le=200,
        )
        iterations: int = parameter(
            15,
            label="Iterations",
            help="In which particles are sorted, at most; it ends by itself.",
            level=Level.EXPERT,
            ge=1,
            le=200,
        )
        seed: int = parameter(0, label="Seed", help="The same seed gives the same classes.", ge=0)
        threads: int = parameter(2, label="Threads", level=Level.ADVANCED, ge=1, le=64)

    def check(self, parameters: Any) -> None:
        """Refuse what is no point group, resolutions the wrong way round, and odd boxes."""
        from cryoloom.protocols.particle_images import check_box_size

        settings_of(parameters)
        check_box_size(parameters.box_size)

    def resources(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any) -> Resources:
        """Memory follows from the number and size of the images, and from the resolution."""
        return Resources(cpu=parameters.threads, memory=_memory(inputs["particles"], parameters))

    def predict(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, capacity: Capacity) -> Prediction | None:
        """As measured, scaled by the speed of this machine; all iterations that there may be."""
        from cryoloom.engine.classes3d import predicted_seconds
        from cryoloom.protocols.machine_speed import machine_speed
        from cryoloom.protocols.particle_images import advice_on_box, comparable_count, loading_seconds

        particles = inputs["particles"]
        grid = _grid(particles, parameters)
        seconds = predicted_seconds(
            settings_of(parameters),
            count=comparable_count(particles),
            box_size=grid.box_size,
            pixel_size=grid.pixel_size,
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
        """Sort, iteration by iteration."""
        from cryoloom.engine.classes3d import check_enough, classify3d
        from cryoloom.engine.symmetry import point_group
        from cryoloom.protocols.checkpoints import kept_states
        from cryoloom.protocols.class3d._compute import (
            Progress,
            check_symmetry,
            doubts_of,
            found_classes,
            with_classes,
        )
        from cryoloom.protocols.known_poses import check_frame, check_known_poses, source_rows
        from cryoloom.protocols.particle_images import check_halves, load_particles, tell
        from cryoloom.protocols.reference_maps import read_chosen_reference
        from cryoloom.protocols.volumes import chosen_volume

        particles = load_particles(
            inputs["particles"].table(),
            workspace.resolve,
            diameter=parameters.diameter,
            box_size=parameters.box_size,
            duplicates_within=parameters.duplicates_within,
            copies=point_group(parameters.symmetry).order == 1,
            oriented=True,
            scratch=workspace.scratch(),
        )
        tell(particles, workspace)
        check_halves(particles.half_sets)
        poses, settings, threads = check_known_poses(particles), settings_of(parameters), workspace.threads
        sources = source_rows(particles)
        check_enough(particles.half_sets, settings, sources=sources)
        reference = read_chosen_reference(inputs["reference"], parameters.reference_number, particles.grid, workspace)
        mask = _mask(inputs, reference, particles.grid, workspace)
        checked = check_symmetry(
            reference,
            parameters.symmetry,
            pixel_size=particles.grid.pixel_size,
            diameter=parameters.diameter,
            accept=parameters.accept_symmetry,
            threads=threads,
        )
        workspace.list_in_log(checked.table.listing)
        for remark in checked.remarks:
            workspace.warn(remark)
        check_frame(particles, poses, reference, mask, settings.symmetry, threads=threads)
        progress = Progress(settings, len(particles), particles.grid)

        def algorithm(state: Classes3DState | None) -> Iterator[Classes3DState]:
            return classify3d(
                particles.images,
                poses,
                particles.half_sets,
                mask,
                settings,
                sources=sources,
                state=state,
                threads=threads,
            )

        state: Classes3DState | None = None
        for state in kept_states(workspace, algorithm):
            workspace.report(*progress.of(state))
        assert state is not None, "there is at least one iteration"  # noqa: S101
        for doubt in doubts_of(particles, state):
            workspace.warn(doubt)
        given = chosen_volume(inputs["reference"], parameters.reference_number, "reference_number")
        written = _Written(particles, state, given, parameters, workspace)
        written.mask(mask)
        for found in found_classes(particles, poses, state, mask, settings.symmetry, threads=threads):
            written.add(found)
        return {
            "classes": written.classes,
            "volumes": written.volumes,
            "particles": with_classes(particles, state),
        }

    def summary(self, outputs: Mapping[str, Snapshot[Any]], parameters: Any) -> str:
        """Shares of the classes, and whether they can be believed."""
        classes = outputs["classes"].to_polars(columns=["share", "agreement", "reproducible"])
        shares = ", ".join(f"{share:.0%}" for share in classes["share"])
        how = "reproducible" if classes["reproducible"].all() else "not reproducible"
        return f"classes of {shares} of the particles; {how} (agreement {classes['agreement'][0]:.2f})"

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        return (
            f"{counts.get('particles', 0)} particles with fixed poses were sorted into {parameters.classes} "
            f"three-dimensional classes of the symmetry {parameters.symmetry} up to {parameters.resolution:g} Å, in "
            "two half sets independently; the agreement of their divisions is given as adjusted Rand index."
        )

    def particulars(self, parameters: Any, outputs: Mapping[str, Snapshot[Any]]) -> str:
        """How large and how well resolved the classes are, and whether they can be believed."""
        if "classes" not in outputs:
            return ""
        classes = outputs["classes"].to_polars(columns=["share", "resolution", "agreement", "reproducible"])
        if not classes.height:
            return ""
        told = [
            f"{share:.0%} of the particles" + ("" if finest is None else f" at {finest:.1f} Å")
            for share, finest in classes.select("share", "resolution").iter_rows()
        ]
        split = "reproducible" if classes["reproducible"].all() else "not reproducible"
        return (
            f"The classes hold {', '.join(told)}; the divisions by the two half sets agree by "
            f"{classes['agreement'][0]:.2f}, so the split is {split}."
        )


def settings_of(parameters: Any) -> Classes3DSettings:
    """What the engine is told."""
    from cryoloom.engine.classes3d import Classes3DSettings

    names = ("classes", "symmetry", "resolution", "start_resolution", "start_iterations", "iterations", "seed")
    return Classes3DSettings(**{name: getattr(parameters, name) for name in names})


class _Written:
    """Files and items of the classes that have been written so far."""

    def __init__(
        self,
        particles: LoadedParticles,
        state: Classes3DState,
        given: Volume,
        parameters: Any,
        workspace: RoundWorkspace,
    ) -> None:
        from cryoloom.protocols.detectors import OwnDetector

        self._grid, self._state, self._parameters, self._workspace = particles.grid, state, parameters, workspace
        self._of_poses: dict[str, Any] = {"hand": given.hand, "shared_resolution": given.shared_resolution}
        self._detector = OwnDetector.of_particles(particles.table).columns
        self._mask = ""
        self.classes: list[Class3D] = []
        self.volumes: list[Volume] = []

    def mask(self, mask: NDArray[np.float32]) -> None:
        """Write the mask that belongs to all classes."""
        self._mask = self._file("mask", mask)

    def add(self, found: FoundClass) -> None:
        """Write a class and its halves."""
        known: dict[str, Any] = {
            "id": digest("class3d", self._workspace.run.encode(), str(found.number).encode()),
            "file": self._file(f"class{found.number}", found.map.combined),
            "pixel_size": self._grid.pixel_size,
            "box_size": self._grid.box_size,
            "resolution": found.resolution,
        }
        judged = {"agreement": self._state.agreement, "reproducible": self._state.is_reproducible}
        self.classes.append(
            Class3D(**known, particle_count=found.count, share=found.share, class_number=found.number, extra=judged)
        )
        halves = [self._file(f"class{found.number}_half{half}", one) for half, one in enumerate(found.map.halves, 1)]
        self.volumes.append(
            Volume(
                **known,
                half1_file=halves[0],
                half2_file=halves[1],
                mask_file=self._mask,
                symmetry=self._parameters.symmetry.upper(),
                **self._detector,
                **self._of_poses,
            )
        )

    def _file(self, name: str, volume: NDArray[np.float32]) -> str:
        from cryoloom.formats import write_volume

        file = self._workspace.file("maps", f"_{name}.mrc")
        write_volume(file.path, volume, pixel_size=self._grid.pixel_size)
        return file.name


def _grid(particles: Snapshot[Any], parameters: Any) -> CommonGrid:
    from cryoloom.protocols.particle_images import common_grid, samplings_of

    return common_grid(samplings_of(particles), box_size=parameters.box_size)


def _memory(particles: Snapshot[Any], parameters: Any, box_size: int | None = None) -> int:
    """In bytes, of the box that is taken, or of another one."""
    from cryoloom.protocols.class3d._compute import peak_memory
    from cryoloom.protocols.particle_images import comparable_count

    grid = _grid(particles, parameters)
    count = comparable_count(particles)
    return peak_memory(count, settings_of(parameters), box_size=box_size or grid.box_size, extent=grid.extent)


def _mask(
    inputs: Mapping[str, Snapshot[Any]], reference: NDArray[np.float32], grid: CommonGrid, workspace: RoundWorkspace
) -> NDArray[np.float32]:
    from cryoloom.protocols.class3d._compute import mask_of
    from cryoloom.protocols.reference_maps import read_only_mask

    masks = inputs.get("masks")
    if masks is None:
        return mask_of(reference, grid, threads=workspace.threads)
    return read_only_mask(masks, grid, workspace)
