"""Which box and pixel size particles get."""

from __future__ import annotations

from dataclasses import dataclass

from cryoloom.errors import InputError, ParameterError

_AS_ASKED = 0.02  # share by which the pixel size that whole pixels allow may differ from the one asked for


@dataclass(frozen=True, slots=True)
class Sampling:
    """How particles are cut out of a micrograph.

    Parameters
    ----------
    window : edge in pixels of the micrograph, even
    box_size : edge of the images, even, at most the window
    pixel_size : of the images, in Å
    """

    window: int
    box_size: int
    pixel_size: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for.

    Parameters
    ----------
    box_size : edge of the images in pixels; None: the width that images have now, in a size that is quick to transform
    pixel_size : of the images in Å; None: what it is now
    """

    box_size: int | None
    pixel_size: float | None

    def __post_init__(self) -> None:
        if self.box_size is None and self.pixel_size is None:
            raise ParameterError("Nothing is changed; give a new box, a new pixel size, or both.")
        if self.box_size is not None and self.box_size % 2:
            raise ParameterError(f"A box of {self.box_size} px cannot be cut out; give an even number.")

    def of(self, box_size: int, pixel_size: float) -> tuple[int, float]:
        """Box and pixel size for images that have these now."""
        from cryoloom.engine.fourier import good_even_size

        pixel = self.pixel_size or pixel_size
        return self.box_size or good_even_size(round(box_size * pixel_size / pixel)), pixel

    def cut(self, box_size: int, pixel_size: float, micrograph_pixel_size: float) -> Sampling:
        """How images that have this box and pixel size now are cut anew, in whole pixels of the micrograph.

        Raises
        ------
        InputError
            If the pixels are to be smaller than those of the micrograph, or whole pixels do not allow for the size.
        """
        box, pixel = self.of(box_size, pixel_size)
        window = 2 * round(0.5 * box * pixel / micrograph_pixel_size)
        if window < box:
            raise InputError(
                f"Pixels of {pixel:g} Å are smaller than those of the micrographs, {micrograph_pixel_size:g} Å; ask "
                "for these or larger ones."
            )
        made = window * micrograph_pixel_size / box
        if abs(made / pixel - 1) > _AS_ASKED:
            raise InputError(
                f"In a box of {box} px, whole pixels of the micrograph allow for {made:.4f} Å but not for {pixel:g} Å; "
                "ask for that, or for a larger box."
            )
        return Sampling(window, box, made)

    @property
    def advice(self) -> tuple[str, ...]:
        """Boxes near the one asked for that are quicker to transform, if it is slow."""
        from cryoloom.engine.fourier import good_even_size, good_even_size_below

        if self.box_size is None or good_even_size(self.box_size) == self.box_size:
            return ()
        below, above = good_even_size_below(self.box_size), good_even_size(self.box_size)
        return (f"A box of {self.box_size} px is slow to transform; {below} or {above} px are quicker.",)
