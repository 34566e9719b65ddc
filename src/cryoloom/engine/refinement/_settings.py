"""What a refinement is told."""

from __future__ import annotations

from dataclasses import dataclass

from cryoloom.engine.symmetry import point_group
from cryoloom.errors import ParameterError

FINE_START = 20.0  # Å; what halves share of a start finer than this can pass for agreement


@dataclass(frozen=True)
class RefinementSettings:
    """How poses and maps are refined.

    Parameters
    ----------
    symmetry : point group that is imposed, such as C1, C3, D7 or O; the reference lies in its frame
    initial_resolution : finer details of the reference are left out, in Å; if both half sets start from one map, all
        that they share of it
    shared_resolution : up to where the half sets were shown the same map when poses or half maps were found that it
        goes on from, in Å
    shift_radius : how far from the centre of its image a particle is looked for, in Å
    iterations : at most; it ends by itself when nothing improves any more
    seed : of the turns of the grids; the same seed gives the same maps
    """

    symmetry: str = "C1"
    initial_resolution: float = 40.0
    shared_resolution: float = 40.0
    shift_radius: float = 20.0
    iterations: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        point_group(self.symmetry)
        if not self.initial_resolution > 0:
            raise ParameterError(f"The initial resolution is {self.initial_resolution:g} Å; it must be positive.")
        if not self.shared_resolution > 0:
            raise ParameterError(f"The shared resolution is {self.shared_resolution:g} Å; it must be positive.")
        if not self.shift_radius >= 0:
            raise ParameterError(f"The shift radius is {self.shift_radius:g} Å; it must not be negative.")
        if self.iterations < 2:
            raise ParameterError(f"{self.iterations} iterations cannot refine anything; at least 2 are needed.")

    def shown_alike(self, *, goes_on: bool, own_half_maps: bool) -> float:
        """Finest detail that both half sets are shown alike, now or before, in Å.

        Parameters
        ----------
        goes_on : it goes on from poses that a former refinement found
        own_half_maps : each half set starts from a map of its own
        """
        shown = [] if own_half_maps else [self.initial_resolution]
        if goes_on or own_half_maps:
            shown.append(self.shared_resolution)
        return min(shown)

    def warnings(self, pixel_size: float, *, goes_on: bool = False, own_half_maps: bool = False) -> tuple[str, ...]:
        """What should be known before it starts.

        Parameters
        ----------
        pixel_size : of the images, in Å
        goes_on, own_half_maps : as in `shown_alike`
        """
        resolution = self.shown_alike(goes_on=goes_on, own_half_maps=own_half_maps)
        if resolution >= FINE_START:
            return ()
        shown = f"Both half sets are shown the same map up to {resolution:g} Å"
        doubt = "where it may decide the result: there the halves can agree about noise"
        if resolution <= 2.0 * pixel_size:
            doubt = "and the pixels hold nothing finer: whether there is signal cannot be judged"
        return (f"{shown}, {doubt}. Start at {FINE_START:g} Å or coarser.",)
