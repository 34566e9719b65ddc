"""What a 2D classification is told, and what follows for each of its iterations."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cryoloom.errors import ParameterError

HELD = 0.2  # share of the mini-batches that stay at the first resolution
SURPLUS = 1.0  # classes at first beyond those wanted, as a share of these
LETTING_GO = (0.3, 0.8)  # shares of the mini-batches between which surplus classes are given up
LEAST_RENEWAL = 0.2  # share of the sums that the last mini-batches replace
COARSE_RESOLUTION = 20.0  # Å; finer details are compared only where the coarser ones leave a doubt
TURN_SHARE = 0.5  # of the shortest wave compared, by which the rim of the particle moves in one turn
SHIFT_SHARE = 0.3  # of the shortest wave compared that may lie between neighbouring shifts


@dataclass(frozen=True)
class Classes2DSettings:
    """How particle images are sorted into classes.

    Parameters
    ----------
    classes : averages wanted
    mini_batches : iterations on a part of the images, in which resolution grows
    images_per_class : images in a mini-batch, for each class wanted
    full_passes : iterations on all images at the end
    initial_resolution, final_resolution : in Å; finer details are left out at first, and at last
    shift_radius : how far from the centre of its image a particle is looked for, in Å
    seed : of the random start and the batches; the same seed gives the same classes
    """

    classes: int = 50
    mini_batches: int = 20
    images_per_class: int = 40
    full_passes: int = 5
    initial_resolution: float = 40.0
    final_resolution: float = 10.0
    shift_radius: float = 16.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.classes < 1:
            raise ParameterError(f"{self.classes} classes cannot be made; at least 1 is needed.")
        if self.mini_batches < 0 or self.full_passes < 1 or self.images_per_class < 1:
            raise ParameterError("A classification needs at least one pass over all images, and images in its batches.")
        if not 0 < self.final_resolution <= self.initial_resolution:
            raise ParameterError(
                f"A classification cannot go from {self.initial_resolution:g} Å to {self.final_resolution:g} Å; the "
                "final resolution is the smaller number."
            )

    @property
    def iterations(self) -> int:
        """Iterations in all."""
        return self.mini_batches + self.full_passes

    @property
    def batch_size(self) -> int:
        """Images in a mini-batch."""
        return self.images_per_class * self.classes

    def classes_after(self, iterations: int) -> int:
        """Classes that are there after so many iterations.

        There are more of them at first than are wanted. Those that would be missed least are given up later, so that
        none is left to share its images with a double while others hold images of several kinds. Without mini-batches
        there are none too many: the images of a class that the only pass gave up would be left without one.
        """
        if not self.mini_batches:
            return self.classes
        first, last = LETTING_GO
        progress = iterations / self.mini_batches
        left = 1.0 - min(1.0, max(0.0, (progress - first) / (last - first)))
        return self.classes + round(SURPLUS * left * self.classes)


@dataclass(frozen=True)
class Search:
    """Poses that are tried.

    Parameters
    ----------
    radius : frequencies below this many Fourier pixels are compared
    turns : angles in the plane, evenly around the circle
    shift : between neighbouring shifts, in pixels
    """

    radius: int
    turns: int
    shift: float


@dataclass(frozen=True)
class Step:
    """One iteration.

    Parameters
    ----------
    coarse : search among all poses
    fine : search near those that the coarse one leaves; None if the coarse one compares all details already
    full : whether all images are looked at
    renewal : share of the sums that this batch replaces
    """

    coarse: Search
    fine: Search | None
    full: bool
    renewal: float

    @property
    def radius(self) -> int:
        """Frequencies below this many Fourier pixels are compared."""
        return (self.fine or self.coarse).radius


def step_of(settings: Classes2DSettings, iteration: int, *, box_size: int, pixel_size: float, diameter: float) -> Step:
    """What is done in an iteration, counted from 0.

    Parameters
    ----------
    settings : of the classification
    iteration : number of the iteration
    box_size, pixel_size : of the images, in pixels and Å
    diameter : of the particle, in Å
    """
    width = box_size * pixel_size
    first = max(3.0, width / settings.initial_resolution)
    last = max(first, last_radius(settings, box_size=box_size, pixel_size=pixel_size))
    full = iteration >= settings.mini_batches
    done = (iteration + 1) / (settings.mini_batches + 1)
    progress = 1.0 if full else max(0.0, done - HELD) / (1.0 - HELD)
    radius = round(first + (last - first) * progress)

    # Finer searches divide the steps of the coarsest, so that they look between its poses.
    coarse_radius = max(3, min(radius, round(width / COARSE_RESOLUTION)))
    turns = math.ceil(math.pi * (diameter / width) * coarse_radius / TURN_SHARE)
    shift = min(0.5 * settings.shift_radius / pixel_size, SHIFT_SHARE * box_size / coarse_radius)
    coarse = Search(coarse_radius, turns, shift)
    finer = math.ceil(radius / coarse_radius)
    fine = Search(radius, finer * turns, shift / finer) if finer > 1 else None
    return Step(coarse, fine, full, 1.0 if full else max(LEAST_RENEWAL, 0.9 * (1.0 - progress)))


def last_radius(settings: Classes2DSettings, *, box_size: int, pixel_size: float) -> int:
    """Fourier pixels below which details are compared at last."""
    return max(3, min(box_size // 2, round(box_size * pixel_size / settings.final_resolution)))
