"""What is refined, and within which bounds."""

from __future__ import annotations

from dataclasses import dataclass

from cryoloom.errors import ParameterError


@dataclass(frozen=True)
class CTFRefinementSettings:
    """What of the optics is refined.

    Parameters
    ----------
    defocus : of every particle
    astigmatism : of every micrograph
    beam_tilt : of every optics group
    trefoil : threefold astigmatism of every optics group
    fourth_order : symmetric aberrations up to the fourth order of every optics group, tetrafoil among them
    magnification : 2 × 2, of every optics group; the mean scale of all particles stays
    defocus_range : how far the defocus may change, in Å
    coarsest : details coarser than this resolution are left out, in Å
    finest : details finer than this are left out, in Å; None: as far as the images go
    """

    defocus: bool = True
    astigmatism: bool = False
    beam_tilt: bool = True
    trefoil: bool = True
    fourth_order: bool = False
    magnification: bool = False
    defocus_range: float = 1000.0
    coarsest: float = 30.0
    finest: float | None = None

    def __post_init__(self) -> None:
        if not (self.of_groups or self.of_particles):
            raise ParameterError("Nothing is to be refined; choose defocus, astigmatism, aberrations or magnification.")
        if self.defocus_range <= 0:
            raise ParameterError(f"A defocus range of {self.defocus_range:g} Å holds nothing; give a larger one.")
        if self.finest is not None and self.finest >= self.coarsest:
            raise ParameterError(
                f"There are no details between {self.coarsest:g} and {self.finest:g} Å; the coarsest comes first."
            )

    @property
    def odd(self) -> bool:
        """Whether antisymmetric aberrations are refined."""
        return self.beam_tilt or self.trefoil

    @property
    def of_groups(self) -> bool:
        """Whether something that an optics group shares is refined."""
        return self.odd or self.fourth_order or self.magnification

    @property
    def of_particles(self) -> bool:
        """Whether something of particles or micrographs is refined."""
        return self.defocus or self.astigmatism
