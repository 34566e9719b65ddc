"""What a run of a refinement was given: what the engine is told, and the map, grid and memory that follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.data import Snapshot, Volume
    from cryoloom.engine.refinement import RefinementSettings
    from cryoloom.protocols.particle_images import CommonGrid, LoadedParticles
    from cryoloom.protocols.refine._start import Start
    from cryoloom.protocols.upright_reference import UprightReference
    from cryoloom.workflow.workspace import RoundWorkspace

INITIAL_RESOLUTION: Mapping[str, float] = {"everywhere": 40.0, "local": 20.0}  # Å, unless another one is given
SHARED_NOT_TOLD = (
    "Neither the reference nor the particles tell up to where both half sets were shown the same map when the poses "
    "were found; {taken:g} Å is taken for it, so if it was finer, give it ({setting})."
)


def settings_of(parameters: Any, shared: float | None = None) -> RefinementSettings:
    """What the engine is told.

    Parameters
    ----------
    parameters : of the run
    shared : up to where half sets were shown the same, as `told_shared` has it, in Å; that of the run goes before it
    """
    from cryoloom.engine.refinement import RefinementSettings

    names = ("symmetry", "shift_radius", "iterations", "seed")
    values = {name: getattr(parameters, name) for name in names}
    if shared := parameters.shared_resolution or shared:
        values["shared_resolution"] = shared
    return RefinementSettings(initial_resolution=initial_resolution_of(parameters), **values)


def initial_resolution_of(parameters: Any) -> float:
    given: float | None = parameters.initial_resolution
    return INITIAL_RESOLUTION[parameters.search] if given is None else given


def given_map(inputs: Mapping[str, Snapshot[Any]], parameters: Any) -> Volume:
    from cryoloom.protocols.volumes import chosen_volume

    return chosen_volume(inputs["reference"], parameters.reference_number, "reference_number")


def told_shared(inputs: Mapping[str, Snapshot[Any]], given: Volume) -> float | None:
    """Up to where both half sets were shown the same map before, in Å: the finest that map or particles tell."""
    from cryoloom.protocols.particle_images import shared_resolution

    both = (given.shared_resolution, shared_resolution(inputs["particles"]))
    return min((one for one in both if one is not None), default=None)


def _half_files(given: Volume, parameters: Any) -> tuple[str, str] | None:
    """Half maps that a local search goes on from, if the reference has them."""
    if parameters.search != "local":
        return None
    return (given.half1_file, given.half2_file) if given.half1_file and given.half2_file else None


def warnings_of(inputs: Mapping[str, Snapshot[Any]], parameters: Any, grid: CommonGrid) -> tuple[str, ...]:
    """What should be known before it starts."""
    if parameters.search != "local":
        return settings_of(parameters).warnings(grid.pixel_size)
    given = given_map(inputs, parameters)
    shared = told_shared(inputs, given)
    settings = settings_of(parameters, shared)
    own = _half_files(given, parameters) is not None
    warnings = settings.warnings(grid.pixel_size, goes_on=True, own_half_maps=own)
    if shared or parameters.shared_resolution:
        return warnings
    return (*warnings, SHARED_NOT_TOLD.format(taken=settings.shared_resolution, setting="shared_resolution"))


def start_of(
    given: Volume,
    settings: RefinementSettings,
    parameters: Any,
    particles: LoadedParticles,
    reference: NDArray[np.float32],
    mask: NDArray[np.float32] | None,
    workspace: RoundWorkspace,
) -> Start:
    from cryoloom.protocols.refine._start import everywhere_start, local_start, read_halves

    if parameters.search != "local":
        return everywhere_start(particles, reference, settings, threads=workspace.threads)
    files = _half_files(given, parameters)
    halves = None
    if files is not None:
        first, second = map(workspace.resolve, files)
        halves = read_halves(first, second, particles.grid, pixel_size=given.pixel_size)
    return local_start(particles, reference, halves, settings, mask, threads=workspace.threads)


def memory_of(inputs: Mapping[str, Snapshot[Any]], parameters: Any, grid: CommonGrid, box_size: int) -> int:
    """In bytes, in a box that keeps the width of the images."""
    from cryoloom.protocols.particle_images import comparable_count
    from cryoloom.protocols.refine._cost import refinement_memory

    return refinement_memory(
        comparable_count(inputs["particles"]),
        settings_of(parameters),
        box_size,
        extent=grid.extent,
        diameter=parameters.diameter,
        local=parameters.search == "local",
    )


def grid_of(particles: Snapshot[Any], parameters: Any) -> CommonGrid:
    from cryoloom.protocols.particle_images import common_grid, samplings_of

    return common_grid(samplings_of(particles), box_size=parameters.box_size)


def reference_of(
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
