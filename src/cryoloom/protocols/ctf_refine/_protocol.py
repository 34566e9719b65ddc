"""Refine contrast transfer functions against a map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from cryoloom.data import CTFChange, Item, Mask, Particle, Snapshot, Volume
from cryoloom.workflow.lane import Capacity, Resources
from cryoloom.workflow.parameters import Angstrom, Level, ProtocolParameters, parameter
from cryoloom.workflow.protocol import Input, Output, Prediction, Stage, WholeProtocol, input_set, output_set
from cryoloom.workflow.workspace import RoundWorkspace

if TYPE_CHECKING:
    from cryoloom.data import Table
    from cryoloom.engine.ctf_refinement import CTFRefinementSettings
    from cryoloom.protocols.ctf_refine._compute import RefinedCTFs
    from cryoloom.protocols.particle_images import CommonGrid

_NAMES = (
    *("defocus", "astigmatism", "beam_tilt", "trefoil", "fourth_order", "magnification"),
    *("defocus_range", "coarsest", "finest"),
)


class RefineCTF(WholeProtocol):
    """Refine defocus, astigmatism, aberrations and magnification of particles whose poses are known, against their map.

    Each particle is compared with the projection that it should be an image of: from the half map of its own half set
    for its defocus, from the other for what a micrograph or an optics group shares. What a particle alone cannot tell
    is held by the others of its micrograph. Poses stay; refine again afterwards.
    """

    id = "ctf-refine"
    stage = Stage.REFINE
    citations = (
        "Zivanov et al. (2018), eLife 7:e42166, doi:10.7554/eLife.42166",
        "Zivanov, Nakane & Scheres (2020), IUCrJ 7:253-267, doi:10.1107/S2052252520000081",
    )
    waits_for_closed_inputs = True

    class Inputs:
        """Particles, and the map that was made of them."""

        particles: Input[Particle] = input_set("images of particles with CTFs and refined poses")
        reference: Input[Volume] = input_set("their map; with half maps, no particle is compared with itself")
        masks: Input[Mask] = input_set("mask about what the poses fit to; without it, that of the map", optional=True)

    class Outputs:
        """The particles, and what was changed."""

        particles: Output[Particle] = output_set("particles with refined CTFs and aberrations")
        changes: Output[CTFChange] = output_set("by how much the CTF of each micrograph was off")

    class Parameters(ProtocolParameters):
        """What is refined."""

        defocus: bool = parameter(True, label="Defocus", help="Of each particle.")
        astigmatism: bool = parameter(
            False, label="Astigmatism", help="Of each micrograph; worth it with tens of particles in each."
        )
        beam_tilt: bool = parameter(True, label="Beam tilt", help="Of each optics group.")
        trefoil: bool = parameter(True, label="Trefoil", help="Threefold astigmatism of each optics group.")
        fourth_order: bool = parameter(
            False,
            label="Fourth order",
            help="Symmetric aberrations of each optics group, such as tetrafoil; matters beyond about 3 Å.",
            level=Level.ADVANCED,
        )
        magnification: bool = parameter(
            False,
            label="Magnification",
            help="2 × 2 matrix of each optics group; the mean scale of all stays.",
            level=Level.ADVANCED,
        )
        defocus_range: Angstrom = parameter(
            1000.0,
            label="Defocus range",
            help="How far the defocus may change.",
            condition="defocus",
            gt=0,
            le=20000,
        )
        coarsest: Angstrom = parameter(
            30.0,
            label="Coarsest detail",
            help="Coarser details are left out.",
            level=Level.ADVANCED,
            gt=4,
            le=1000,
        )
        finest: Angstrom | None = parameter(
            None,
            label="Finest detail",
            help="Finer details are left out; without it, what half maps do not agree on, and with one map none.",
            level=Level.ADVANCED,
            gt=0.5,
            le=100,
        )
        threads: int = parameter(2, label="Threads", level=Level.ADVANCED, ge=1, le=64)

    def check(self, parameters: Any) -> None:
        """Refuse to refine nothing, and an empty range of resolutions."""
        settings_of(parameters)

    def resources(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any) -> Resources:
        """Memory follows from the number and size of the images."""
        return Resources(cpu=parameters.threads, memory=_memory(inputs["particles"], parameters.threads))

    def predict(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, capacity: Capacity) -> Prediction | None:
        """As measured, scaled by the speed of this machine."""
        from cryoloom.engine.ctf_refinement import predicted_seconds
        from cryoloom.protocols.ctf_refine._compute import refinement_memory
        from cryoloom.protocols.machine_speed import machine_speed
        from cryoloom.protocols.particle_images import AFTER_CHANGE_BOX, advice_on_box

        particles, threads = inputs["particles"], min(parameters.threads, capacity.cpu)
        grid = _grid(particles)
        count = _different(particles)
        seconds = predicted_seconds(count, grid.box_size, settings_of(parameters), threads=threads)
        needed = partial(refinement_memory, count, threads=threads)
        advice = advice_on_box(grid, needed, capacity.memory, how=AFTER_CHANGE_BOX)
        return Prediction(seconds / machine_speed(), needed(grid.box_size), advice)

    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        """Refine in one go."""
        from cryoloom.protocols.ctf_refine._compute import different_images, refine, with_copies
        from cryoloom.protocols.particle_images import check_halves_known, load_particles, tell
        from cryoloom.protocols.reference_maps import reference_files

        masks = inputs.get("masks")
        files = reference_files(inputs["reference"], masks, workspace)
        table = inputs["particles"].table()
        if files.halves is not None:
            check_halves_known(table)
        images = different_images(table)
        particles = load_particles(images, workspace.resolve, diameter=None, oriented=True, scratch=workspace.scratch())
        tell(particles, workspace)
        reference = files.read(particles.grid, threads=workspace.threads)
        found = refine(
            particles, reference, settings_of(parameters), threads=workspace.threads, report=workspace.report
        )
        result = with_copies(found, table)
        for remark in result.remarks:
            workspace.warn(remark)
        return {"particles": result.particles, "changes": _changes(result)}

    def summary(self, outputs: Mapping[str, Snapshot[Any]], parameters: Any) -> str:
        """What was refined, and how much of it was wrong."""
        from cryoloom.protocols.ctf_refine._compute import asked_for

        changes = outputs["changes"].to_polars(columns=["defocus_change"])["defocus_change"]
        size = float(abs(changes.to_numpy()).mean()) if len(changes) else 0.0
        off = f"; micrographs were off by {size:.0f} Å on average" if len(changes) else ""
        return asked_for(parameters) + off

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        from cryoloom.protocols.ctf_refine._compute import asked_for

        return (
            f"{asked_for(parameters).capitalize()} of {counts.get('particles', 0)} particles were refined against "
            "projections of the map, with their poses fixed."
        )


def settings_of(parameters: Any) -> CTFRefinementSettings:
    """What the engine is told."""
    from cryoloom.engine.ctf_refinement import CTFRefinementSettings

    return CTFRefinementSettings(**{name: getattr(parameters, name) for name in _NAMES})


def _grid(particles: Snapshot[Any]) -> CommonGrid:
    from cryoloom.protocols.particle_images import common_grid, samplings_of

    return common_grid(samplings_of(particles))


def _memory(particles: Snapshot[Any], threads: int) -> int:
    from cryoloom.protocols.ctf_refine._compute import refinement_memory

    return refinement_memory(_different(particles), _grid(particles).box_size, threads=threads)


def _different(particles: Snapshot[Any]) -> int:
    """How many images are compared with the map: copies by symmetry are one."""
    from cryoloom.protocols.particle_images import comparable

    return int(comparable(particles, ["file", "index"]).n_unique())


def _changes(result: RefinedCTFs) -> list[CTFChange]:
    import numpy as np

    found = result.found.micrographs
    if found is None:
        return []
    turned = None if found.astigmatism is None else np.hypot(*found.astigmatism.T)
    return [
        CTFChange(
            id=identity,
            micrograph_file=file,
            particle_count=int(found.particles[number]),
            defocus_change=float(found.change[number]),
            defocus_change_error=float(found.error[number]),
            defocus_spread=float(found.spread[number]),
            astigmatism_change=None if turned is None else float(turned[number]),
        )
        for number, (identity, file) in enumerate(result.micrographs)
    ]
