"""From a table of particles to what the engine takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.data import counted_were
from cryoloom.engine.likelihood import ParticleImages
from cryoloom.engine.optics import GroupOptics, ParticleOptics
from cryoloom.errors import InputError
from cryoloom.protocols.particle_images._duplicates import WithoutDuplicates, without_duplicates
from cryoloom.protocols.particle_images._grid import CommonGrid, common_grid, samplings_of
from cryoloom.protocols.particle_images._memory import MEMORY
from cryoloom.protocols.particle_images._stacks import gather_images, kept_images
from cryoloom.protocols.particle_images._tables import (
    LeftOut,
    check_copies,
    left_out,
    original_particles,
    with_half_sets,
)
from cryoloom.protocols.particle_images._transfer import ANGLES, CTF, with_orientations, with_transfer

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from cryoloom.data import OpticsGroup, Table
    from cryoloom.workflow.workspace import RoundWorkspace

_SHIFTS = ("shift_x", "shift_y")
_ALTERED = {
    "rlnCtfDataAreCtfPremultiplied": "they were multiplied by their CTFs",
    "rlnCtfDataArePhaseFlipped": "the phases that their CTFs turn were turned back",
}
"""What RELION says of images that cannot be computed with as they are."""


@dataclass(frozen=True, eq=False)
class LoadedParticles:
    """Particles that can be computed with, and those that cannot.

    Parameters
    ----------
    images : n images on one grid, protein white, with their optics
    table : the same particles in the same order, each in a half set
    left_out : particles that take no part, with the reason
    remarks : what was done to the images, one sentence each
    """

    images: ParticleImages
    table: Table
    left_out: tuple[LeftOut, ...]
    remarks: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.table)

    @property
    def grid(self) -> CommonGrid:
        """Sampling of the images."""
        return CommonGrid(self.images.box_size, self.images.pixel_size)

    @cached_property
    def ids(self) -> NDArray[np.uint64]:
        """(n,) identities."""
        return self.table.frame["id"].to_numpy()

    @cached_property
    def half_sets(self) -> NDArray[np.int64]:
        """(n,) 1 or 2."""
        return self.table.frame["half_set"].to_numpy()

    @cached_property
    def angles(self) -> NDArray[np.float64] | None:
        """(n, 3) rot, tilt and psi in degrees, RELION's ZYZ; None if some particle has none."""
        frame = self.table.frame
        if not set(ANGLES) <= set(frame.columns) or any(frame[name].null_count() for name in ANGLES):
            return None
        return frame.select(ANGLES).to_numpy().astype(np.float64)

    @cached_property
    def shifts(self) -> NDArray[np.float64]:
        """(n, 2) x and y in Å with RELION's sign; 0 where nothing is known."""
        return np.column_stack([_numbers(self.table.frame, name, 0.0) for name in _SHIFTS])


