"""Shifts by fractions of a pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def shift_phases(shape: tuple[int, ...], shift: tuple[float, ...]) -> tuple[NDArray[np.complex64], ...]:
    """Phase factors that move the content of an image or a volume; multiply a half transform by each of them.

    The shift is periodic. At the Nyquist frequency of an even axis the real part of the factor is used, so that the
    shifted array stays real.

    Parameters
    ----------
    shape : real-space shape, ``(h, w)`` or ``(d, h, w)``
    shift : where the content moves to, in pixels, in array order ``(y, x)`` or ``(z, y, x)``

    Returns
    -------
    One array an axis, shaped to broadcast against the half transform
    """
    dimensions = len(shape)
    factors = []
    for axis, (size, distance) in enumerate(zip(shape, shift, strict=True)):
        frequencies = np.fft.rfftfreq(size) if axis == dimensions - 1 else np.fft.fftfreq(size)
        phases = np.exp(-2j * np.pi * distance * frequencies)
        if size % 2 == 0:
            phases[size // 2] = phases[size // 2].real
        layout = [-1 if other == axis else 1 for other in range(dimensions)]
        factors.append(phases.astype(np.complex64).reshape(layout))
    return tuple(factors)
