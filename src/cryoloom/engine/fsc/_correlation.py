"""The correlation of two maps in shells of equal spatial frequency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.fourier import forward_transform
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ShellCorrelation:
    """The correlation of two maps as a function of spatial frequency.

    Parameters
    ----------
    frequency : (s,) middle of each shell, in 1/Å, from 0
    correlation : (s,) between -1 and 1; 0 in a shell in which one map has no power
    coefficients : (s,) independent Fourier coefficients in each shell; of two Fourier mates one counts
    """

    frequency: NDArray[np.float64]
    correlation: NDArray[np.float64]
    coefficients: NDArray[np.int64]

    def resolution(self, threshold: float) -> float | None:
        """Where the curve first falls below a threshold.

        Parameters
        ----------
        threshold : for example 0.143 between two half maps, 0.5 against a known truth

        Returns
        -------
        In Å, interpolated linearly in frequency between the two shells; the resolution of the last shell if the
        curve never falls below the threshold; None if already the first shell after the origin lies below.
        """
        below = np.flatnonzero(self.correlation[1:] < threshold) + 1
        if not below.size:
            return float(1 / self.frequency[-1])
        shell = below[0]
        if shell == 1:
            return None
        before, after = self.correlation[shell - 1], self.correlation[shell]
        fraction = (before - threshold) / (before - after)
        return float(1 / (self.frequency[shell - 1] + fraction * (self.frequency[shell] - self.frequency[shell - 1])))


def fourier_shell_correlation(
    first: NDArray[np.floating[Any]],
    second: NDArray[np.floating[Any]],
    *,
    pixel_size: float,
    mask: NDArray[np.floating[Any]] | None = None,
    threads: int = 1,
) -> ShellCorrelation:
    """Correlate two maps shell by shell, or two images ring by ring.

    Parameters
    ----------
    first, second : (n, n, n) maps or (n, n) images
    pixel_size : in Å
    mask : of the same shape; both are multiplied by it first
    threads : threads to use; the result does not depend on it

    Returns
    -------
    Shells from 0 to n // 2, one Fourier pixel thick, centred on whole Fourier pixels. Time O(N log N) for N voxels.

    Raises
    ------
    ParameterError
        If the shapes differ or are not those of a cube or a square, or a value is not a number.

    References
    ----------
    Harauz & van Heel (1986), Optik 73:146-156. Each Fourier mate counts once (other programs count both on one plane).
    """
    shape = first.shape
    if first.ndim not in (2, 3) or len(set(shape)) != 1:
        raise ParameterError(f"A shell correlation needs cubes or squares; the first map is {shape}.")
    for name, other in (("second map", second), ("mask", mask)):
        if other is not None and other.shape != shape:
            raise ParameterError(f"The {name} is {other.shape} and the first map {shape}; they must have one shape.")
    transforms = []
    for array in (first, second):
        masked = np.asarray(array if mask is None else array * mask, np.float32)
        if not np.isfinite(masked).all():
            raise ParameterError("A map holds values that are not numbers; replace them before correlating.")
        transforms.append(forward_transform(masked, dimensions=first.ndim, threads=threads))
    return correlate_transforms(transforms[0], transforms[1], shape, pixel_size=pixel_size)


def correlate_transforms(
    first: NDArray[np.complex64], second: NDArray[np.complex64], shape: tuple[int, ...], *, pixel_size: float
) -> ShellCorrelation:
    """Correlate two half transforms shell by shell, see `fourier_shell_correlation`.

    Parameters
    ----------
    first, second : (n, n, n // 2 + 1) or (n, n // 2 + 1) half transforms
    shape : (n, n, n) or (n, n), in real space
    pixel_size : in Å
    """
    from cryoloom.engine.fsc._shells import shell_sums

    box = shape[-1]
    first, second = (one.reshape(-1, box, box // 2 + 1) for one in (first, second))
    product, first_power, second_power, coefficients = shell_sums(first, second, box)
    scale = np.sqrt(first_power * second_power)
    correlation = np.divide(product, scale, out=np.zeros_like(product), where=scale > 0)
    return ShellCorrelation(np.arange(box // 2 + 1) / (box * pixel_size), correlation, coefficients)