def load_particles(
    table: Table,
    resolve: Callable[[str], Path],
    *,
    diameter: float | None,
    box_size: int | None = None,
    pixel_size: float | None = None,
    duplicates_within: float | None = None,
    copies: bool = False,
    oriented: bool = False,
    micrograph_pixel_size: float | None = None,
    memory: int = MEMORY,
    scratch: Path | None = None,
) -> LoadedParticles:
    """Read the images of particles, bring them to one grid and to protein-white contrast, and gather their optics.

    Particles without a CTF, and images that are damaged, are left out and listed; of duplicates, one of those that are
    sound is kept. Whatever concerns the whole set is refused before anything is read: stacks that are missing, or that
    do not hold what is said of them.

    Parameters
    ----------
    table : particles
    resolve : gives the place of a stack that the table names
    diameter : of the particle, in Å; None for all of the image
    box_size, pixel_size : of the images to compute with, in pixels and Å; see `common_grid`
    duplicates_within : distance in Å within which two particles are taken for one; see `without_duplicates`. None
        leaves all of them in.
    copies : keep all copies by symmetry of a particle, though duplicates are looked for; for what leaves poses about
        where they are
    oriented : leave out particles whose orientation is not known, or whose shift moves them out of their image, for
        what does not look for it
    micrograph_pixel_size : in Å, if neither the micrographs nor the table tell it
    memory : that images may take, in bytes; more are kept in a file that is mapped into memory
    scratch : folder for that file

    Raises
    ------
    InputError
        If no particle can be computed with, a stack is missing or does not fit, or there is neither memory nor scratch
        enough.
    """
    import polars as pl

    if not len(table):
        raise InputError("There are no particles.")
    table = with_half_sets(table)
    excluded: list[LeftOut] = []
    remarks: list[str] = []
    further = check_copies(table.frame)
    frame, without_transfer = with_transfer(table.frame)
    excluded += without_transfer
    if oriented:
        frame, without_orientation = with_orientations(frame)
        excluded += without_orientation
    if further and duplicates_within is not None and not copies:
        frame = frame[_first_copies(frame)]
        remarks.append(
            f"{further} particles are further copies by symmetry, and were left out: looked for everywhere, or where a "
            "symmetry is imposed, they would be the same image again. Expanded particles are for what leaves their "
            "poses near where they are, without symmetry."
        )
    _check_optics(table, frame)
    samplings = samplings_of(table.with_frame(frame))
    grid = common_grid(samplings, box_size=box_size, pixel_size=pixel_size)
    diameter = grid.extent if diameter is None else diameter
    if diameter > grid.extent:
        raise InputError(
            f"A diameter of {diameter:g} Å does not fit images of {grid.extent:.0f} Å ({grid}); give the particle's "
            "diameter, or extract larger boxes."
        )
    gathered = gather_images(frame, resolve, grid, memory=memory, scratch=scratch)
    for reason, rows in gathered.damaged.items():
        excluded += left_out(frame[rows], reason)
    frame = frame.filter(pl.Series(gathered.sound))
    if not frame.height:
        raise InputError(f"None of the {len(table)} particles can be used: {excluded[-1].reason}.")
    used, pixels = table.with_frame(frame), gathered.images
    if duplicates_within is not None:
        single = _without_duplicates(
            used, duplicates_within, resolve, copies=further > 0, micrograph_pixel_size=micrograph_pixel_size
        )
        used, pixels = single.kept, kept_images(pixels, single.rows)
        excluded += single.removed
        remarks += single.remarks
    images = ParticleImages(pixels, optics_of(used), grid.pixel_size, diameter)
    if isinstance(pixels, np.memmap):
        remarks.append(
            f"The images take {pixels.nbytes / 2**30:.1f} GB, of which {memory / 2**30:.1f} GB are counted as "
            "memory; they lie in a scratch file, and what the memory has no room for is read from it again."
        )
    return LoadedParticles(images, used, tuple(excluded), (*remarks, *_remarks(samplings, grid, excluded)))


def tell(particles: LoadedParticles, workspace: RoundWorkspace) -> None:
    """Say in a run what was done to its particles, and list those that were left out as failed items."""
    for remark in particles.remarks:
        workspace.warn(remark)
    for each in particles.left_out:
        workspace.leave_out(each.id, each.label, each.reason)


def _first_copies(frame: pl.DataFrame) -> pl.Series:
    """Rows of which no former one is the same particle."""
    return original_particles(frame).arg_unique()


def _without_duplicates(
    table: Table,
    distance: float,
    resolve: Callable[[str], Path],
    *,
    copies: bool,
    micrograph_pixel_size: float | None,
) -> WithoutDuplicates:
    """The particles without duplicates; with all copies by symmetry of those that are kept, if there are any."""
    single_ones = partial(
        without_duplicates, distance=distance, resolve=resolve, micrograph_pixel_size=micrograph_pixel_size
    )
    if not copies:
        return single_ones(table)
    frame = table.frame
    single = single_ones(table.with_frame(frame[_first_copies(frame)]))
    of_kept = original_particles(frame).is_in(original_particles(single.kept.frame).implode())
    rows = of_kept.arg_true().to_numpy().astype(np.int64)
    return replace(single, kept=table.with_frame(frame.filter(of_kept)), rows=rows)


