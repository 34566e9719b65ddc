"""The difference of half maps, the same for protocol and tool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryoloom.protocols.map_files import MapFile, mask_among

if TYPE_CHECKING:
    from cryoloom.engine.validation import HalfMapDifference

NOWHERE = 20.0  # Å, to which half maps are compared that agree about nothing
STANDS_OUT = 2.0  # standard deviations of the solvent: halves that differ so much, differ by more than noise


@dataclass(frozen=True)
class FoundDifference:
    """What halves differ by.

    Parameters
    ----------
    difference : as the engine tells it
    resolution : to which it was filtered, in Å
    doubts : what is to be said against the map, one sentence each
    """

    difference: HalfMapDifference
    resolution: float
    doubts: tuple[str, ...]


def compare_halves(
    maps: Sequence[MapFile], *, resolution: float | None, copies: int, seed: int = 1, threads: int = 1
) -> FoundDifference:
    """Subtract half maps.

    Parameters
    ----------
    maps : both halves and, if there is one, the mask; without, the particle is found
    resolution : to which the difference is filtered, in Å; None for what the halves agree on
    copies : order of the point group that was imposed on both halves
    seed : of the random phases that tell what they agree on
    threads : threads to use; the result does not depend on it
    """
    from cryoloom.engine.validation import correlate_half_maps, half_map_difference

    first, second, pixel_size = maps[0].volume, maps[1].volume, maps[0].pixel_size
    mask = mask_among(maps, threads=threads)
    if resolution is None:
        curves = correlate_half_maps(
            first, second, pixel_size=pixel_size, copies=copies, mask=mask, seed=seed, threads=threads
        )
        resolution = curves.resolution or max(NOWHERE, 4.0 * pixel_size)
    found = half_map_difference(first, second, mask, pixel_size=pixel_size, resolution=resolution, threads=threads)
    doubts: list[str] = []
    if found.inside > STANDS_OUT:
        doubts.append(
            f"Within the mask the halves differ by {found.inside:.1f} standard deviations of the solvent, which is "
            "more than noise: look at the difference, and at what the half sets were made of."
        )
    return FoundDifference(found, resolution, tuple(doubts))
