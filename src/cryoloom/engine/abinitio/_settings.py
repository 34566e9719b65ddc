"""What an ab initio reconstruction is told, and what follows for each of its iterations."""

from __future__ import annotations

from dataclasses import dataclass

from cryoloom.errors import ParameterError

HELD = 0.25  # share of the iterations that stay at the first resolution
REACHED = 0.85  # share after which the last resolution is reached
SHIFT_SHARE = 0.4  # of the shortest wave compared that may lie between neighbouring shifts
RANDOM_STARTS = 10  # iterations in which what was summed before is all but forgotten


@dataclass(frozen=True)
class AbInitioSettings:
    """How a first map is looked for.

    Parameters
    ----------
    classes : maps made at once, each of its own particles
    iterations : mini-batches
    batch_size : images in each
    initial_resolution, final_resolution : in Å; coarser and finer details are left out at first and at last
    shift_radius : how far from the centre of its image a particle is looked for, in Å
    seed : of the random start, the batches and the grids; the same seed gives the same maps
    """

    classes: int = 1
    iterations: int = 120
    batch_size: int = 100
    initial_resolution: float = 43.0
    final_resolution: float = 12.5
    shift_radius: float = 12.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.classes < 1:
            raise ParameterError(f"{self.classes} classes cannot be made; at least 1 is needed.")
        if self.iterations < 1 or self.batch_size < 1:
            raise ParameterError("At least one iteration with one image is needed for a map.")
        if not 0 < self.final_resolution <= self.initial_resolution:
            raise ParameterError(
                f"A map cannot go from {self.initial_resolution:g} Å to {self.final_resolution:g} Å; the final "
                "resolution is the smaller number."
            )


@dataclass(frozen=True)
class Step:
    """One iteration.

    Parameters
    ----------
    radius : frequencies below this many Fourier pixels are compared
    shift : between neighbouring shifts, in pixels
    renewal : share of the sums that this batch replaces
    """

    radius: int
    shift: float
    renewal: float


def step_of(settings: AbInitioSettings, iteration: int, *, box_size: int, pixel_size: float) -> Step:
    """What is done in an iteration, counted from 0, on images of ``box_size`` pixels of ``pixel_size`` Å."""
    progress = iteration / max(1, settings.iterations - 1)
    width = box_size * pixel_size
    first = max(3.0, width / settings.initial_resolution)
    last = max(first, min(box_size / 2, width / settings.final_resolution))
    radius = round(first + (last - first) * min(1.0, max(0.0, (progress - HELD) / (REACHED - HELD))))
    return Step(
        radius=radius,
        shift=min(0.5 * settings.shift_radius / pixel_size, SHIFT_SHARE * box_size / radius),
        renewal=0.9 if iteration < RANDOM_STARTS else max(0.1, 0.6 * (1.0 - progress)),
    )
