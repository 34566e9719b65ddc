"""What a run of a refinement writes: its maps and items, and what can be believed of them."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cryoloom.data import FSC, Item, Mask, Volume, child_id, digest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.data import Table
    from cryoloom.engine.refinement import RefinementState
    from cryoloom.protocols.particle_images import CommonGrid
    from cryoloom.protocols.refined import Refined
    from cryoloom.protocols.trust import Finished, Headline, Trust
    from cryoloom.workflow.workspace import RoundWorkspace

REFINED: Mapping[str, float] = {"quick": 0.95, "full": 0.45}  # share of the work that one refinement is


def part_of_work(workspace: RoundWorkspace, begin: float, end: float) -> Callable[[float, str], None]:
    """Reports of one part of the round, as shares of the whole."""

    def report(share: float, message: str) -> None:
        workspace.report(begin + (end - begin) * share, message)

    return report


def believed(
    done: Finished, start: NDArray[np.float32], parameters: Any, workspace: RoundWorkspace
) -> tuple[str | None, Headline]:
    """Name of the trust page, None if it could not be made, and what it says of the resolution."""
    from cryoloom.protocols.trust import PAGE_FAULTS, headline_without_page, write_trust

    second = _second(done, start, parameters, workspace)
    page, figures = (workspace.file("trust", f".{kind}") for kind in ("html", "json"))
    try:
        trust = _trust(done, second, parameters, workspace)
        write_trust(page.path, figures.path, trust, f"{workspace.project.name}, {workspace.run}")
    except PAGE_FAULTS as fault:
        workspace.list_in_log(traceback.format_exc())
        headline = headline_without_page(done.result, fault)
        workspace.warn(headline.sentence)
        return None, headline
    if trust.is_doubtful:
        workspace.warn(trust.headline.sentence)
    return page.name, trust.headline


def _second(
    done: Finished, start: NDArray[np.float32], parameters: Any, workspace: RoundWorkspace
) -> RefinementState | None:
    """The last state of another refinement from the same start, if it was asked for."""
    from cryoloom.protocols.checkpoints import kept_states
    from cryoloom.protocols.refine._progress import progress_of
    from cryoloom.protocols.trust import second_refinement

    if parameters.trust != "full":
        return None
    begun = REFINED["full"]
    report = part_of_work(workspace, begun, 2.0 * begun)

    def algorithm(state: RefinementState | None) -> Iterator[RefinementState]:
        return second_refinement(done, start, state=state, threads=workspace.threads)

    last: RefinementState | None = None
    for last in kept_states(workspace, algorithm, name="second-checkpoint"):
        share, message = progress_of(last, done.settings)
        report(share, f"once more, {message}")
    return last


def _trust(done: Finished, second: RefinementState | None, parameters: Any, workspace: RoundWorkspace) -> Trust:
    """What can be believed of it, after the checks that were asked for."""
    from cryoloom.protocols.trust import assess, cross_checked

    checks = None
    if second is not None:
        report = part_of_work(workspace, 2.0 * REFINED[parameters.trust], REFINED["quick"])
        checks = cross_checked(done, second, threads=workspace.threads, report=report)
    report = part_of_work(workspace, REFINED["quick"], 1.0)
    return assess(done, cross_checks=checks, threads=workspace.threads, report=report)


def written(
    category: str, maps: Mapping[str, NDArray[np.float32]], grid: CommonGrid, workspace: RoundWorkspace
) -> dict[str, str]:
    from cryoloom.formats import write_volume

    files = {}
    for name, volume in maps.items():
        file = workspace.file(category, f"_{name}.mrc")
        write_volume(file.path, volume, pixel_size=grid.pixel_size)
        files[name] = file.name
    return files


def items_of(
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
    from cryoloom.protocols.particle_images import shared_resolution

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
        shared_resolution=shared_resolution(result.particles),
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
