"""From where a particle is seen, and how evenly that samples its transform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.orientations import rotation_matrices
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_QUANTA = 64  # to which components of directions are rounded before they are counted
_DIRECTIONS = 2000  # of the transform that are looked at
_HALF_THICKNESS = np.sin(np.deg2rad(3.0))  # of a slice, at the radius where it is looked at
_AT_ONCE = 4096


@dataclass(frozen=True)
class ViewDistribution:
    """How views of a particle are spread.

    Parameters
    ----------
    mollweide : (r, 2 r) density of views relative to even ones, on the equal-area map of Mollweide: the first row is
        tilt 0, the middle column rot 0, rot grows to the right; NaN outside of the ellipse
    sampling_compensation : 1 for even views, lower where some directions of the transform are sampled poorly; by this
        factor the spectral signal-to-noise ratio falls short
    poorly_sampled : share of the directions of the transform that are sampled less than a fifth of the mean
    """

    mollweide: NDArray[np.float64]
    sampling_compensation: float
    poorly_sampled: float


def view_directions(
    angles: NDArray[np.floating[Any]], operators: NDArray[np.floating[Any]] | None = None
) -> NDArray[np.float64]:
    """Directions, in the frame of the map, along which the particle is looked at.

    Parameters
    ----------
    angles : (n, 3) rot, tilt and psi in degrees, RELION's ZYZ
    operators : (g, 3, 3) rotations of the point group; none for C1

    Returns
    -------
    (n · g, 3) unit vectors, x first
    """
    views = rotation_matrices(angles)[:, 2, :]
    return views if operators is None else np.einsum("ni,gij->ngj", views, operators).reshape(-1, 3)


def view_distribution(
    angles: NDArray[np.floating[Any]], operators: NDArray[np.floating[Any]] | None = None, *, rows: int = 60
) -> ViewDistribution:
    """Count views, and tell how evenly their slices fill the transform.

    Parameters
    ----------
    angles : (n, 3) rot, tilt and psi in degrees, RELION's ZYZ
    operators : (g, 3, 3) rotations of the point group; none for C1
    rows : of the map of Mollweide

    Returns
    -------
    The distribution. Time O(n g) and a bounded number of products.

    Raises
    ------
    ParameterError
        If there is no view.

    References
    ----------
    Baldwin & Lyumkis (2020), Prog. Biophys. Mol. Biol. 150:160-183: the sampling compensation factor is the inverse of
    the mean of 1 / sampling. Where no slice passes, half of one is assumed.
    """
    if not len(angles):
        raise ParameterError("There are no views; give particles with angles.")
    views = view_directions(angles, operators)
    directions, counts = np.unique(np.rint(_QUANTA * views).astype(np.int16), axis=0, return_counts=True)
    directions = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    transform_directions = _even_directions(_DIRECTIONS)
    passing = np.zeros(_DIRECTIONS)
    for start in range(0, len(directions), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        near = np.abs(directions[part] @ transform_directions.T) < _HALF_THICKNESS
        passing += counts[part] @ near
    sampling = np.maximum(passing, 0.5) / (len(views) * _HALF_THICKNESS)
    return ViewDistribution(
        mollweide=_mollweide(views, rows),
        sampling_compensation=float(1 / np.mean(1 / sampling)),
        poorly_sampled=float((sampling < 0.2).mean()),
    )


def mollweide_directions(rows: int) -> NDArray[np.float64]:
    """(r, 2 r, 3) unit vectors, x first, to which the pixels of a map of Mollweide belong; NaN outside of the ellipse.

    Parameters
    ----------
    rows : r; the first row is near tilt 0, the middle column near rot 0, rot grows to the right
    """
    across, up = _ellipse(rows)
    theta = np.arcsin(up)
    latitude = np.arcsin(np.clip((2 * theta + np.sin(2 * theta)) / np.pi, -1, 1))
    longitude = np.pi * across / np.cos(theta)
    width = np.cos(latitude)
    vectors = np.stack([width * np.cos(longitude), width * np.sin(longitude), np.sin(latitude)], axis=-1)
    return np.where((across**2 + up**2 <= 1)[..., None], vectors, np.nan)


def _ellipse(rows: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(r, 2 r) places of pixels from -1 to 1 to the right, and upwards."""
    down, across = np.meshgrid(*((np.arange(n) + 0.5) / n * 2 - 1 for n in (rows, 2 * rows)), indexing="ij")
    return across, -down


def _even_directions(count: int) -> NDArray[np.float64]:
    """Unit vectors spread evenly over half of the sphere, along a spiral."""
    height = (np.arange(count) + 0.5) / count
    around = np.pi * (1 + 5**0.5) * np.arange(count)
    width = np.sqrt(1 - height**2)
    return np.stack([width * np.cos(around), width * np.sin(around), height], axis=1)


def _mollweide(views: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Density of directions on the equal-area ellipse, which has the half axes 2 and 1."""
    latitude = np.arcsin(np.clip(views[:, 2], -1, 1))
    longitude = np.arctan2(views[:, 1], views[:, 0])
    auxiliary = np.linspace(-np.pi / 2, np.pi / 2, 2001)
    theta = np.interp(np.sin(latitude), (2 * auxiliary + np.sin(2 * auxiliary)) / np.pi, auxiliary)
    across, up = 2 / np.pi * longitude * np.cos(theta), np.sin(theta)
    counts, _, _ = np.histogram2d(-up, across, bins=(rows, 2 * rows), range=((-1, 1), (-2, 2)))
    x, y = _ellipse(rows)
    inside = x**2 + y**2 <= 1
    return np.where(inside | (counts > 0), counts / (len(views) / inside.sum()), np.nan)
