"""What a micrograph and its optics must be for its spectrum to say anything."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.errors import InputError, ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.optics import ContrastTransfer

_SMALLEST_SIDE = 128
_SMALLEST_FIELD = 2.0  # of the coarsest resolution
_LARGEST = 1e6  # of any number of the optics, in its unit


def checked_micrograph(micrograph: NDArray[np.generic]) -> NDArray[np.float32]:
    """A micrograph (h, w) as numbers of which spectra can be taken; raises `InputError` if there are none."""
    if micrograph.ndim != 2:
        raise InputError(f"The micrograph has shape {micrograph.shape}; give one image with two axes.")
    if min(micrograph.shape) < _SMALLEST_SIDE:
        height, width = micrograph.shape
        raise InputError(
            f"The micrograph has {width} × {height} pixels; a CTF estimate needs at least {_SMALLEST_SIDE} each way."
        )
    image = micrograph.astype(np.float32, copy=False)
    if not math.isfinite(float(np.sum(image, dtype=np.float64))):
        raise InputError("The micrograph has values that are infinite or not numbers; repair or exclude it.")
    low, high = np.percentile(image[::3, ::3], [15.87, 84.13])
    if not high > low:
        raise InputError("The micrograph is blank: most of its pixels have the same value.")
    return image


def checked_band(coarse: float, fine: float, pixel_size: float, shape: tuple[int, ...]) -> tuple[float, float]:
    """Frequencies between which rings are looked for, in 1/Å.

    Parameters
    ----------
    coarse, fine : resolutions, in Å
    pixel_size : in Å
    shape : (h, w) of the micrograph

    Raises
    ------
    ParameterError
        If the pixels are too large for that, or the whole micrograph is too small.
    """
    if not 0.0 < pixel_size < math.inf:
        raise ParameterError(f"The pixel size is {pixel_size:g} Å; give a positive one.")
    finest = 1.0 / max(fine, 2.0 * pixel_size / 0.97)
    if finest < 2.0 / coarse:
        raise ParameterError(
            f"Pixels of {pixel_size:g} Å show nothing finer than {2 * pixel_size:.1f} Å, too little of the resolution "
            f"range of {coarse:g} to {fine:g} Å; use less binning."
        )
    side = min(shape) * pixel_size
    if side < _SMALLEST_FIELD * coarse:
        raise ParameterError(
            f"With pixels of {pixel_size:g} Å the micrograph is {side:g} Å wide, too little for rings of {coarse:g} Å; "
            "is the pixel size right?"
        )
    return 1.0 / coarse, finest


def check_transfer(transfer: ContrastTransfer) -> None:
    """Raise `ParameterError` if no micrograph can have been taken so."""
    for what, value, unit in (
        ("defocus", transfer.defocus_u, "Å"),
        ("defocus", transfer.defocus_v, "Å"),
        ("direction of the astigmatism", transfer.defocus_angle, "degrees"),
        ("phase shift", transfer.phase_shift, "degrees"),
        ("spherical aberration", transfer.spherical_aberration, "mm"),
        ("voltage", transfer.voltage, "kV"),
    ):
        if not abs(value) <= _LARGEST:
            raise ParameterError(f"The {what} is {value:g} {unit}, with which nothing is taken; estimate the CTF anew.")
