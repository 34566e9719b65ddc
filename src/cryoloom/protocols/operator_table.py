"""How well a map looks alike under every rotation of a point group, for people and for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cryoloom.engine.symmetry import PointGroup

_PARALLEL = 1e-6  # difference of unit vectors that is none


@dataclass(frozen=True, eq=False)
class OperatorTable:
    """Correlations of a map with itself.

    Parameters
    ----------
    group : whose operators they are, the identity first
    correlations : (n,) under each operator
    """

    group: PointGroup
    correlations: NDArray[np.float64]

    @property
    def worst(self) -> str:
        """The least correlation, and the rotation that it is found under."""
        place = int(np.argmin(self.correlations[1:]))
        return f"{self.correlations[1 + place]:.2f} ({operators_in_words(self.group.operators)[place]})"

    @property
    def listing(self) -> str:
        """A line for each axis, with the correlation under each turn about it; empty without symmetry."""
        if self.group.order == 1:
            return ""
        turns: dict[str, list[tuple[float, float]]] = {}
        for axis, angle, correlation in zip(*_upward(self.group.operators), self.correlations[1:], strict=True):
            turns.setdefault(_axis_in_words(axis), []).append((angle, correlation))
        lines = [f"Correlation of the map with itself under each operator of {self.group.name}:"]
        for axis_name, found in turns.items():
            listed = ", ".join(f"{correlation:.2f} ({angle:.0f}°)" for angle, correlation in sorted(found))
            lines.append(f"  about {axis_name}: {listed}")
        return "\n".join(lines)

    @property
    def document(self) -> list[dict[str, Any]]:
        """Axis (x, y, z), angle in degrees and correlation of each operator but the identity."""
        return [
            {"axis": axis, "angle": angle, "correlation": correlation}
            for axis, angle, correlation in zip(*_upward(self.group.operators), self.correlations[1:], strict=True)
        ]


def operators_in_words(operators: NDArray[np.float64]) -> Sequence[str]:
    """Each rotation of (n, 3, 3) but the first, which is the identity: ``120° about Z``."""
    return [
        f"{angle:.0f}° about {_axis_in_words(axis)}" for axis, angle in zip(*_axes_and_angles(operators), strict=True)
    ]


def _axes_and_angles(operators: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n - 1, 3) unit vectors and (n - 1,) degrees up to 180, of all rotations but the first, the identity."""
    from scipy.spatial.transform import Rotation

    turns = Rotation.from_matrix(operators[1:]).as_rotvec()
    angles = np.linalg.norm(turns, axis=1)
    return turns / angles[:, None], np.degrees(angles)


def _upward(operators: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same with axes that point to z, y or x, whichever is the last that they do not lie across; up to 360°."""
    axes, angles = _axes_and_angles(operators)
    for place, axis in enumerate(axes):
        along = np.flatnonzero(np.abs(axis) > _PARALLEL)
        if axis[along[-1]] < 0:
            axes[place] = -axis
            angles[place] = 180.0 if angles[place] > 180.0 - _PARALLEL else 360.0 - angles[place]
    return axes + 0.0, angles


def _axis_in_words(axis: NDArray[np.float64]) -> str:
    along = np.flatnonzero(np.abs(axis) > 1 - _PARALLEL)
    if len(along):
        return ("−" if axis[along[0]] < 0 else "") + "XYZ"[along[0]]
    return f"({', '.join(f'{value + 0.0:.2f}' for value in np.round(axis, 2))})"
