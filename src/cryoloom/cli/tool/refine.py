"""`cryoloom tool refine`: poses and map of particles, from a reference."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cryoloom.cli._targets import OverwriteOption, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import (
    DuplicatesWithinOption,
    JsonOption,
    MicrographPixelSizeOption,
    ProteinDarkOption,
    RoundingThreadsOption,
    SeedOption,
)
from cryoloom.cli.tool._reference import ReferencePixelSizeOption
from cryoloom.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.engine.refinement import RefinementSettings, RefinementState
    from cryoloom.protocols.particle_images import LoadedParticles, ParticleFile
    from cryoloom.protocols.refine._start import Start
    from cryoloom.protocols.trust import Finished, Headline, Trust
    from cryoloom.protocols.unfinished import Unfinished
    from cryoloom.protocols.upright_reference import UprightReference


def refine(
    particles: Annotated[Path, typer.Argument(metavar="STAR", help="Particles with CTFs (.star or .cs).")],
    *,
    reference: Annotated[Path, typer.Option(help="Map to start from, in the frame of the symmetry.")],
    diameter: Annotated[float, typer.Option(min=10.0, help="Of the particle, its longest, in Å.")],
    output: Annotated[Path, typer.Option(metavar="PREFIX", help="Begin of the names of maps, mask and STAR file.")],
    reference_pixel_size: ReferencePixelSizeOption = None,
    protein_dark: ProteinDarkOption = False,
    symmetry: Annotated[str, typer.Option(help="Point group: C1, C3, D7, T or O.")] = "C1",
    search: Annotated[
        Literal["everywhere", "local"],
        typer.Option(help="local goes on from the poses that particles have, in their half sets."),
    ] = "everywhere",
    half1: Annotated[
        Path | None, typer.Option(help="Half map of the reference, for the first half set in a local search.")
    ] = None,
    half2: Annotated[Path | None, typer.Option(help="The same for the second half set.")] = None,
    initial_resolution: Annotated[
        float | None,
        typer.Option(
            min=2.0,
            help="Finer details of the reference are left out, in Å; without it 40, or 20 in a local search.",
        ),
    ] = None,
    shared_resolution: Annotated[
        float | None,
        typer.Option(
            min=2.0,
            help="Up to where half sets were shown the same map when the poses of a local search were found, in Å; "
            "without it as the particles tell, else 40.",
        ),
    ] = None,
    mask: Annotated[
        Path | None,
        typer.Option(help="Soft mask, outside of which maps are taken for empty; without it, a sphere."),
    ] = None,
    align_reference: Annotated[
        bool, typer.Option("--align-reference", help="Bring the reference to the axes of the symmetry first.")
    ] = False,
    accept_symmetry: Annotated[
        bool, typer.Option("--accept-symmetry", help="Go on although the reference does not have the symmetry.")
    ] = False,
    trust: Annotated[
        Literal["full", "quick"],
        typer.Option(help="full refines again, and aligns noise beside particles; quick leaves both out."),
    ] = "full",
    shift: Annotated[
        float, typer.Option(min=0.0, help="Largest shift looked for at first, in Å, in a search everywhere.")
    ] = 20.0,
    box: Annotated[
        int | None, typer.Option(min=16, help="Edge of the images as they are compared, in pixels; even.")
    ] = None,
    duplicates_within: DuplicatesWithinOption = 20.0,
    micrograph_pixel_size: MicrographPixelSizeOption = None,
    iterations: Annotated[int, typer.Option(min=2, help="At most; it ends by itself.")] = 20,
    seed: SeedOption = 0,
    threads: RoundingThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Refine poses and map of particles in two independent half sets.

    Writes PREFIX_map.mrc, PREFIX_half1.mrc, PREFIX_half2.mrc, PREFIX_mask.mrc, PREFIX_particles.star with the poses for
    RELION, and PREFIX_trust.html and .json, which tell how far the result can be believed. The resolution is that up to
    which the corrected correlation of the half maps exceeds 0.143 by its standard error, or what a check makes of it
    that says worse. A mask that is given takes the place of the one that is drawn about the map, and of the sphere
    outside of which maps are empty.

    Nothing is started if the reference correlates with itself by less than 0.7 at 20 Å under some operator.

    A local search (--search local) is for particles that another refinement wrote, after a change of box or pixel size,
    or expanded by their symmetry and refined without it. Give it --half1 and --half2, too, and each half set goes on
    from its own map. It looks the farther from poses, the coarser the initial resolution; how far is told.

    What it has reached is kept in the folder PREFIX_unfinished until all is written. Killed, and given the same command
    again, it goes on after its last iteration, to the same maps; with other particles, maps or settings it says so and
    begins anew. The number of threads may change.

    Example: cryoloom tool refine particles.star --reference first_class1.mrc --symmetry C3 --diameter 200 --output fine
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(threads))

    import time

    from cryoloom.cli.tool._prediction import foretell
    from cryoloom.engine.refinement import RefinementSettings
    from cryoloom.formats import relion, write_volume
    from cryoloom.protocols.particle_images import read_particle_file
    from cryoloom.protocols.refine import Refine
    from cryoloom.protocols.refine._cost import refinement_memory, refinement_seconds, saved_by_quick
    from cryoloom.protocols.refine._given import INITIAL_RESOLUTION

    local = search == "local"
    _check_start(half1, half2, local=local, align_reference=align_reference)
    settings = RefinementSettings(
        symmetry=symmetry,
        initial_resolution=INITIAL_RESOLUTION[search] if initial_resolution is None else initial_resolution,
        shift_radius=shift,
        iterations=iterations,
        seed=seed,
    )
    maps = {name: output.with_name(f"{output.name}_{name}.mrc") for name in ("map", "half1", "half2", "mask")}
    star = output.with_name(f"{output.name}_particles.star")
    page, figures = (output.with_name(f"{output.name}_trust.{kind}") for kind in ("html", "json"))
    targets = [*maps.values(), star, page, figures]
    check_targets(targets, inputs=[particles, reference, half1, half2, mask], overwrite=overwrite)
    given = read_particle_file(particles, protein_dark=protein_dark)
    check_targets(targets, inputs=map(given.resolve, given.table.frame["file"].unique()), overwrite=overwrite)
    settings, not_told = _with_shared(settings, shared_resolution, given, local=local)
    ready = _prepared(
        given,
        (reference, half1, half2, mask),
        settings,
        reference_pixel_size=reference_pixel_size,
        local=local,
        box_size=box,
        diameter=diameter,
        duplicates_within=duplicates_within,
        micrograph_pixel_size=micrograph_pixel_size,
        align=align_reference,
        accept=accept_symmetry,
        scratch=output.parent,
        threads=threads,
    )
    remarks = [*given.remarks, *not_told, *ready.remarks]
    sys.stderr.writelines([*(f"{particles.name}: {remark}\n" for remark in remarks), ready.upright.shown_below])
    loaded, images = ready.particles, ready.particles.images
    seconds = partial(
        refinement_seconds, len(loaded), settings, loaded.grid, diameter=diameter, local=local, threads=threads
    )
    memory = partial(
        refinement_memory, len(loaded), settings, extent=loaded.grid.extent, diameter=diameter, local=local
    )
    expected = seconds(full_trust=trust == "full")
    foretold = foretell(
        Refine,
        expected,
        memory(images.box_size),
        smaller=(loaded.grid, memory),
        also=saved_by_quick(expected, seconds(full_trust=False), "--trust quick"),
    )
    begin = time.monotonic()
    unfinished = _unfinished(
        output,
        (particles, reference, half1, half2, mask),
        map(given.resolve, given.table.frame["file"].unique()),
        **asdict(settings),
        search=search,
        diameter=diameter,
        box=images.box_size,
        duplicates_within=duplicates_within,
        micrograph_pixel_size=micrograph_pixel_size,
        reference_pixel_size=reference_pixel_size,
        align_reference=align_reference,
        protein_dark=protein_dark,
    )
    if going_on := unfinished.begin():
        remarks.append(going_on)
        sys.stderr.write(f"{output.name}: {going_on}\n")
    done = _finished(ready, settings, given, unfinished, quiet=as_json, threads=threads)
    state, result = done.state, done.result
    for former in (page, figures):  # of other maps; those that are written now are not judged yet
        former.unlink(missing_ok=True)
    first, second = state.half_maps
    for name, volume in (("map", state.combined_map), ("half1", first), ("half2", second), ("mask", result.mask)):
        write_volume(maps[name], volume, pixel_size=images.pixel_size)
    written = relion.write_particles(star, given.seen_from(output.parent, result.particles))
    sys.stderr.write(
        f"{output.name}: The maps and particles are written ({maps['map'].name}); checks for the trust page go on, and "
        "what they find may lower the resolution. Ended before that, the same command goes on.\n"
    )
    start = ready.start.reference if trust == "full" else None
    headline, doubtful = _told(done, start, unfinished, (page, figures), output.name, quiet=as_json, threads=threads)
    unfinished.remove()
    said = [*unfinished.warnings, *result.remarks, *([headline.sentence] if doubtful else [])]
    sys.stderr.writelines(f"{particles.name}: {remark}\n" for remark in said)
    remarks += [*written, *said]
    document = {
        "map": maps["map"],
        "half_maps": [maps["half1"], maps["half2"]],
        "mask": maps["mask"],
        "particles": star,
        "trust": page if page.exists() else None,
        "trust_figures": figures if figures.exists() else None,
        "resolution": headline.resolution,
        "headline": headline.sentence,
        "half_map_resolution": result.resolution,
        "iterations": state.iteration,
        "converged": state.converged,
        "count": len(loaded),
        "left_out": [{"image": one.label, "reason": one.reason} for one in loaded.left_out],
        "search": search,
        "symmetry": symmetry,
        "symmetry_correlations": ready.upright.table.correlations,
        "symmetry_operators": ready.upright.table.document,
        "box_size": images.box_size,
        "pixel_size": images.pixel_size,
        "fsc": {
            "frequency": result.correlation.corrected.frequency,
            "corrected": result.correlation.corrected.correlation,
        },
        "seed": seed,
        "seconds": round(time.monotonic() - begin, 1),
        "predicted": foretold,
        "remarks": remarks,
    }
    emit(document, as_json=as_json, text=f"{len(loaded)} particles → {maps['map']}: {headline.sentence}")


@dataclass(frozen=True)
class _Ready:
    """What is refined, and where it begins; with the reference as it lies, and all remarks."""

    particles: LoadedParticles
    start: Start
    mask: NDArray[np.float32] | None
    upright: UprightReference
    remarks: tuple[str, ...]


def _check_start(half1: Path | None, half2: Path | None, *, local: bool, align_reference: bool) -> None:
    if (half1 is None) != (half2 is None):
        raise InputError("Give both half maps, or neither.")
    if half1 is not None and not local:
        raise InputError("Half maps are for a local search (--search local); one everywhere starts from one map.")
    if local and align_reference:
        raise InputError(
            "A local search goes on from poses in the frame of the reference, which must then not be moved away from "
            "them; bring both to the axes with cryoloom tool symmetry, and leave --align-reference out."
        )


def _with_shared(
    settings: RefinementSettings, shared: float | None, given: ParticleFile, *, local: bool
) -> tuple[RefinementSettings, list[str]]:
    """The settings that know up to where half sets were shown the same, and a warning if nothing tells."""
    from cryoloom.protocols.particle_images import shared_resolution
    from cryoloom.protocols.refine._given import SHARED_NOT_TOLD

    told = shared or (shared_resolution(given.table) if local else None)
    if told is not None:
        return replace(settings, shared_resolution=told), []
    if not local:
        return settings, []
    return settings, [SHARED_NOT_TOLD.format(taken=settings.shared_resolution, setting="--shared-resolution")]


def _prepared(
    given: ParticleFile,
    maps: tuple[Path, Path | None, Path | None, Path | None],
    settings: RefinementSettings,
    *,
    reference_pixel_size: float | None,
    local: bool,
    box_size: int | None,
    diameter: float,
    duplicates_within: float,
    micrograph_pixel_size: float | None,
    align: bool,
    accept: bool,
    scratch: Path,
    threads: int,
) -> _Ready:
    """Read images and maps (reference, both half maps, mask), and refuse what cannot be refined."""
    from cryoloom.engine.symmetry import point_group
    from cryoloom.protocols.particle_images import check_halves, common_grid, load_particles, samplings_of
    from cryoloom.protocols.reference_maps import read_mask, read_reference
    from cryoloom.protocols.refine._progress import FEWEST
    from cryoloom.protocols.refine._start import check_goes_on, everywhere_start, local_start, read_halves
    from cryoloom.protocols.upright_reference import upright_reference

    reference, half1, half2, mask = maps
    offer = "Let its axes be found (--align-reference)"
    if local:
        check_goes_on(given.table)
        offer = "Bring it and its particles to the axes (cryoloom tool symmetry)"
    grid = common_grid(samplings_of(given.table), box_size=box_size)
    upright = upright_reference(
        read_reference(reference, grid, pixel_size=reference_pixel_size),
        settings.symmetry,
        pixel_size=grid.pixel_size,
        diameter=diameter,
        align=align,
        accept=accept,
        offers=(offer, "--accept-symmetry"),
        threads=threads,
    )
    inside = None if mask is None else read_mask(mask, grid)
    loaded = load_particles(
        given.table,
        given.resolve,
        diameter=diameter,
        box_size=grid.box_size,
        pixel_size=grid.pixel_size,
        duplicates_within=duplicates_within,
        micrograph_pixel_size=micrograph_pixel_size,
        copies=local and point_group(settings.symmetry).order == 1,
        oriented=local,
        scratch=scratch,
    )
    check_halves(loaded.half_sets, least=FEWEST)
    halves = (
        None if half1 is None or half2 is None else read_halves(half1, half2, grid, pixel_size=reference_pixel_size)
    )
    if local:
        start = local_start(loaded, upright.volume, halves, settings, inside, threads=threads)
    else:
        start = everywhere_start(loaded, upright.volume, settings, threads=threads)
    warnings = settings.warnings(grid.pixel_size, goes_on=local, own_half_maps=halves is not None)
    remarks = (*warnings, *upright.remarks, *loaded.remarks, *start.remarks)
    return _Ready(loaded, start, inside, upright, remarks)


def _finished(
    ready: _Ready,
    settings: RefinementSettings,
    given: ParticleFile,
    unfinished: Unfinished,
    *,
    quiet: bool,
    threads: int,
) -> Finished:
    from cryoloom.cli.tool._progress import ToolProgress
    from cryoloom.engine.refinement import refine as refinement
    from cryoloom.protocols.checkpoints import kept_states
    from cryoloom.protocols.refine._progress import progress_of
    from cryoloom.protocols.refined import refined
    from cryoloom.protocols.trust import Finished

    loaded, start = ready.particles, ready.start

    def algorithm(state: RefinementState | None) -> Iterator[RefinementState]:
        return refinement(
            loaded.images,
            loaded.half_sets,
            start.reference,
            settings,
            poses=start.poses,
            sources=start.sources,
            mask=ready.mask,
            state=state,
            threads=threads,
        )

    with ToolProgress("Refining", quiet=quiet) as progress:
        for state in kept_states(unfinished, algorithm):
            progress(*progress_of(state, settings))
    shared = start.shown_alike(settings)
    result = refined(loaded, state, symmetry=settings.symmetry, mask=ready.mask, shared=shared, threads=threads)
    return Finished(
        loaded, settings, state, result, given.resolve, ready.mask, poses=start.poses, sources=start.sources
    )


def _unfinished(
    output: Path, maps_and_particles: Iterable[Path | None], stacks: Iterable[Path], **settings: object
) -> Unfinished:
    """Where states are kept: beside the results, for these files and settings."""
    from cryoloom import __version__
    from cryoloom.protocols.unfinished import Unfinished, content_fingerprint, stamp_fingerprint

    names = ("particles", "reference", "first half map", "second half map", "mask")
    command = {name.replace("_", " "): str(value) for name, value in settings.items()}
    command |= dict(zip(names, map(content_fingerprint, maps_and_particles), strict=True))
    command |= {"images": stamp_fingerprint(stacks), "version of cryoloom": __version__}
    return Unfinished(output.with_name(f"{output.name}_unfinished"), command)


def _told(
    done: Finished,
    start: NDArray[np.float32] | None,
    unfinished: Unfinished,
    files: tuple[Path, Path],
    title: str,
    *,
    quiet: bool,
    threads: int,
) -> tuple[Headline, bool]:
    """What the trust page says of the resolution, and whether it doubts it; no page is left if none can be made.

    With a start, another refinement from it and images of noise are asked, too.
    """
    from cryoloom.protocols.trust import PAGE_FAULTS, headline_without_page, write_trust

    second = None if start is None else _second(done, start, unfinished, quiet=quiet, threads=threads)
    try:
        believed = _believed(done, second, quiet=quiet, threads=threads)
        write_trust(*files, believed, title)
    except PAGE_FAULTS as fault:
        for file in files:
            file.unlink(missing_ok=True)
        sys.stderr.write(traceback.format_exc())
        return headline_without_page(done.result, fault), True
    return believed.headline, believed.is_doubtful


def _second(
    done: Finished, start: NDArray[np.float32], unfinished: Unfinished, *, quiet: bool, threads: int
) -> RefinementState:
    """The last state of another refinement from the same start."""
    from cryoloom.cli.tool._progress import ToolProgress
    from cryoloom.protocols.checkpoints import kept_states
    from cryoloom.protocols.refine._progress import progress_of
    from cryoloom.protocols.trust import second_refinement

    def algorithm(state: RefinementState | None) -> Iterator[RefinementState]:
        return second_refinement(done, start, state=state, threads=threads)

    with ToolProgress("Once more", quiet=quiet) as progress:
        for state in kept_states(unfinished, algorithm, name="second-checkpoint"):
            progress(*progress_of(state, done.settings))
    return state


def _believed(done: Finished, second: RefinementState | None, *, quiet: bool, threads: int) -> Trust:
    """What can be believed of a refinement, and of another one if it was made."""
    from cryoloom.cli.tool._progress import ToolProgress
    from cryoloom.protocols.trust import assess, cross_checked

    checks = None
    if second is not None:
        with ToolProgress("Images of noise", quiet=quiet) as progress:
            checks = cross_checked(done, second, threads=threads, report=progress)
    with ToolProgress("Trust page", quiet=quiet) as progress:
        return assess(done, cross_checks=checks, threads=threads, report=progress)
