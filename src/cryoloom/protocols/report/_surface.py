"""A map's surface as it is seen from one side, in light from the upper left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

View = Literal["z", "y", "x"]

GRID = 200  # voxels along an edge, to which maps are brought: enough for a picture, and soon done
_SHARE_OF_MASK = 0.15  # that the surface encloses
_SHARE_OF_BOX = 0.01  # the same, without a mask
_LIGHT = np.array([-0.75, -0.5, -0.45])  # direction of the light in the picture's axes: near, above and to the left
_AMBIENT, _DIFFUSE, _DEPTH = 0.22, 0.78, 0.35
_NEAR, _FAR = np.array([150.0, 214.0, 224.0]), np.array([66.0, 112.0, 132.0])


def surface_level(volume: NDArray[np.float32], mask: NDArray[np.float32] | None = None) -> float:
    """A density whose surface shows what is inside a protein rather than its outline.

    Parameters
    ----------
    volume : (n, n, n)
    mask : of the same shape
    """
    if mask is not None and (mask > 0.5).any():
        return float(np.quantile(volume[mask > 0.5], 1.0 - _SHARE_OF_MASK))
    return float(np.quantile(volume, 1.0 - _SHARE_OF_BOX))


def shaded_surface(volume: NDArray[np.float32], level: float, view: View = "z") -> NDArray[np.uint8]:
    """Draw what is seen of a surface, along an axis from its positive end (of y, from its negative one).

    Every column of voxels along the line of sight is followed to where the density first reaches the level; between
    voxels it is interpolated. The gradient there is the surface's normal.

    Parameters
    ----------
    volume : (z, y, x)
    level : of the surface
    view : axis along which one looks; along z, x points right and y up, else z points up

    Returns
    -------
    (n, n, 4) red, green, blue and opacity, row 0 at the top; the hand is that of the map
    """
    seen = _from_viewer(volume, view)
    inside = seen >= level
    hit = inside.any(axis=0)
    first = inside.argmax(axis=0)
    rows, columns = np.indices(first.shape)
    depth = first - _overshoot(seen, first, level, rows, columns)
    slope = np.stack([_slope(seen, first, rows, columns, axis) for axis in range(3)])
    normal = -slope / np.maximum(np.sqrt((slope**2).sum(axis=0)), 1e-12)
    lit = np.clip(np.tensordot(_LIGHT / np.linalg.norm(_LIGHT), normal, axes=1), 0.0, 1.0)
    near, far = (np.quantile(depth[hit], [0.0, 1.0])) if hit.any() else (0.0, 1.0)
    remote = np.clip((depth - near) / max(far - near, 1.0), 0.0, 1.0)
    brightness = (_AMBIENT + _DIFFUSE * lit) * (1.0 - _DEPTH * remote)
    colour = _NEAR + (_FAR - _NEAR) * remote[..., None]
    picture = np.zeros((*hit.shape, 4), np.uint8)
    picture[..., :3] = np.clip(colour * (0.25 + brightness[..., None]), 0, 255)
    picture[..., 3] = np.where(hit, 255, 0)
    return picture


def _from_viewer(volume: NDArray[np.float32], view: View) -> NDArray[np.float32]:
    """(depth from the viewer, rows from the top, columns from the left)."""
    if view == "z":
        return volume[::-1, ::-1]
    if view == "y":
        return volume.transpose(1, 0, 2)[:, ::-1]
    return volume.transpose(2, 0, 1)[::-1, ::-1]


def _overshoot(
    seen: NDArray[np.float32],
    first: NDArray[np.int64],
    level: float,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
) -> NDArray[np.float64]:
    """How far before the first voxel inside the surface lies, in voxels."""
    here = seen[first, rows, columns].astype(np.float64)
    before = seen[np.maximum(first - 1, 0), rows, columns].astype(np.float64)
    rise = here - before
    share = np.divide(here - level, rise, out=np.zeros_like(rise), where=rise > 0)
    return np.asarray(np.where(first > 0, np.clip(share, 0.0, 1.0), 0.0))


def _slope(
    seen: NDArray[np.float32], first: NDArray[np.int64], rows: NDArray[np.int64], columns: NDArray[np.int64], axis: int
) -> NDArray[np.float64]:
    """The density's rise along an axis over two voxels about the surface, its edges repeated."""
    place = [first, rows, columns]
    ahead, behind = (
        [
            np.clip(index + step, 0, seen.shape[number] - 1) if number == axis else index
            for number, index in enumerate(place)
        ]
        for step in (1, -1)
    )
    return np.asarray(seen[tuple(ahead)] - seen[tuple(behind)], np.float64)
