"""Refine particles against a map."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from cryoloom.data import FSC, Item, Mask, Particle, Snapshot, Volume, child_id, digest
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
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.data import Table
    from cryoloom.engine.refinement import RefinementSettings, RefinementState
    from cryoloom.protocols.particle_images import CommonGrid, LoadedParticles
    from cryoloom.protocols.refine._start import Start
    from cryoloom.protocols.refined import Refined
    from cryoloom.protocols.trust import Finished, Headline, Trust
    from cryoloom.protocols.upright_reference import UprightReference

INITIAL_RESOLUTION: Mapping[str, float] = {"everywhere": 40.0, "local": 20.0}  # Å, unless another one is given
_REFINED: Mapping[str, float] = {"quick": 0.95, "full": 0.45}  # share of the work that one refinement is


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
            "from were found. There the halves agree in any case, which is no evidence of signal. Without it as the "
            "reference's refinement tells, else 40 Å.",
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
        grid = _grid(inputs["particles"], parameters)
        return Resources(cpu=parameters.threads, memory=_memory(inputs, parameters, grid, grid.box_size))

    def predict(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, capacity: Capacity) -> Prediction | None:
        """As measured, scaled by the speed of this machine; with the box that fits the memory."""
        from cryoloom.protocols.particle_images import advice_on_box
        from cryoloom.protocols.refine._cost import refinement_seconds, saved_by_quick

        count, grid = inputs["particles"].count, _grid(inputs["particles"], parameters)
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
        memory = partial(_memory, inputs, parameters, grid)
        advice = advice_on_box(grid, memory, capacity.memory)
        advice += saved_by_quick(expected, seconds(full_trust=False), "trust=quick")
        given = _given_map(inputs, parameters) if parameters.search == "local" else None
        return Prediction(expected, memory(grid.box_size), [*advice, *_warnings(given, parameters, grid)])

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

        given, local = _given_map(inputs, parameters), parameters.search == "local"
        settings = settings_of(parameters, given)
        if local:
            check_goes_on(inputs["particles"].table())
        particles = load_particles(
            inputs["particles"].table(),
            workspace.resolve,
            diameter=parameters.diameter,
            box_size=parameters.box_size,
            duplicates_within=parameters.duplicates_within,
            copies=local and point_group(parameters.symmetry).order == 1,
            scratch=workspace.scratch(),
        )
        tell(particles, workspace)
        check_halves(particles.half_sets, least=FEWEST)
        reference = _reference(inputs, parameters, particles.grid, workspace)
        mask = read_only_mask(inputs["masks"], particles.grid, workspace) if "masks" in inputs else None
        for warning in (*_warnings(given, parameters, particles.grid), *reference.remarks):
            workspace.warn(warning)
        workspace.list_in_log(reference.table.listing)
        start = _start(given, parameters, particles, reference.volume, mask, workspace)
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
        report = _part(workspace, 0.0, _REFINED[parameters.trust])
        for state in kept_states(workspace, algorithm):
            report(*progress_of(state, settings.iterations))
            if not state.finished:
                _write("partial", {"map": state.combined_map}, particles.grid, workspace)
        assert state is not None, "there is at least one iteration"  # noqa: S101
        result = refined(particles, state, symmetry=settings.symmetry, mask=mask, threads=workspace.threads)
        for warning in result.remarks:
            workspace.warn(warning)
        done = Finished(
            particles, settings, state, result, workspace.resolve, mask, poses=start.poses, sources=start.sources
        )
        first, second = state.half_maps
        maps = {"map": state.combined_map, "half1": first, "half2": second, "mask": result.mask}
        files = _write("maps", maps, particles.grid, workspace)
        page, headline = _believed(done, start.reference, parameters, workspace)
        return _items(files, page, result, headline.resolution, particles.grid, given, parameters, workspace)

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
            f"filtered to {_initial(parameters):g} Å with the symmetry {parameters.symmetry}. The resolution "
            "is where the half maps' correlation, corrected by randomised phases for what the mask makes, falls below "
            "0.143, or that of the pixels if it does not."
        )


def settings_of(parameters: Any, given: Volume | None = None) -> RefinementSettings:
    """What the engine is told.

    Parameters
    ----------
    parameters : of the run
    given : the reference, which may tell up to where half sets were shown the same
    """
    from cryoloom.engine.refinement import RefinementSettings

    names = ("symmetry", "shift_radius", "iterations", "seed")
    values = {name: getattr(parameters, name) for name in names}
    shared = parameters.shared_resolution or (given and given.shared_resolution)
    if shared:
        values["shared_resolution"] = shared
    return RefinementSettings(initial_resolution=_initial(parameters), **values)


def _initial(parameters: Any) -> float:
    given: float | None = parameters.initial_resolution
    return INITIAL_RESOLUTION[parameters.search] if given is None else given


def _given_map(inputs: Mapping[str, Snapshot[Any]], parameters: Any) -> Volume:
    from cryoloom.protocols.volumes import chosen_volume

    return chosen_volume(inputs["reference"], parameters.reference_number, "reference_number")


def _half_files(given: Volume | None, parameters: Any) -> tuple[str, str] | None:
    """Half maps that a local search goes on from, if the reference has them."""
    if given is None or parameters.search != "local":
        return None
    return (given.half1_file, given.half2_file) if given.half1_file and given.half2_file else None


def _begins(given: Volume | None, parameters: Any) -> dict[str, bool]:
    """What decides which details both half sets are shown alike."""
    return {"goes_on": parameters.search == "local", "own_half_maps": _half_files(given, parameters) is not None}


def _warnings(given: Volume | None, parameters: Any, grid: CommonGrid) -> tuple[str, ...]:
    """What should be known before it starts."""
    return settings_of(parameters, given).warnings(grid.pixel_size, **_begins(given, parameters))


def _start(
    given: Volume,
    parameters: Any,
    particles: LoadedParticles,
    reference: NDArray[np.float32],
    mask: NDArray[np.float32] | None,
    workspace: RoundWorkspace,
) -> Start:
    from cryoloom.protocols.refine._start import Start, local_start, read_halves

    if parameters.search != "local":
        return Start(reference)
    files = _half_files(given, parameters)
    halves = None
    if files is not None:
        first, second = map(workspace.resolve, files)
        halves = read_halves(first, second, particles.grid, pixel_size=given.pixel_size)
    return local_start(particles, reference, halves, settings_of(parameters, given), mask, threads=workspace.threads)


def _memory(inputs: Mapping[str, Snapshot[Any]], parameters: Any, grid: CommonGrid, box_size: int) -> int:
    """In bytes, in a box that keeps the width of the images."""
    from cryoloom.protocols.refine._cost import refinement_memory

    return refinement_memory(
        inputs["particles"].count,
        settings_of(parameters),
        box_size,
        extent=grid.extent,
        diameter=parameters.diameter,
        local=parameters.search == "local",
    )


def _grid(particles: Snapshot[Any], parameters: Any) -> CommonGrid:
    from cryoloom.protocols.particle_images import common_grid, samplings_of

    return common_grid(samplings_of(particles), box_size=parameters.box_size)


def _reference(
    inputs: Mapping[str, Snapshot[Any]], parameters: Any, grid: CommonGrid, workspace: RoundWorkspace
) -> UprightReference:
    from cryoloom.protocols.reference_maps import read_chosen_reference
    from cryoloom.protocols.upright_reference import upright_reference

    offer = "Let its axes be found (align_reference)"
    if parameters.search == "local":
        offer = "Bring it and its particles to the axes (align-to-symmetry)"
    return upright_reference(
        read_chosen_reference(inputs["reference"], parameters.reference_number, grid, workspace),
        parameters.symmetry,
        pixel_size=grid.pixel_size,
        diameter=parameters.diameter,
        align=parameters.align_reference,
        accept=parameters.accept_symmetry,
        offers=(offer, "accept_symmetry"),
        threads=workspace.threads,
    )


def _part(workspace: RoundWorkspace, begin: float, end: float) -> Callable[[float, str], None]:
    """Reports of one part of the round, as shares of the whole."""

    def report(share: float, message: str) -> None:
        workspace.report(begin + (end - begin) * share, message)

    return report


def _believed(
    done: Finished, start: NDArray[np.float32], parameters: Any, workspace: RoundWorkspace
) -> tuple[str | None, Headline]:
    """Name of the trust page, None if it could not be made, and what it says of the resolution."""
    from cryoloom.protocols.trust import PAGE_FAULTS, headline_without_page, write_trust

    page, figures = (workspace.file("trust", f".{kind}") for kind in ("html", "json"))
    try:
        trust = _trust(done, start, parameters, workspace)
        write_trust(page.path, figures.path, trust, f"{workspace.project.name}, {workspace.run}")
    except PAGE_FAULTS as fault:
        workspace.list_in_log(traceback.format_exc())
        headline = headline_without_page(done.result, fault)
        workspace.warn(headline.sentence)
        return None, headline
    if trust.is_doubtful:
        workspace.warn(trust.headline.sentence)
    return page.name, trust.headline


def _trust(done: Finished, start: NDArray[np.float32], parameters: Any, workspace: RoundWorkspace) -> Trust:
    """What can be believed of it, after the checks that were asked for."""
    from cryoloom.protocols.checkpoints import kept_states
    from cryoloom.protocols.refine._progress import progress_of
    from cryoloom.protocols.trust import assess, cross_checked, second_refinement

    checks = None
    begun = _REFINED[parameters.trust]
    if parameters.trust == "full":
        report = _part(workspace, begun, 2.0 * begun)

        def algorithm(state: RefinementState | None) -> Iterator[RefinementState]:
            return second_refinement(done, start, state=state, threads=workspace.threads)

        for state in kept_states(workspace, algorithm, name="second-checkpoint"):
            share, message = progress_of(state, done.settings.iterations)
            report(share, f"once more, {message}")
        report = _part(workspace, 2.0 * begun, _REFINED["quick"])
        checks = cross_checked(done, state, threads=workspace.threads, report=report)
        begun = _REFINED["quick"]
    report = _part(workspace, begun, 1.0)
    return assess(done, cross_checks=checks, threads=workspace.threads, report=report)


def _write(
    category: str, maps: Mapping[str, NDArray[np.float32]], grid: CommonGrid, workspace: RoundWorkspace
) -> dict[str, str]:
    from cryoloom.formats import write_volume

    files = {}
    for name, volume in maps.items():
        file = workspace.file(category, f"_{name}.mrc")
        write_volume(file.path, volume, pixel_size=grid.pixel_size)
        files[name] = file.name
    return files


def _items(
    files: Mapping[str, str],
    page: str | None,
    result: Refined,
    resolution: float | None,
    grid: CommonGrid,
    given: Volume,
    parameters: Any,
    workspace: RoundWorkspace,
) -> dict[str, Table | list[Item]]:
    from cryoloom.protocols.detectors import OwnDetector

    shared = settings_of(parameters, given).shown_alike(**_begins(given, parameters))
    sampling: dict[str, Any] = {"pixel_size": grid.pixel_size, "box_size": grid.box_size}
    volume = Volume(
        id=digest("map", workspace.run.encode(), b"1"),
        file=files["map"],
        half1_file=files["half1"],
        half2_file=files["half2"],
        mask_file=files["mask"],
        trust_file=page,
        resolution=resolution,
        symmetry=parameters.symmetry.upper(),
        **OwnDetector.of_particles(result.particles).columns,
        hand=given.hand,
        shared_resolution=shared,
        **sampling,
    )
    mask = Mask(id=child_id(volume.id, "mask"), parent_id=volume.id, file=files["mask"], **sampling)
    fscs: list[Item] = [
        FSC(
            id=child_id(volume.id, name),
            parent_id=volume.id,
            volume_id=volume.id,
            curve=name,
            frequency=tuple(curve.frequency.tolist()),
            correlation=tuple(curve.correlation.tolist()),
        )
        for name, curve in result.correlation.curves.items()
    ]
    return {"volumes": [volume], "particles": result.particles, "masks": [mask], "fscs": fscs}
