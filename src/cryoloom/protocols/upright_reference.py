"""A map that a symmetry is imposed on: whether it has it, about the axes of its group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.alignment import (
    LEAST_CORRELATION,
    RigidMotion,
    align_to_symmetry,
    move_map,
    operator_correlations,
)
from cryoloom.engine.symmetry import point_group
from cryoloom.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


RESOLUTION = 20.0  # Å, at which a reference is compared with itself
_FEWEST_WAVES = 5.0  # across a map, where that is coarser
_SHOWN = 6  # operators that a sentence lists


@dataclass(frozen=True)
class UprightReference:
    """A reference, and how well it has a symmetry.

    Parameters
    ----------
    volume : (box, box, box), moved to the axes if that was asked for
    motion : that brought it there
    correlations : (n,) with itself under each operator as it lies now, the identity first
    remarks : what was done to it, or what to know of it, one sentence each
    """

    volume: NDArray[np.float32]
    motion: RigidMotion
    correlations: NDArray[np.float64]
    remarks: tuple[str, ...]


def upright_reference(
    volume: NDArray[np.float32],
    symmetry: str,
    *,
    pixel_size: float,
    diameter: float,
    align: bool = False,
    accept: bool = False,
    offers: tuple[str, str] = ("Let its axes be found (align_reference)", "accept_symmetry"),
    threads: int = 1,
) -> UprightReference:
    """A reference that has the symmetry which is to be imposed, about the axes of its group.

    Parameters
    ----------
    volume : (box, box, box)
    symmetry : point group
    pixel_size : in Å
    diameter : of the particle, in Å; what lies beyond is not compared
    align : look for the axes, and bring them to where the group has them
    accept : go on, whether the reference has the symmetry or not
    offers : how the user has it aligned, as a sentence without its end; and the name of the option that accepts it
    threads : threads to use; the result does not depend on it

    Raises
    ------
    InputError
        With the correlation under each operator, if it falls below 0.7 at 20 Å and was not accepted.
    """
    group = point_group(symmetry)
    if group.order == 1:
        return UprightReference(volume, RigidMotion.none(), np.ones(1), ())
    compared = {
        "pixel_size": pixel_size,
        "resolution": min(RESOLUTION, len(volume) * pixel_size / _FEWEST_WAVES),
        "diameter": diameter,
    }
    motion, remarks = RigidMotion.none(), []
    if align:
        motion = align_to_symmetry(volume, group.name, **compared, threads=threads).motion
        volume = move_map(volume, motion, pixel_size=pixel_size, threads=threads)
        remarks.append(_moved_in_words(motion, group.name))
    correlations = operator_correlations(volume, group.name, **compared, threads=threads)
    if correlations.min() < LEAST_CORRELATION:
        found = (
            f"{'Even about the axes that fit best, the' if align else 'The'} reference does not look alike under "
            f"{group.name}: at {compared['resolution']:.0f} Å it correlates with itself by "
            f"{_in_words(group.operators, correlations)}, where {LEAST_CORRELATION:g} are needed."
        )
        if not accept:
            offer = "Choose another symmetry" if align else offers[0]
            raise InputError(f"{found} {offer}, or go on all the same ({offers[1]}).")
        remarks.append(found)
    return UprightReference(volume, motion, correlations, tuple(remarks))


def operators_in_words(operators: NDArray[np.float64]) -> Sequence[str]:
    """Each rotation of (n, 3, 3) but the first, which is the identity: ``120° about Z``."""
    from scipy.spatial.transform import Rotation

    turns = Rotation.from_matrix(operators[1:]).as_rotvec()
    angles = np.linalg.norm(turns, axis=1)
    return [
        f"{np.degrees(angle):.0f}° about {_axis_in_words(turn / angle)}"
        for turn, angle in zip(turns, angles, strict=True)
    ]


def _axis_in_words(axis: NDArray[np.float64]) -> str:
    along = np.flatnonzero(np.abs(axis) > 1 - 1e-6)
    if len(along):
        return ("−" if axis[along[0]] < 0 else "") + "XYZ"[along[0]]
    return f"({', '.join(f'{value + 0.0:.2f}' for value in np.round(axis, 2))})"


def _in_words(operators: NDArray[np.float64], correlations: NDArray[np.float64]) -> str:
    """The correlations under the operators that fit worst, and how many others there are."""
    names = operators_in_words(operators)
    worst = np.argsort(correlations[1:], kind="stable")
    listed = ", ".join(f"{correlations[1 + place]:.2f} ({names[place]})" for place in worst[:_SHOWN])
    return listed + (f" and more under {len(worst) - _SHOWN} others" if len(worst) > _SHOWN else "")


def _moved_in_words(motion: RigidMotion, group: str) -> str:
    angle = np.degrees(np.arccos(np.clip(0.5 * (np.trace(motion.rotation) - 1.0), -1.0, 1.0)))
    return (
        f"The reference was brought to the axes of {group}: turned by {angle:.1f}° and moved by "
        f"{np.linalg.norm(motion.shift):.1f} Å."
    )
