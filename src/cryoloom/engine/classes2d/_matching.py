"""Which average of one result is which of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.classes2d._expectation import disc_of_shifts
from cryoloom.engine.classes2d._planes import PADDING, planes_of
from cryoloom.engine.kernels import extract_turned, shift_factors
from cryoloom.engine.likelihood import fourier_disc
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESOLUTION = 15.0  # Å, up to which averages are compared
TURN = 4.0  # degrees between neighbouring turns
REACH = 4.0  # pixels that averages may be apart; both are centred
SHIFT = 1.0  # pixels between neighbouring shifts
AT_ONCE = 16  # averages compared with all others together, which bounds the memory


@dataclass(frozen=True)
class AverageMatches:
    """For each of n averages, the one of another result that it resembles most.

    Parameters
    ----------
    partners : (n,) number of that average
    correlation : (n,) with it, once turned and moved; from -1 to 1
    turns : (n,) psi in degrees by which the partner is turned to look like the average
    shifts : (n, 2) x and y in pixels by which it is then moved
    """

    partners: NDArray[np.int64]
    correlation: NDArray[np.float64]
    turns: NDArray[np.float64]
    shifts: NDArray[np.float64]


def match_averages(
    averages: NDArray[np.float32], others: NDArray[np.float32], *, pixel_size: float, threads: int = 1
) -> AverageMatches:
    """Find every average among those of another result, in any turn in its plane; mirror images are other views.

    Parameters
    ----------
    averages : (n, box, box) centred
    others : (m, box, box) centred, of the same box and pixel size
    pixel_size : in Å
    threads : threads to use; the result does not depend on it

    Raises
    ------
    ParameterError
        If the boxes differ.
    """
    box = averages.shape[-1]
    if others.shape[-1] != box:
        raise ParameterError(
            f"Averages of {box} pixels cannot be matched with averages of {others.shape[-1]} pixels; resample one set."
        )
    radius = max(3, min(box // 2, round(box * pixel_size / RESOLUTION)))
    frequencies = fourier_disc(radius)
    turns = np.arange(0.0, 360.0, TURN)
    owners = np.repeat(np.arange(len(others)), len(turns))
    turned = extract_turned(
        planes_of(others, radius, threads=threads),
        owners,
        np.tile(turns, len(others)),
        frequencies,
        padding=PADDING,
        threads=threads,
    )
    whole = np.arange(len(averages))
    planes = planes_of(averages, radius, threads=threads)
    still = extract_turned(planes, whole, np.zeros(len(averages)), frequencies, padding=PADDING, threads=threads)
    shifts = disc_of_shifts(REACH, SHIFT)
    factors = shift_factors(frequencies, shifts, box)
    ours, theirs = (_unit(values).view(np.float32) for values in (still, turned))
    found = []
    for start in range(0, len(averages), AT_ONCE):
        some = ours[start : start + AT_ONCE].view(np.complex64)
        moved = (some[:, None] * factors.conj()).reshape(-1, len(frequencies)).view(np.float32)
        scores = (moved @ theirs.T).reshape(len(some), -1)
        best = scores.argmax(axis=1)
        found.append((best, scores[np.arange(len(some)), best]))
    place, correlation = (np.concatenate(parts) for parts in zip(*found, strict=True))
    shift, reference = np.divmod(place, len(owners))
    return AverageMatches(
        owners[reference], correlation.astype(np.float64), turns[reference % len(turns)], shifts[shift]
    )


def _unit(values: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """(n, k) of length one; zeros stay."""
    length = np.linalg.norm(values, axis=1, keepdims=True)
    unit: NDArray[np.complex64] = (values / np.where(length > 0, length, 1.0)).astype(np.complex64)
    return unit
