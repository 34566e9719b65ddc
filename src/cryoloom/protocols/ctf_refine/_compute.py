"""What goes into a refinement of contrast transfer functions, and what comes out of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.ctf_refinement import CTFRefinement, refine_ctf
from cryoloom.errors import InputError
from cryoloom.protocols.known_poses import check_half_order, check_known_poses
from cryoloom.protocols.particle_images import mapped_memory, with_half_sets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.data import Table
    from cryoloom.engine.ctf_refinement import CTFRefinementSettings, Estimate, Reference
    from cryoloom.protocols.particle_images import LoadedParticles

ONE_MAP = (
    "One map is compared with both half sets, so what it holds of their noise speaks for the values that they have "
    "already; half maps do not."
)
_NAMES = ("defocus", "astigmatism", "beam_tilt", "trefoil", "fourth_order", "magnification")
_CHANGED = (
    "defocus_u",
    "defocus_v",
    "defocus_angle",
    "defocus_error",
    "estimated_defocus",
    "shift_x",
    "shift_y",
)
_DISAGREE = 5.0  # standard errors
UNITS = {"beam_tilt": "mrad", "trefoil": "rad Å³", "fourth_order": "rad, polynomials in Å", "magnification": ""}
"""Of what is found of optics groups."""


@dataclass(frozen=True)
class RefinedCTFs:
    """What a refinement has given.

    Parameters
    ----------
    found : by the engine
    particles : with refined CTFs, in optics groups that keep their identity
    micrographs : id and file of the micrographs in the order of the engine; empty if the particles do not tell them
    remarks : one sentence each
    """

    found: CTFRefinement
    particles: Table
    micrographs: tuple[tuple[int, str], ...]
    remarks: tuple[str, ...]


def refine(
    particles: LoadedParticles,
    reference: Reference,
    settings: CTFRefinementSettings,
    *,
    threads: int = 1,
    report: Callable[[float, str], None] | None = None,
) -> RefinedCTFs:
    """Refine the contrast transfer functions of particles with poses.

    Raises
    ------
    InputError
        If there are no poses, or astigmatism is to be refined and the micrographs are not known.
    """
    poses = check_known_poses(particles)
    if len(reference.maps) > 1:
        check_half_order(particles, poses, reference.maps, threads=threads)
    numbers, micrographs = _micrographs(particles.table)
    remarks = [] if len(reference.maps) > 1 else [ONE_MAP]
    if not micrographs:
        if settings.astigmatism:
            raise InputError(
                "The particles do not say which micrographs they come from, so these cannot be given an astigmatism; "
                "leave it out."
            )
        remarks.append("The particles do not say which micrographs they come from; each is taken by itself.")
    found = refine_ctf(
        particles.images,
        poses.rotations,
        particles.shifts,
        particles.half_sets,
        numbers,
        reference,
        settings,
        threads=threads,
        report=report,
    )
    identities = np.unique(particles.table.frame["optics_group"].to_numpy())
    named = [particles.table.optics_groups[int(identity)].name for identity in identities]
    remarks += _doubts(found, named, settings)
    moved = settings.defocus or settings.astigmatism
    table = _with_ctfs(with_estimates(particles.table) if moved else particles.table, identities, found)
    return RefinedCTFs(found, table, micrographs, tuple(remarks))


def different_images(table: Table) -> Table:
    """The first particle of each image in each half set: copies by symmetry are one image.

    Taken one by one, each copy would find the noise of the others in the map, and what is found would be told as surely
    as by so many particles.
    """
    return table.with_frame(table.frame[np.unique(_first_copies(with_half_sets(table)))])


def with_copies(result: RefinedCTFs, table: Table) -> RefinedCTFs:
    """What was found of different images, for all their copies.

    Parameters
    ----------
    result : of `different_images`
    table : all particles, of which copies keep their poses
    """
    table = with_half_sets(table)
    first = _first_copies(table)
    further = int((first != np.arange(len(first))).sum())
    if not further:
        return result
    now, before = result.particles.frame, table.frame
    names = [name for name in _CHANGED if name in now.columns]
    told = before.select("id")[first].join(now.select("id", *names), on="id", how="left", maintain_order="left")
    found = told["defocus_u"].is_not_null()  # of images that were not left out
    frame = before.with_columns(told.select(names))
    for name in {"shift_x", "shift_y"} & set(before.columns):
        own = before[name].fill_null(0.0)
        frame = frame.with_columns((told[name] + own - own[first]).alias(name))
    remark = (
        f"{further} particles are further copies of the same images, as by symmetry, and take over what the first "
        "copies tell."
    )
    particles = replace(table.with_frame(frame.filter(found)), optics_groups=result.particles.optics_groups)
    return replace(result, particles=particles, remarks=(*result.remarks, remark))


def _first_copies(table: Table) -> NDArray[np.int64]:
    """(n,) row in which each row's image comes first in its half set."""
    import polars as pl

    rows = table.frame.select("file", "index", "half_set", row=pl.int_range(pl.len()))
    return rows.select(pl.col("row").first().over("file", "index", "half_set")).to_series().to_numpy()


