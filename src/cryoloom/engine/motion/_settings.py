"""What motion correction is asked to do."""

from __future__ import annotations

from dataclasses import dataclass

from cryoloom.errors import ParameterError


@dataclass(frozen=True)
class MotionSettings:
    """How the motion of a movie is estimated.

    Attributes
    ----------
    patches : patches along x and y, between which the motion may differ; None, or one, for one motion of the whole
        field
    b_factor : damping of the first, coarse correlation, in Å²; larger is safer for noisy movies, and less exact. The
        final correlation is weighted by the signal-to-noise ratio that the movie itself shows.
    largest_shift : between two neighbouring frames, in Å, that the coarse correlation looks for
    """

    patches: tuple[int, int] | None = (5, 5)
    b_factor: float = 1500.0
    largest_shift: float = 200.0

    @property
    def with_local(self) -> bool:
        """Whether the motion may differ from place to place."""
        return self.patches is not None and self.patches != (1, 1)

    @property
    def grid(self) -> tuple[int, int]:
        """Number of patches along x and y into which the field is cut, also to see one motion of the whole of it."""
        return self.patches if self.patches is not None and self.with_local else (5, 5)

    def __post_init__(self) -> None:
        if self.patches is not None and not all(1 <= number <= 64 for number in self.patches):
            raise ParameterError(
                f"{self.patches[0]} × {self.patches[1]} patches are out of range; give 1 to 64 along each axis."
            )
        if not self.b_factor >= 0:
            raise ParameterError(f"A B-factor of {self.b_factor} Å² is out of range; give 0 or more.")
        if not self.largest_shift > 0:
            raise ParameterError(f"A largest shift of {self.largest_shift} Å is out of range; give more than 0.")
