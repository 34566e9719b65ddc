"""The rotations of the point groups C, D, T and O, in the frame that RELION places them in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

HIGHEST_ORDER = 99
SAME_ROTATION = 1e-6  # largest difference of matrix elements
_ICOSAHEDRAL = re.compile(r"I[1-5]?")  # RELION numbers the frames that it may lie in
_ICOSAHEDRAL_ORDER = 60


@dataclass(frozen=True, eq=False)
class PointGroup:
    """A point group of rotations.

    Parameters
    ----------
    name : such as C1, C3, D7, T or O
    operators : (n, 3, 3) rotation matrices acting on (x, y, z), the identity first
    """

    name: str
    operators: NDArray[np.float64]

    @property
    def order(self) -> int:
        """How many rotations there are, the identity included."""
        return len(self.operators)


def point_group(name: str) -> PointGroup:
    """Make a point group of its name.

    Parameters
    ----------
    name : C1 to C99, D1 to D99, T or O; lower case will do

    Returns
    -------
    The group with its n-fold axis on Z (C, D), a 2-fold on X (D), a 3-fold on Z (T) or a 4-fold on Z (O)

    Raises
    ------
    ParameterError
        If the name is not that of a point group, or of an icosahedral one, which is not known yet.

    References
    ----------
    RELION's documentation on symmetry; the frames are those of Heymann, Chagoyen & Belnap (2005),
    J. Struct. Biol. 151:196-207.
    """
    plain = name.strip().upper()
    found = re.fullmatch(r"([CD])([1-9]\d?)|T|O", plain)
    if found is None:
        if _ICOSAHEDRAL.fullmatch(plain):
            raise ParameterError(
                f"The symmetry {name} is icosahedral, which cryoloom does not know yet; use a subgroup, such as C5 or "
                "T, with the map on its axes."
            )
        raise ParameterError(f"The symmetry {name!r} is no point group; give for example C1, C3, D7, T or O.")
    return _group(plain)


def group_order(name: str) -> int:
    """How many rotations a point group holds, the identity included.

    Parameters
    ----------
    name : C1 to C99, D1 to D99, T, O, or I with or without the number of its frame; lower case will do

    Raises
    ------
    ParameterError
        If the name is not that of a point group.
    """
    return _ICOSAHEDRAL_ORDER if _ICOSAHEDRAL.fullmatch(name.strip().upper()) else point_group(name).order


@cache
def _group(name: str) -> PointGroup:
    if name == "T":
        generators = [_turn((0, 0, 1), 3), _turn((0, np.sqrt(2 / 3), np.sqrt(1 / 3)), 2)]
    elif name == "O":
        generators = [_turn((0, 0, 1), 4), _turn((1, 1, 1), 3)]
    else:
        generators = [_turn((0, 0, 1), int(name[1:]))]
        if name[0] == "D":
            generators.append(_turn((1, 0, 0), 2))
    operators = _closure(generators)
    operators.flags.writeable = False
    return PointGroup(name, operators)


def _turn(axis: tuple[float, float, float], order: int) -> NDArray[np.float64]:
    """Rodrigues' formula; without SciPy, which takes longer to load than many a command needs for all else."""
    direction = np.asarray(axis, np.float64)
    x, y, z = direction / np.linalg.norm(direction)
    across = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    angle = 2 * np.pi / order
    return np.asarray(np.eye(3) + np.sin(angle) * across + (1.0 - np.cos(angle)) * (across @ across), np.float64)


def _closure(generators: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """All products of the generators, the identity first."""
    operators = [np.eye(3)]
    for element in operators:  # grows while it is walked
        for generator in generators:
            product = element @ generator
            if all(np.abs(product - known).max() > SAME_ROTATION for known in operators):
                operators.append(product)
    return np.stack(operators)