def with_estimates(table: Table) -> Table:
    """Particles that keep what their defocus was before it was first refined; what is kept already stays."""
    import polars as pl

    now = 0.5 * (pl.col("defocus_u") + pl.col("defocus_v"))
    kept = "estimated_defocus" in table.frame.columns
    first = pl.coalesce("estimated_defocus", now) if kept else now
    return table.with_frame(table.frame.with_columns(first.alias("estimated_defocus")))


def findings(result: RefinedCTFs) -> dict[str, Any]:
    """What was found, as a document: of groups, of micrographs, and of particles as a whole."""
    found = result.found
    identities = np.unique(result.particles.frame["optics_group"].to_numpy())
    groups = []
    for identity, group in zip(identities, found.groups, strict=True):
        described: dict[str, Any] = {"name": result.particles.optics_groups[int(identity)].name}
        described["particles"] = group.particles
        described |= {name: _as_document(getattr(group, name)) for name in _NAMES[2:]}
        groups.append(described)
    micrographs = []
    if found.micrographs is not None:
        of_each = found.micrographs
        for number, (_, file) in enumerate(result.micrographs):
            described = {
                "name": file,
                "particles": of_each.particles[number],
                "defocus_change": of_each.change[number],
                "defocus_change_error": of_each.error[number],
                "defocus_spread": of_each.spread[number],
            }
            if of_each.astigmatism is not None:
                described["astigmatism_change"] = np.hypot(*of_each.astigmatism[number])
            micrographs.append(described)
    return {
        "resolution": found.finest,
        "defocus_change_rms": np.sqrt((found.change**2).mean()),
        "defocus_error": None if found.error is None else np.median(found.error),
        "defocus_spread": found.spread,
        "at_limit": found.at_limit,
        "groups": groups,
        "micrographs": micrographs,
    }


def asked_for(parameters: Any) -> str:
    """What is refined, in words."""
    words = {
        "defocus": "the defocus of each particle",
        "astigmatism": "the astigmatism of each micrograph",
        "beam_tilt": "beam tilt",
        "trefoil": "trefoil",
        "fourth_order": "fourth-order aberrations",
        "magnification": "anisotropic magnification",
    }
    chosen = [words[name] for name in _NAMES if getattr(parameters, name)]
    return " and ".join([", ".join(chosen[:-1]), chosen[-1]] if len(chosen) > 1 else chosen)


def _micrographs(table: Table) -> tuple[NDArray[np.int64], tuple[tuple[int, str], ...]]:
    frame = table.frame
    known = "micrograph_id" in frame.columns and bool((frame["micrograph_id"].fill_null(0) != 0).all())
    if not known:
        return np.arange(frame.height), ()
    identities, first, numbers = np.unique(frame["micrograph_id"].to_numpy(), return_index=True, return_inverse=True)
    files = frame["micrograph_file"].to_list() if "micrograph_file" in frame.columns else [""] * frame.height
    named = tuple((int(one), files[place] or "") for one, place in zip(identities, first, strict=True))
    return numbers.astype(np.int64), named


