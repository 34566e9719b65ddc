"""Windows around coordinates, resampled and normalised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.extraction._normalise import Background
from cryoloom.engine.fourier import resize_image
from cryoloom.engine.threads import map_on_threads
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH = 32  # windows in work at once on each thread, which bounds the memory beyond the result


@dataclass(frozen=True)
class ExtractionSettings:
    """How particles are cut out.

    Parameters
    ----------
    box_size : edge of the window in pixels of the micrograph; even
    background_diameter : in pixels of the micrograph; what lies outside this circle counts as background
    output_size : edge of the images in pixels, even and at most ``box_size``; None leaves the sampling as it is
    contrast_sign : of the micrograph: -1 if protein is dark in it, as in a raw micrograph, +1 if it is white
    remove_ramp : subtract a plane fitted to the background, not only its mean
    """

    box_size: int
    background_diameter: float
    output_size: int | None = None
    contrast_sign: int = -1
    remove_ramp: bool = True

    def __post_init__(self) -> None:
        if self.box_size < 2 or self.box_size % 2:
            raise ParameterError(f"The box is {self.box_size} pixels; it must be a positive even number.")
        if self.output_size is not None and not (2 <= self.output_size <= self.box_size and self.output_size % 2 == 0):
            raise ParameterError(
                f"The images are to have {self.output_size} pixels; an even number up to the box, "
                f"{self.box_size}, is needed."
            )
        if not 0 < self.background_diameter <= 1.3 * self.box_size:
            raise ParameterError(
                f"A background circle of {self.background_diameter:g} pixels leaves no background in a box of "
                f"{self.box_size}; give a smaller one or a larger box."
            )
        if self.contrast_sign not in {-1, 1}:
            raise ParameterError(f"The contrast sign is {self.contrast_sign}; it is -1 (protein dark) or +1 (white).")

    @property
    def image_size(self) -> int:
        """Edge of the extracted images in pixels."""
        return self.output_size or self.box_size


@dataclass(frozen=True)
class DroppedParticle:
    """A coordinate that gave no image.

    Parameters
    ----------
    index : its place among the given coordinates, from 0
    reason : a sentence
    """

    index: int
    reason: str


@dataclass(frozen=True)
class ExtractedParticles:
    """Images cut out of one micrograph.

    Parameters
    ----------
    images : (n, size, size) protein-white, background of mean 0 and standard deviation 1
    indices : (n,) which of the given coordinates each image belongs to
    centres : (n, 2) x and y of the pixel at ``size // 2``, in pixels of the micrograph; whole numbers
    shifts : (n, 2) x and y in pixels of the micrograph, RELION's sign: what to add to the particle's position to bring
        it to the centre. The particle lies at ``centres - shifts``.
    dropped : coordinates without an image, and why
    """

    images: NDArray[np.float32]
    indices: NDArray[np.int64]
    centres: NDArray[np.int64]
    shifts: NDArray[np.float64]
    dropped: tuple[DroppedParticle, ...]


def extract_particles(
    micrograph: NDArray[np.number[Any]],
    coordinates: NDArray[np.floating[Any]] | Sequence[Sequence[float]],
    settings: ExtractionSettings,
    *,
    threads: int = 1,
) -> ExtractedParticles:
    """Cut particles out of a micrograph.

    Windows are taken at whole pixels, so nothing is interpolated; what is left of a coordinate becomes a shift. A
    window that leaves the micrograph, or whose background has no variance, is dropped and listed.

    Parameters
    ----------
    micrograph : (y, x)
    coordinates : (n, 2) x and y in pixels of the micrograph, origin at the centre of the first pixel
    settings : sizes, background and contrast
    threads : threads to use; the result does not depend on it

    Returns
    -------
    The images and where they come from. Time O(n · box² log box).

    Raises
    ------
    ParameterError
        If the micrograph is not an image, or the box is larger than it.
    """
    positions = np.asarray(coordinates, np.float64).reshape(-1, 2)
    box, half = settings.box_size, settings.box_size // 2
    if micrograph.ndim != 2:
        raise ParameterError(f"A micrograph has two axes; this one has the shape {micrograph.shape}.")
    height, width = micrograph.shape
    if box > min(height, width):
        raise ParameterError(f"A box of {box} pixels is larger than the micrograph, {width} × {height}.")
    centres = np.floor(positions + 0.5).astype(np.int64)
    corners = centres - half
    inside = np.all((corners >= 0) & (corners + box <= (width, height)), axis=1)
    chosen = np.flatnonzero(inside)
    size = settings.image_size
    images = np.empty((len(chosen), size, size), np.float32)
    background = Background(size, settings.background_diameter * size / box, remove_ramp=settings.remove_ramp)
    has_variance = np.empty(len(chosen), bool)

    def extract(start: int) -> None:
        part = slice(start, start + BATCH)
        windows = np.stack([micrograph[y : y + box, x : x + box] for x, y in corners[chosen[part]]]).astype(np.float32)
        if size != box:
            windows = resize_image(windows, (size, size))
        has_variance[part] = background.normalise(windows)
        np.multiply(windows, np.float32(settings.contrast_sign), out=images[part])

    map_on_threads(extract, range(0, len(chosen), BATCH), threads)
    outside = [
        DroppedParticle(int(i), f"its window of {box} pixels leaves the micrograph") for i in np.flatnonzero(~inside)
    ]
    flat = [DroppedParticle(int(i), "its background has no variance") for i in chosen[~has_variance]]
    kept = chosen[has_variance]
    return ExtractedParticles(
        images=images if has_variance.all() else images[has_variance],
        indices=kept,
        centres=centres[kept],
        shifts=centres[kept] - positions[kept],
        dropped=tuple(sorted(outside + flat, key=lambda particle: particle.index)),
    )
