"""Numbers of files that are divided by: a file may say anything."""

from __future__ import annotations

import math
from typing import TypeGuard

from cryoloom.errors import FormatError

_SMALLEST, _LARGEST = 1e-3, 1e6  # of sizes of pixels, resolutions in Å and widths in pixels, far beyond what there is


def believed(value: float | None, what: str) -> float:
    """A length or size that a set tells, if it can be one.

    Parameters
    ----------
    value : as it is told
    what : that is told, as a sentence begins with it

    Raises
    ------
    FormatError
        If it is not known, no number, not above 0, or absurd.
    """
    if not is_length(value):
        told = "not known" if value is None or math.isnan(value) else f"{value:g}"
        raise FormatError(f"{what} is {told}, so this cannot be shown; bring the data in again with the right one.")
    return value


def is_length(value: float | None) -> TypeGuard[float]:
    """Whether something is told that can be a length in Å or a number of pixels."""
    return value is not None and _SMALLEST <= value <= _LARGEST
