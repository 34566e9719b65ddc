"""What is compared when maps are aligned: their Fourier coefficients, every shell counted by its size alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.kernels import extract_points
from cryoloom.engine.maps import soft_sphere
from cryoloom.engine.projection import volume_transform
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

EDGE = 5.0  # width of the soft edge of the sphere about a particle, in voxels
COARSE_RESOLUTION = 30.0  # Å, of searches over all rotations or axes
LEAST_RADIUS = 4  # Fourier pixels; fewer tell no orientation
COARSE_RADIUS = 6  # Fourier pixels at least, of such searches in small boxes
LEVER = 50.0  # Å of shift that count like a radian of rotation
MAPS_AT_ONCE = 32  # transformed together, which bounds the memory
SIMPLEX = 0.06  # radians; first steps of a refinement
EXACT = 2e-4  # radians; it has converged
COARSELY = 4e-3  # radians; it has converged so far as what is coarse can tell


class Spectrum:
    """The transform of a map up to a resolution, each shell scaled to one mean power, inside a sphere.

    Parameters
    ----------
    volume : (n, n, n) map, its centre at ``n // 2`` on every axis
    pixel_size : in Å
    resolution : finest detail compared, in Å
    diameter : of the sphere outside which nothing counts, in Å; by default the largest that fits the box
    threads : threads to use

    Raises
    ------
    ParameterError
        If the map is empty, or too small for the resolution.
    """

    def __init__(
        self,
        volume: NDArray[np.floating[Any]],
        *,
        pixel_size: float,
        resolution: float,
        diameter: float | None = None,
        threads: int = 1,
    ) -> None:
        box = len(volume)
        if volume.shape != (box,) * 3:
            raise ParameterError(f"A map to be aligned must be a cube; this one is {volume.shape}.")
        self.width = box * pixel_size  # Å
        self.radius = min(round(self.width / resolution), (box - 1) // 2)
        if self.radius < LEAST_RADIUS:
            raise ParameterError(
                f"{self.width:g} Å of map hold {self.radius} waves of {resolution:g} Å; align at a finer resolution."
            )
        outer = 0.5 * box - EDGE if diameter is None else min(0.5 * diameter / pixel_size, 0.5 * box - EDGE)
        masked = (volume - np.mean(volume, dtype=np.float64)) * soft_sphere(box, outer, EDGE)
        self._transform = volume_transform(masked, radius=self.radius + 1, threads=threads)
        self.frequencies = half_ball(self.radius)
        length = np.sqrt((self.frequencies.astype(np.float64) ** 2).sum(axis=1))
        still = extract_points(self._transform, np.eye(3)[None], self.frequencies)[0]
        self._scale = _shell_scale(still, length)
        self.values = still * self._scale

    def turned(self, rotations: NDArray[np.float64], *, threads: int = 1) -> NDArray[np.complex64]:
        """(n, k) coefficients of the map after each of some rotations (n, 3, 3)."""
        return extract_points(self._transform, rotations, self.frequencies, threads=threads) * self._scale

    def phases(self, shift: NDArray[np.float64]) -> NDArray[np.complex64]:
        """(k,) factors that move a map by a shift (3,) in Å."""
        angle = self.frequencies @ (shift * (-2.0 * np.pi / self.width)).astype(np.float32)
        return (np.cos(angle) + 1j * np.sin(angle)).astype(np.complex64)


def coarse_resolution(box_size: int, pixel_size: float, resolution: float) -> float:
    """Resolution in Å of a search over all rotations that is refined at another one."""
    return max(resolution, min(COARSE_RESOLUTION, box_size * pixel_size / COARSE_RADIUS))


def correlation(first: NDArray[np.complex64], second: NDArray[np.complex64]) -> float:
    """Correlation of two lists of coefficients, one of each two mates."""
    product = np.vdot(first, second).real
    return float(product / np.sqrt(np.vdot(first, first).real * np.vdot(second, second).real))


def best_shift(
    target: NDArray[np.complex64],
    turned: NDArray[np.complex64],
    frequencies: NDArray[np.float32],
    *,
    width: float,
    limit: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shifts that bring turned maps onto another, from all on a grid, each by one Fourier transform.

    Parameters
    ----------
    target : (k,) coefficients of the map that stays
    turned : (n, k) coefficients of the other one, turned
    frequencies : (k, 3)
    width : of the box in Å
    limit : largest shift along an axis, in Å

    Returns
    -------
    shifts (n, 3) x, y and z in Å, and correlations (n,)
    """
    from scipy import fft

    reach = int(np.abs(frequencies).max())
    size = fft.next_fast_len(2 * reach + 2, real=True)
    x, y, z = np.rint(frequencies).astype(int).T
    steps = np.fft.fftfreq(size, 1.0 / size) * width / size
    allowed = np.flatnonzero(np.abs(steps) <= max(limit, 1e-6))
    norms = np.sqrt((turned.real**2 + turned.imag**2).sum(axis=1) * np.vdot(target, target).real)
    shifts, correlations = np.empty((len(turned), 3)), np.empty(len(turned))
    flat = x == 0
    for start in range(0, len(turned), MAPS_AT_ONCE):
        part = slice(start, start + MAPS_AT_ONCE)
        product = target * turned[part].conj()
        grid = np.zeros((len(product), size, size, size // 2 + 1), np.complex64)
        grid[:, z, y, x] = product
        grid[:, -z[flat], -y[flat], 0] = product[:, flat].conj()
        scores = fft.irfftn(grid, s=(size,) * 3, axes=(1, 2, 3), overwrite_x=True)
        scores = scores[:, allowed[:, None, None], allowed[:, None], allowed].reshape(len(product), -1)
        best = scores.argmax(axis=1)
        places = np.unravel_index(best, (len(allowed),) * 3)
        shifts[part] = np.stack([steps[allowed[place]] for place in places[::-1]], axis=1)
        correlations[part] = 0.5 * size**3 * scores[np.arange(len(product)), best] / norms[part]
    return shifts, correlations


def refined(
    score: Callable[[NDArray[np.float64]], float], count: int, *, step: float = SIMPLEX, exact: float = EXACT
) -> tuple[NDArray[np.float64], float]:
    """Climb from zero to the nearest maximum of a function of a few numbers in radians (Nelder & Mead 1965)."""
    from scipy import optimize

    start = step * np.vstack([np.zeros(count), np.eye(count)])
    options = {"initial_simplex": start, "xatol": exact, "fatol": 1e-6, "maxiter": 200 * count}
    found = optimize.minimize(lambda numbers: -score(numbers), np.zeros(count), method="Nelder-Mead", options=options)
    return np.asarray(found.x, np.float64), -float(found.fun)


def turn(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Matrix (3, 3) of a rotation vector (3,) in radians (Rodrigues)."""
    angle = float(np.sqrt(vector @ vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * (cross @ cross))


def half_ball(radius: int) -> NDArray[np.float32]:
    """(k, 3) whole frequencies x, y, z no longer than a radius, one of each two mates, without the origin."""
    axis = np.arange(-radius, radius + 1)
    z, y, x = np.meshgrid(axis, axis, np.arange(radius + 1), indexing="ij")
    one_of_two = (x > 0) | (y > 0) | ((y == 0) & (z > 0))
    chosen = one_of_two & (x**2 + y**2 + z**2 <= radius**2)
    return np.stack([x[chosen], y[chosen], z[chosen]], axis=1).astype(np.float32)


def _shell_scale(values: NDArray[np.complex64], length: NDArray[np.float64]) -> NDArray[np.float32]:
    shells = np.rint(length).astype(int)
    power = np.bincount(shells, values.real**2 + values.imag**2) / np.maximum(np.bincount(shells), 1)
    if not power.max() > 0:
        raise ParameterError("A map that is the same everywhere cannot be aligned.")
    # A shell that is all but empty, as after a low-pass filter, holds rounding errors only.
    scale = np.where(power > 1e-8 * power.max(), 1.0 / np.sqrt(np.maximum(power, 1e-30)), 0.0)
    return np.asarray(scale[shells], np.float32)
