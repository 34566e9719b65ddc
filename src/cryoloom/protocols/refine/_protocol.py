"""Refine particles against a map."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from cryoloom.data import FSC, Item, Mask, Particle, Snapshot, Volume
from cryoloom.protocols.refine._given import (
    given_map,
    grid_of,
    initial_resolution_of,
    memory_of,
    reference_of,
    settings_of,
    start_of,
    told_shared,
    warnings_of,
)
from cryoloom.protocols.refine._results import REFINED, believed, items_of, part_of_work, written
from cryoloom.protocols.resolutions import told_absence, told_resolution
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
    from cryoloom.engine.refinement import RefinementState


class Refine(WholeProtocol):
    """Refine the poses of particles and their map, in two half sets that know nothing of each other's noise.

    All that the halves share is the start, up to the initial resolution, and how far their maps agree. It begins by
    looking for every particle everywhere, then about where it was found, and ends by itself when nothing improves. A
    local search goes on from poses that particles have, in the half sets in which these were found: after a change of
    the box or the pixel size, or with copies by symmetry and no symmetry imposed. A page tells how far the result can
    be believed, and the worst of its figures is the resolution.
    """

    id = "refine"
    version = 2  # 1 started from a reference of any symmetry, and told the resolution of the half maps alone
    stage = Stage.REFINE
    citations = (
        "Scheres (2012), J. Struct. Biol. 180:519-530, doi:10.1016/j.jsb.2012.09.006",
        "Scheres & Chen (2012), Nat. Methods 9:853-854, doi:10.1038/nmeth.2115",
        "Chen et al. (2013), Ultramicroscopy 135:24-35, doi:10.1016/j.ultramic.2013.06.004",
        "Rosenthal & Henderson (2003), J. Mol. Biol. 333:721-745, doi:10.1016/j.jmb.2003.07.013",
    )
    file_categories: ClassVar[Mapping[str, FileRole]] = {
        "maps": FileRole.RESULT,
        "trust": FileRole.RESULT,
        "partial": FileRole.SCRATCH,
    }
    waits_for_closed_inputs = True
    gpu_programs: ClassVar[Mapping[str, str]] = {"relion_refine": "RELION"}

    class Inputs:
        """The particles, and a map to start from."""

        particles: Input[Particle] = input_set("images of particles with CTFs")
        reference: Input[Volume] = input_set("map to start from; of several, the one that `reference_number` says")
        masks: Input[Mask] = input_set(
            "soft mask, outside of which maps are taken for empty; without it, a sphere of the diameter", optional=True
        )

    class Outputs:
        """The map, and the particles with their poses."""

        volumes: Output[Volume] = output_set("the map, its half maps and its mask; neither sharpened nor filtered")
        particles: Output[Particle] = output_set("particles with refined poses")
        masks: Output[Mask] = output_set("the mask that was given, or a soft one about what stands out of the solvent")
        fscs: Output[FSC] = output_set("correlation curves of the half maps")

    class Parameters(ProtocolParameters):
        """What is imposed, and from where it starts."""

        diameter: Angstrom = parameter(
            label="Diameter",
            help="Of the particle, its longest; what lies beyond is taken for background.",
            gt=10,
            le=5000,
        )
        symmetry: str = parameter(
            "C1", label="Symmetry", help="Point group: C1, C3, D7, T or O; the reference lies in its frame."
        )
        search: Literal["everywhere", "local"] = parameter(
            "everywhere",
            label="Search",
            help="local goes on from the poses that particles have, within a reach that follows from the initial "
            "resolution; with half maps of the reference, each half set from its own.",
        )
        initial_resolution: Angstrom | None = parameter(
            None,
            label="Initial resolution",
            help="Finer details of the reference are left out; without it 40 Å, or 20 Å in a local search. Finer than "
            "20 Å, halves that start from one map are no longer independent.",
            gt=2,
            le=200,
        )
        shared_resolution: Angstrom | None = parameter(
            None,
            label="Shared resolution",
            help="Of a local search: up to where both half sets were shown the same map when the poses that it goes on "
            "from were found. There the halves agree in any case, which is no evidence of signal. Without it "
            "the finest that the refinements of reference and particles tell, else 40 Å.",
            level=Level.ADVANCED,
            gt=2,
            le=200,
        )
        reference_number: int = parameter(1, label="Reference", help="Which map of the input it starts from.", ge=1)
        align_reference: bool = parameter(
            False,
            label="Align to axes",
            help="Look for the axes of the symmetry in the reference, and bring them to where the group has them; not "
            "in a local search.",
        )
        accept_symmetry: bool = parameter(
            False,
            label="Impose the symmetry anyhow",
            help="Go on although the reference correlates with itself by less than 0.7 under some operator at 20 Å.",
            level=Level.ADVANCED,
        )
        trust: Literal["full", "quick"] = parameter(
            "full",
            label="Trust page",
            help="full refines a second time, with another seed or from moved poses, to see which poses are found "
            "again, and aligns images of noise beside particles: twice the time. quick leaves both out, and the page "
            "says so.",
        )
        shift_radius: Angstrom = parameter(
            20.0,
            label="Largest shift",
            help="How far from the centre of its image a particle is looked for at first, in a search everywhere.",
            level=Level.ADVANCED,
            ge=0,
            le=500,
        )
        box_size: Pixel | None = parameter(
            None,
            label="Image size",
            help="Edge of the images as they are compared, and of the map; without it, that of the particles.",
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
        iterations: int = parameter(
            20, label="Iterations", help="At most; it ends by itself.", level=Level.EXPERT, ge=2, le=200
        )
        seed: int = parameter(0, label="Seed", help="The same seed gives the same map.", level=Level.ADVANCED, ge=0)
        threads: int = parameter(2, label="Threads", level=Level.ADVANCED, ge=1, le=64)

    def check(self, parameters: Any) -> None:
        """Refuse what is no point group, odd boxes, and to move a reference away from its poses."""
        from cryoloom.errors import ParameterError
        from cryoloom.protocols.particle_images import check_box_size

        settings_of(parameters)
        if parameters.search == "local" and parameters.align_reference:
            raise ParameterError(
                "A local search goes on from poses in the frame of the reference, which must then not be moved away "
                "from them; bring both to the axes with align-to-symmetry, and leave align_reference out."
            )
        check_box_size(parameters.box_size)

    def resources(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any) -> Resources:
        """Memory follows from the number and size of the images, and from how widely it looks."""
        grid = grid_of(inputs["particles"], parameters)
        return Resources(cpu=parameters.threads, memory=memory_of(inputs, parameters, grid, grid.box_size))

    def predict(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, capacity: Capacity) -> Prediction | None:
        """As measured, scaled by the speed of this machine; with the box that fits the memory."""
        from cryoloom.protocols.particle_images import advice_on_box, comparable_count
        from cryoloom.protocols.refine._cost import refinement_seconds, saved_by_quick

        count, grid = comparable_count(inputs["particles"]), grid_of(inputs["particles"], parameters)
        seconds = partial(
            refinement_seconds,
            count,
            settings_of(parameters),
            grid,
            diameter=parameters.diameter,
            local=parameters.search == "local",
            threads=min(parameters.threads, capacity.cpu),
        )
        expected = seconds(full_trust=parameters.trust == "full")
        memory = partial(memory_of, inputs, parameters, grid)
        advice = advice_on_box(grid, memory, capacity.memory)
        advice += saved_by_quick(expected, seconds(full_trust=False), "trust=quick")
        return Prediction(expected, memory(grid.box_size), [*advice, *warnings_of(inputs, parameters, grid)])

    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        """Refine, iteration by iteration."""
        from cryoloom.engine.refinement import refine
        from cryoloom.engine.symmetry import point_group
        from cryoloom.protocols.checkpoints import kept_states
        from cryoloom.protocols.particle_images import check_halves, load_particles, tell
        from cryoloom.protocols.reference_maps import read_only_mask
        from cryoloom.protocols.refine._progress import FEWEST, progress_of
        from cryoloom.protocols.refine._start import check_goes_on
        from cryoloom.protocols.refined import refined
        from cryoloom.protocols.trust import Finished

        given, local = given_map(inputs, parameters), parameters.search == "local"
        settings = settings_of(parameters, told_shared(inputs, given))
        if local:
            check_goes_on(inputs["particles"].table())
        grid = grid_of(inputs["particles"], parameters)
        reference = reference_of(inputs, parameters, grid, workspace)
        mask = read_only_mask(inputs["masks"], grid, workspace) if "masks" in inputs else None
        for warning in (*warnings_of(inputs, parameters, grid), *reference.remarks):
            workspace.warn(warning)
        workspace.list_in_log(reference.table.listing)
        particles = load_particles(
            inputs["particles"].table(),
            workspace.resolve,
            diameter=parameters.diameter,
            box_size=grid.box_size,
            pixel_size=grid.pixel_size,
            duplicates_within=parameters.duplicates_within,
            copies=local and point_group(parameters.symmetry).order == 1,
            oriented=local,
            scratch=workspace.scratch(),
        )
        tell(particles, workspace)
        check_halves(particles.half_sets, least=FEWEST)
        start = start_of(given, settings, parameters, particles, reference.volume, mask, workspace)
        for remark in start.remarks:
            workspace.warn(remark)

        def algorithm(state: RefinementState | None) -> Iterator[RefinementState]:
            return refine(
                particles.images,
                particles.half_sets,
                start.reference,
                settings,
                poses=start.poses,
                sources=start.sources,
                mask=mask,
                state=state,
                threads=workspace.threads,
            )

        state: RefinementState | None = None
        report = part_of_work(workspace, 0.0, REFINED[parameters.trust])
        for state in kept_states(workspace, algorithm):
            report(*progress_of(state, settings))
            if not state.finished:
                written("partial", {"map": state.combined_map}, particles.grid, workspace)
        assert state is not None, "there is at least one iteration"  # noqa: S101
        shared, threads = start.shown_alike(settings), workspace.threads
        result = refined(particles, state, symmetry=settings.symmetry, mask=mask, shared=shared, threads=threads)
        for warning in result.remarks:
            workspace.warn(warning)
        done = Finished(
            particles, settings, state, result, workspace.resolve, mask, poses=start.poses, sources=start.sources
        )
        first, second = state.half_maps
        maps = {"map": state.combined_map, "half1": first, "half2": second, "mask": result.mask}
        files = written("maps", maps, particles.grid, workspace)
        page, headline = believed(done, start.reference, parameters, workspace)
        return items_of(files, page, result, headline.resolution, particles.grid, given, parameters, workspace)

    def summary(self, outputs: Mapping[str, Snapshot[Any]], parameters: Any) -> str:
        """The resolution."""
        (volume,) = outputs["volumes"].items()
        if volume.resolution is None:
            return told_absence(volume)
        return f"{told_resolution(volume.resolution, volume.pixel_size)}; symmetry {parameters.symmetry}"

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        about = " by local searches about their former poses" if parameters.search == "local" else ""
        return (
            f"{counts.get('particles', 0)} particles were refined{about} in two independent half sets from a reference "
            f"filtered to {initial_resolution_of(parameters):g} Å with the symmetry {parameters.symmetry}. The "
            "resolution is that up to which the half maps' correlation, corrected by randomised phases for what the "
            "mask makes, exceeds 0.143 by its standard error, or that of the pixels if it does everywhere."
        )