def _check_optics(table: Table, frame: pl.DataFrame) -> None:
    groups = frame["optics_group"].unique() if "optics_group" in frame.columns else [0]
    unknown = [group for group in groups if group not in table.optics_groups]
    if unknown:
        raise InputError(
            "The voltage, spherical aberration and amplitude contrast of some particles are not known; import the data "
            "again with these."
        )
    for group in groups:
        altered = [label for label in _ALTERED if table.optics_groups[group].extra.get(label)]
        if altered:
            raise InputError(
                f"The images of the optics group {table.optics_groups[group].name} are not as the microscope made "
                f"them: {_ALTERED[altered[0]]} already ({altered[0]}). Extract them again without that."
            )


def optics_of(table: Table) -> ParticleOptics:
    """The optics of particles whose CTFs are known, with beam tilt, aberrations and magnification of their groups.

    Raises
    ------
    InputError
        If a CTF is missing.
    """
    frame, unknown = with_transfer(table.frame)
    if unknown:
        raise InputError(f"{len(unknown)} particles have no CTF, for example {unknown[0].label}; leave them out.")
    _check_optics(table, frame)
    identities, numbers = np.unique(frame["optics_group"].to_numpy(), return_inverse=True)
    phase = _numbers(frame, "phase_shift", 0.0)
    u, v, angle = (frame[name].to_numpy().astype(np.float64) for name in CTF)
    groups = tuple(_group_optics(table.optics_groups[int(identity)]) for identity in identities)
    micrographs = _micrographs(frame, numbers)
    b_factor, scale = _numbers(frame, "ctf_b_factor", 0.0), _numbers(frame, "ctf_scale", 1.0)
    return ParticleOptics(
        groups,
        numbers.astype(np.int64),
        u,
        v,
        angle,
        phase,
        micrographs,
        b_factor=b_factor if b_factor.any() else None,
        scale=scale if (scale != 1.0).any() else None,
    )


def _numbers(frame: pl.DataFrame, name: str, usual: float) -> NDArray[np.float64]:
    """(n,) a column of numbers, with what is usual where nothing is told."""
    if name not in frame.columns:
        return np.full(frame.height, usual)
    return frame[name].fill_null(usual).to_numpy().astype(np.float64)


def _micrographs(frame: pl.DataFrame, groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) numbers of micrographs; particles of which it is not known share one in each optics group (n,)."""
    if "micrograph_id" not in frame.columns:
        return groups.astype(np.int64)
    identities = np.unique(frame["micrograph_id"].fill_null(0).to_numpy(), return_inverse=True)[1]
    # A micrograph whose particles are of several optics groups counts once for each of them.
    pairs = groups * (int(identities.max()) + 1) + identities
    numbers: NDArray[np.int64] = np.unique(pairs, return_inverse=True)[1].astype(np.int64)
    return numbers


def _group_optics(group: OpticsGroup) -> GroupOptics:
    return GroupOptics(
        voltage=group.voltage,
        spherical_aberration=group.spherical_aberration,
        amplitude_contrast=group.amplitude_contrast,
        beam_tilt=(group.beam_tilt_x, group.beam_tilt_y),
        odd_zernike=group.odd_zernike,
        even_zernike=group.even_zernike,
        magnification=group.magnification_matrix,
    )


def _remarks(samplings: list[tuple[int, float]], grid: CommonGrid, excluded: list[LeftOut]) -> tuple[str, ...]:
    remarks = []
    if not all(grid.is_that_of(*sampling) for sampling in samplings):
        kinds = ", ".join(str(CommonGrid(*sampling)) for sampling in samplings)
        remarks.append(f"Images of {kinds} were brought to {grid}.")
    finest = max(pixel for _, pixel in samplings)
    if grid.pixel_size < finest * 0.999:
        remarks.append(
            f"Some images have pixels of {finest:.3f} Å, and know nothing of details below {2 * finest:.2f} Å."
        )
    reasons = Counter(each.reason for each in excluded)
    remarks += [f"{counted_were(count, 'particles')} left out: {reason}." for reason, count in reasons.items()]
    return tuple(remarks)
