"""What goes into a 3D classification, and what comes out of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.classes3d import (
    REPRODUCIBLE,
    Classes3DSettings,
    Classes3DState,
    class_map,
    predicted_memory,
    predicted_seconds,
)
from cryoloom.engine.symmetry import group_order
from cryoloom.engine.validation import correlate_half_maps, soft_auto_mask
from cryoloom.protocols.particle_images import mapped_memory
from cryoloom.protocols.upright_reference import UprightReference, upright_reference

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.data import Table
    from cryoloom.engine.classes3d import ClassMap
    from cryoloom.engine.orientations import KnownPoses
    from cryoloom.protocols.particle_images import CommonGrid, LoadedParticles

TOLD_BY_DEFOCUS = 0.1  # share of the variance of the defocus that lies between classes, from which they are suspect


@dataclass(frozen=True)
class FoundClass:
    """One class.

    Parameters
    ----------
    number : from 1, the largest first
    map : and its halves
    count, share : of the particles for which it is the most probable one
    resolution : up to which its half maps agree (`HalfMapCorrelation.resolution`), in Å; None without evidence
    """

    number: int
    map: ClassMap
    count: int
    share: float
    resolution: float | None


def peak_memory(count: int, settings: Classes3DSettings, *, box_size: int, extent: float) -> int:
    """In bytes, the program and all images that are held in it included.

    Parameters
    ----------
    count : number of images
    settings : of the classification
    box_size, extent : of the images, in pixels and Å
    """
    everything = predicted_memory(count, settings, box_size=box_size, pixel_size=extent / box_size)
    return everything - mapped_memory(count, box_size)


def mask_of(reference: NDArray[np.float32], grid: CommonGrid, *, threads: int = 1) -> NDArray[np.float32]:
    """A soft mask about what stands out of the solvent of a map."""
    return soft_auto_mask(reference, pixel_size=grid.pixel_size, threads=threads).mask


def check_symmetry(
    reference: NDArray[np.float32],
    symmetry: str,
    *,
    pixel_size: float,
    diameter: float,
    accept: bool = False,
    option: str = "accept_symmetry",
    threads: int = 1,
) -> UprightReference:
    """Refuse a reference that does not have the symmetry, unless that is accepted.

    Parameters
    ----------
    reference : (box, box, box)
    symmetry : point group
    pixel_size, diameter : in Å; what lies beyond the diameter is not compared
    accept : go on all the same
    option : by which the user accepts it
    threads : threads to use; the result does not depend on it

    Returns
    -------
    The same, with what to know of it

    Raises
    ------
    InputError
        With the correlation under each operator below its sentence, if one falls below 0.7 at 20 Å and that was not
        accepted.
    """
    offer = "Bring it and its particles to the axes (align-to-symmetry, or cryoloom tool symmetry)"
    return upright_reference(
        reference,
        symmetry,
        pixel_size=pixel_size,
        diameter=diameter,
        accept=accept,
        offers=(offer, option),
        threads=threads,
    )


def found_classes(
    particles: LoadedParticles,
    poses: KnownPoses,
    state: Classes3DState,
    mask: NDArray[np.float32],
    symmetry: str,
    *,
    threads: int = 1,
) -> Iterator[FoundClass]:
    """The classes of the last state, map by map, which bounds the memory."""
    members = np.bincount(state.classes, minlength=state.posteriors.shape[1])
    for number, count in enumerate(members.tolist()):
        weights = state.posteriors[:, number]
        made = class_map(particles.images, poses, particles.half_sets, weights, symmetry=symmetry, threads=threads)
        resolution = None
        if all(np.ptp(half) > 0 for half in made.halves):
            pixel_size = particles.images.pixel_size
            copies = group_order(symmetry)
            curves = correlate_half_maps(*made.halves, pixel_size=pixel_size, copies=copies, mask=mask, threads=threads)
            resolution = curves.resolution
        yield FoundClass(number + 1, made, count, count / len(particles), resolution)


def with_classes(particles: LoadedParticles, state: Classes3DState) -> Table:
    """The particles with their class, and as score its probability; poses and half sets stay."""
    import polars as pl

    columns = [
        pl.Series("class_number", state.classes + 1, pl.Int64),
        pl.Series("score", state.posteriors.max(axis=1), pl.Float64),
    ]
    return particles.table.with_frame(particles.table.frame.with_columns(columns))


def doubts_of(particles: LoadedParticles, state: Classes3DState) -> list[str]:
    """What is to be said against the classes of the last state."""
    doubts = []
    if not state.is_reproducible:
        doubts.append(
            f"The two half sets do not agree about the classes: their agreement is {state.agreement:.2f}, where chance "
            f"gives 0 and {REPRODUCIBLE:g} is needed. The split is not reproducible, and there is no evidence that the "
            "particles differ in this way; do not interpret the differences of these maps."
        )
    optics = particles.images.optics
    share = share_between(state.classes, 0.5 * (optics.defocus_u + optics.defocus_v))
    if share > TOLD_BY_DEFOCUS:
        doubts.append(
            f"The classes differ in defocus ({share:.0%} of its variance lies between them), so they may tell apart "
            "how particles were imaged rather than their structure."
        )
    return doubts


def share_between(classes: NDArray[np.int64], values: NDArray[np.float64]) -> float:
    """Share of the variance of values (n,) that lies between classes (n,)."""
    total = float(values.var())
    if not total > 0:
        return 0.0
    counts = np.bincount(classes)
    means = np.bincount(classes, values) / np.maximum(counts, 1)
    return float((counts * (means - values.mean()) ** 2).sum() / len(values) / total)


class Progress:
    """How far a classification has come, by the time that each of its iterations is expected to take."""

    def __init__(self, settings: Classes3DSettings, count: int, grid: CommonGrid) -> None:
        seconds = predicted_seconds(settings, count=count, box_size=grid.box_size, pixel_size=grid.pixel_size)
        self._done = np.cumsum(seconds) / seconds.sum()

    def of(self, state: Classes3DState) -> tuple[float, str]:
        """Share of the time that has passed, and where it stands in words."""
        where = f"iteration {state.iteration}, {state.resolution:.0f} Å: "
        if state.finished:
            return 1.0, f"{where}agreement {state.agreement:.2f}"
        said = "looking where particles differ" if state.starting else f"{state.changed:.1%} changed their class"
        return float(self._done[state.iteration - 1]), where + said
