"""A map that a symmetry is imposed on: whether it has it, about the axes of its group."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
from cryoloom.protocols.operator_table import OperatorTable

if TYPE_CHECKING:
    from numpy.typing import NDArray


RESOLUTION = 20.0  # Å, at which a reference is compared with itself
_FEWEST_WAVES = 5.0  # across a map, where that is coarser


@dataclass(frozen=True)
class UprightReference:
    """A reference, and how well it has a symmetry.

    Parameters
    ----------
    volume : (box, box, box), moved to the axes if that was asked for
    motion : that brought it there
    table : its correlations with itself under each operator as it lies now
    remarks : what was done to it, or what to know of it, one sentence each
    """

    volume: NDArray[np.float32]
    motion: RigidMotion
    table: OperatorTable
    remarks: tuple[str, ...]

    @property
    def lacks_symmetry(self) -> bool:
        """Whether it correlates with itself by less than 0.7 under some operator."""
        return bool(self.table.correlations.min() < LEAST_CORRELATION)

    @property
    def shown_below(self) -> str:
        """Lines that go below the remarks: the correlation under every operator, if it lacks the symmetry."""
        return f"{self.table.listing}\n" if self.lacks_symmetry else ""


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
        With the correlation under each operator below its sentence, if one falls below 0.7 at 20 Å and that was not
        accepted.
    """
    group = point_group(symmetry)
    if group.order == 1:
        return UprightReference(volume, RigidMotion.none(), OperatorTable(group, np.ones(1)), ())
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
    table = OperatorTable(group, operator_correlations(volume, group.name, **compared, threads=threads))
    upright = UprightReference(volume, motion, table, tuple(remarks))
    if upright.lacks_symmetry:
        found = (
            f"{'Even about the axes that fit best, the' if align else 'The'} reference does not look alike under "
            f"{group.name}: at {compared['resolution']:.0f} Å it correlates with itself by "
            f"{table.worst} at worst, where {LEAST_CORRELATION:g} are needed."
        )
        if not accept:
            offer = "Choose another symmetry" if align else offers[0]
            raise InputError(
                f"{found} {offer}, or go on all the same ({offers[1]}).",
                listing=table.listing,
                figures={"symmetry_operators": table.document},
            )
        return replace(upright, remarks=(*remarks, found))
    return upright


def _moved_in_words(motion: RigidMotion, group: str) -> str:
    angle = np.degrees(np.arccos(np.clip(0.5 * (np.trace(motion.rotation) - 1.0), -1.0, 1.0)))
    return (
        f"The reference was brought to the axes of {group}: turned by {angle:.1f}° and moved by "
        f"{np.linalg.norm(motion.shift):.1f} Å."
    )
