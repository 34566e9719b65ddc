"""`cryoloom tool ctfrefine`: CTFs and aberrations of particles with poses, from a map."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import HalvesSymmetryOption, JsonOption, ProteinDarkOption, ThreadsOption
from cryoloom.cli.tool._reference import ReferencePixelSizeOption
from cryoloom.errors import InputError


def ctfrefine(
    particles: Annotated[Path, typer.Argument(metavar="STAR", help="Particles with poses and CTFs (.star or .cs).")],
    *,
    output: Annotated[Path, typer.Option(metavar="PREFIX", help="Begin of the name of the STAR file.")],
    protein_dark: ProteinDarkOption = False,
    reference: Annotated[Path | None, typer.Option(help="Map of all particles; not needed with half maps.")] = None,
    half1: Annotated[Path | None, typer.Option(help="Map of the first half set, neither filtered nor masked.")] = None,
    half2: Annotated[Path | None, typer.Option(help="Map of the second half set.")] = None,
    symmetry: HalvesSymmetryOption = "C1",
    reference_pixel_size: ReferencePixelSizeOption = None,
    mask: Annotated[Path | None, typer.Option(help="Mask for the map, from 0 to 1.")] = None,
    defocus: Annotated[bool, typer.Option(help="Refine the defocus of each particle.")] = True,
    astigmatism: Annotated[bool, typer.Option(help="Refine the astigmatism of each micrograph.")] = False,
    beam_tilt: Annotated[bool, typer.Option(help="Refine the beam tilt of each optics group.")] = True,
    trefoil: Annotated[bool, typer.Option(help="Refine the threefold astigmatism of each optics group.")] = True,
    fourth_order: Annotated[bool, typer.Option(help="Refine symmetric aberrations of each optics group.")] = False,
    magnification: Annotated[bool, typer.Option(help="Refine the 2 × 2 magnification of each optics group.")] = False,
    defocus_range: Annotated[float, typer.Option(min=1.0, help="How far the defocus may change, in Å.")] = 1000.0,
    coarsest: Annotated[float, typer.Option(min=4.0, help="Coarser details are left out, in Å.")] = 30.0,
    finest: Annotated[
        float | None,
        typer.Option(min=0.5, help="Finest detail compared, in Å; else what half maps agree on, and with one map all."),
    ] = None,
    threads: ThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Refine CTFs, aberrations and magnification of particles against their map; poses stay.

    Writes PREFIX_particles.star for RELION. With half maps, no particle is compared with itself. Aberrations and
    magnifications that are found within three standard errors of what they were stay so.

    Example: cryoloom tool ctfrefine fine_particles.star --half1 fine_half1.mrc --half2 fine_half2.mrc --output ctf
    """
    import time

    from cryoloom.cli.tool._prediction import foretell
    from cryoloom.cli.tool._progress import ToolProgress
    from cryoloom.engine.ctf_refinement import CTFRefinementSettings, predicted_seconds
    from cryoloom.engine.symmetry import group_order
    from cryoloom.formats import relion
    from cryoloom.protocols.ctf_refine import RefineCTF
    from cryoloom.protocols.ctf_refine._compute import (
        different_images,
        findings,
        refine,
        refinement_memory,
        with_copies,
    )
    from cryoloom.protocols.machine_speed import machine_speed
    from cryoloom.protocols.particle_images import (
        AFTER_CHANGE_BOX,
        check_halves_known,
        load_particles,
        read_particle_file,
    )
    from cryoloom.protocols.reference_maps import ReferenceFiles

    settings = CTFRefinementSettings(
        defocus=defocus,
        astigmatism=astigmatism,
        beam_tilt=beam_tilt,
        trefoil=trefoil,
        fourth_order=fourth_order,
        magnification=magnification,
        defocus_range=defocus_range,
        coarsest=coarsest,
        finest=finest,
    )
    copies = group_order(symmetry)
    if (half1 is None) != (half2 is None):
        raise InputError("Give both half maps, or neither.")
    if half1 is None and reference is None:
        raise InputError("Give the map of the particles with --reference, or its half maps with --half1 and --half2.")
    halves = None if half1 is None or half2 is None else (half1, half2)
    star = output.with_name(f"{output.name}_particles.star")
    check_targets([star], inputs=[particles, reference, half1, half2, mask], overwrite=overwrite)
    given = read_particle_file(particles, protein_dark=protein_dark)
    if halves is not None:
        check_halves_known(given.table)
    loaded = load_particles(
        different_images(given.table), given.resolve, diameter=None, oriented=True, scratch=output.parent
    )
    expected = predicted_seconds(len(loaded), loaded.grid.box_size, settings, threads=threads) / machine_speed()
    needed = partial(refinement_memory, len(loaded), maps=2 if halves else 1, threads=threads)
    foretold = foretell(
        RefineCTF, expected, needed(loaded.grid.box_size), smaller=(loaded.grid, needed), how=AFTER_CHANGE_BOX
    )
    begin = time.monotonic()
    with ToolProgress("Refining CTFs", quiet=as_json) as progress:
        files = ReferenceFiles(reference, halves, mask, reference_pixel_size, copies=copies)
        maps = files.read(loaded.grid, threads=threads)
        told = refine(loaded, maps, settings, threads=threads, report=progress)
    result = with_copies(told, given.table)
    remarks = [*given.remarks, *loaded.remarks, *result.remarks]
    remarks += relion.write_particles(star, given.seen_from(output.parent, result.particles))
    for remark in remarks:
        sys.stderr.write(f"{particles.name}: {remark}\n")
    found = findings(result)
    document = {
        "particles": star,
        "count": len(result.particles),
        "left_out": [{"image": one.label, "reason": one.reason} for one in loaded.left_out],
        **found,
        "seconds": round(time.monotonic() - begin, 1),
        "predicted": foretold,
        "remarks": remarks,
    }
    emit(document, as_json=as_json, text=_in_words(found, star))


def _in_words(found: dict[str, object], star: Path) -> str:
    from cryoloom.protocols.ctf_refine._compute import UNITS, with_errors

    lines = [f"Defocus changed by {found['defocus_change_rms']:.0f} Å (root mean square)."]
    groups = found["groups"]
    assert isinstance(groups, list)  # noqa: S101
    for group in groups:
        for name, unit in UNITS.items():
            if group[name] is None:
                continue
            value, error, indistinct = (group[name][key] for key in ("value", "error", "indistinct"))
            left = ", ".join(f"{one:.4g}" for one in value)
            numbers = f"{with_errors(value, error) if indistinct is None else left} {unit}".rstrip()
            end = "" if indistinct is None else ", as it was"
            lines.append(f"{group['name']}: {name.replace('_', ' ')} {numbers}{end}")
    lines.append(f"→ {star}")
    return "\n".join(lines)