def _with_ctfs(table: Table, identities: NDArray[np.uint64], found: CTFRefinement) -> Table:
    import polars as pl

    optics = found.optics
    columns: dict[str, NDArray[np.float64]] = {
        "defocus_u": optics.defocus_u,
        "defocus_v": optics.defocus_v,
        "defocus_angle": optics.defocus_angle,
        "shift_x": found.shifts[:, 0],
        "shift_y": found.shifts[:, 1],
    }
    if found.error is not None:
        columns["defocus_error"] = found.error
    series = [pl.Series(name, np.ascontiguousarray(values)) for name, values in columns.items()]
    groups = dict(table.optics_groups)
    for identity, group in zip(identities, optics.groups, strict=True):
        tilt_x, tilt_y = group.beam_tilt
        groups[int(identity)] = replace(
            groups[int(identity)],
            beam_tilt_x=tilt_x,
            beam_tilt_y=tilt_y,
            odd_zernike=group.odd_zernike,
            even_zernike=group.even_zernike,
            magnification_matrix=group.magnification,
        )
    return replace(table.with_frame(table.frame.with_columns(series)), optics_groups=groups)


def _doubts(found: CTFRefinement, names: list[str], settings: CTFRefinementSettings) -> list[str]:
    doubts = []
    if found.at_limit:
        doubts.append(
            f"The defocus of {found.at_limit} particles lies at the end of the search, {settings.defocus_range:g} Å "
            "from where it was; look at them, or search further."
        )
    for name, group in zip(names, found.groups, strict=True):
        estimates: Mapping[str, Estimate | None] = {each: getattr(group, each) for each in _NAMES[2:]}
        for what, estimate in estimates.items():
            if estimate is not None and not np.isfinite(estimate.error).all():
                doubts.append(
                    f"The optics group {name} holds too few particles to tell its {what.replace('_', ' ')}, which "
                    "stays as it was."
                )
            if estimate is not None and estimate.indistinct is not None:
                numbers = f"{with_errors(estimate.indistinct, estimate.error)} {UNITS[what]}".rstrip()
                doubts.append(
                    f"{what.replace('_', ' ').capitalize()} of the optics group {name}: {numbers}, not distinguishable "
                    "from what it was; left."
                )
            if estimate is not None and (estimate.disagreement or 0.0) > _DISAGREE:
                doubts.append(
                    f"The half sets disagree about the {what.replace('_', ' ')} of the optics group {name} by "
                    f"{estimate.disagreement:.0f} standard errors; it may not be the same for all of its particles."
                )
    return doubts


def with_errors(values: Iterable[float], errors: Iterable[float | None]) -> str:
    """Numbers with their standard errors, in words; None is an error of which nothing is known."""
    return ", ".join(_with_error(value, error) for value, error in zip(values, errors, strict=True))


def _with_error(value: float, error: float | None) -> str:
    if not error:
        return f"{value:.4g} (nothing is known)"
    places = max(0, 1 - math.floor(math.log10(error)))  # two digits of the error
    return f"{value:.{places}f} ± {error:.{places}f}"


def _as_document(estimate: Estimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    error = [each if np.isfinite(each) else None for each in estimate.error]  # None: nothing is known
    return {
        "value": estimate.value,
        "error": error,
        "disagreement": estimate.disagreement,
        "indistinct": estimate.indistinct,
    }


def refinement_memory(count: int, box_size: int, *, maps: int = 2, threads: int = 1) -> int:
    """Peak memory in bytes, the program and all images that are held in it included.

    Parameters
    ----------
    count : number of images
    box_size : edge of each in pixels
    maps : that particles are compared with
    threads : threads used
    """
    from cryoloom.engine.ctf_refinement import predicted_memory

    return predicted_memory(count, box_size, maps=maps, threads=threads) - mapped_memory(count, box_size)
