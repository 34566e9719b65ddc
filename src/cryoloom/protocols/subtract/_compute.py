"""A part of a map taken out of particle images, from file to file."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.orientations import KnownPoses, rotation_matrices
from cryoloom.engine.subtraction import centre_of_mask, prepare_subtraction, recentre
from cryoloom.errors import InputError
from cryoloom.protocols.known_poses import check_half_order
from cryoloom.protocols.particle_images import held_memory, micrograph_pixel_sizes, samplings_of, with_poses

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.data import Table
    from cryoloom.engine.ctf_refinement import Reference
    from cryoloom.engine.subtraction import Recentred
    from cryoloom.protocols.particle_images import LoadedParticles

_COEFFICIENT = 6e-7  # seconds of one thread for a Fourier coefficient of an image
_PIXEL = 4e-8  # seconds for a pixel of an image that is transformed and written
_PROGRAM = 300 * 2**20


@dataclass(frozen=True)
class Part:
    """What is taken away.

    Parameters
    ----------
    mask : (box, box, box) from 0 to 1
    holds_removed : the mask surrounds what is taken away, not what stays
    recentred : the centre of the mask becomes the centre of the images
    """

    mask: NDArray[np.float32]
    holds_removed: bool = False
    recentred: bool = False

    def of(self, volume: NDArray[np.float32]) -> NDArray[np.float32]:
        """The part of a map that is taken away."""
        weight = self.mask if self.holds_removed else 1 - self.mask
        return (volume * weight).astype(np.float32)


def check_samplings(table: Table) -> None:
    """Refuse particles whose images differ in size, which would have to be brought to one.

    Raises
    ------
    InputError
        With the sizes.
    """
    kinds = samplings_of(table)
    if len(kinds) > 1:
        named = " and ".join(f"{box} px of {pixel:.3f} Å" for box, pixel in kinds[:3])
        raise InputError(f"The particles have images of {named}; subtract from those of each size by themselves.")


def subtract(
    particles: LoadedParticles,
    reference: Reference,
    part: Part,
    stack: Path,
    name: str,
    *,
    resolve: Callable[[str], Path],
    threads: int = 1,
    report: Callable[[float], None] | None = None,
) -> tuple[Table, tuple[str, ...]]:
    """Write particle images without a part of the map.

    Parameters
    ----------
    particles : with poses
    reference : the whole map, or its halves
    part : what is taken away
    stack : file for the images
    name : by which the table calls it
    resolve : gives the place of a micrograph
    threads : threads to use; the result does not depend on it
    report : told the share that is done

    Returns
    -------
    The particles, every column kept but those of images and, if recentred, of positions; and remarks, one sentence each
    """
    import polars as pl

    from cryoloom.formats.mrc import StackWriter

    if particles.angles is None:
        raise InputError(
            "Some particles have no orientation, so nothing can be subtracted from them; refine them first."
        )
    if part.mask.min() == part.mask.max():
        raise InputError(f"The mask is {part.mask.flat[0]:g} everywhere; it must surround a part of the map.")
    images, rotations = particles.images, rotation_matrices(particles.angles)
    several = len(reference.maps) > 1
    if several:
        check_half_order(particles, KnownPoses(rotations, particles.shifts), reference.maps, threads=threads)
    work = prepare_subtraction(
        images,
        rotations,
        particles.shifts,
        particles.half_sets - 1 if several else np.zeros(len(particles), np.int64),
        reference,
        [part.of(volume) for volume in reference.maps],
        strength=_strength(particles.table),
        threads=threads,
    )
    moved: Recentred | None = None
    if part.recentred:
        centre = centre_of_mask(part.mask, pixel_size=images.pixel_size)
        magnified = images.optics.slicing_matrices(rotations, np.arange(len(particles)))
        moved = recentre(magnified, particles.shifts, centre, pixel_size=images.pixel_size)
    done = 0
    with StackWriter(stack, pixel_size=images.pixel_size) as writer:
        for batch in work.images(threads=threads):
            placed = batch if moved is None else moved.images(batch, slice(done, done + len(batch)))
            for image in placed:
                writer.append(image)
            done += len(batch)
            if report is not None:
                report(done / len(particles))
    count = len(particles)
    columns = [pl.repeat(name, count, eager=True).alias("file"), pl.int_range(count, eager=True).alias("index")]
    columns.append(pl.repeat(1, count, dtype=pl.Int64, eager=True).alias("contrast_sign"))
    table = particles.table.with_frame(particles.table.frame.with_columns(columns))
    return (table, ()) if moved is None else _moved(table, particles.angles, moved, images.pixel_size, resolve)


def predicted_seconds(count: int, box_size: int, *, threads: int = 1) -> float:
    """Time that ``count`` images take."""
    coefficients = 0.5 * math.pi * (0.5 * box_size) ** 2
    return count * (_COEFFICIENT * coefficients + _PIXEL * box_size**2) / threads


def predicted_memory(count: int, box_size: int, *, threads: int = 1) -> int:
    """Peak memory in bytes, the program and all images that are held in it included."""
    transform = 8 * (2 * box_size + 3) ** 3 // 2
    return _PROGRAM + held_memory(count, box_size) + 5 * transform + threads * 32 * 60 * box_size**2


def _strength(table: Table) -> NDArray[np.float64] | None:
    if "scale" not in table.frame.columns or table.frame["scale"].null_count():
        return None
    return table.frame["scale"].to_numpy().astype(np.float64)


def _moved(
    table: Table, angles: NDArray[np.float64], moved: Recentred, pixel_size: float, resolve: Callable[[str], Path]
) -> tuple[Table, tuple[str, ...]]:
    import polars as pl

    table = with_poses(table, angles, moved.shifts)
    if not {"x", "y"} <= set(table.frame.columns):
        return table, ()
    sizes = micrograph_pixel_sizes(table, resolve)
    if sizes is None:
        remark = (
            "The pixel size of the micrographs is not known, so the positions in them, which have moved, were left out."
        )
        return table.with_frame(table.frame.drop("x", "y")), (remark,)
    steps = moved.moved * (pixel_size / sizes)[:, None]
    places = [(pl.col(axis) + pl.Series(steps[:, number])).alias(axis) for number, axis in enumerate("xy")]
    return table.with_frame(table.frame.with_columns(places)), ()
