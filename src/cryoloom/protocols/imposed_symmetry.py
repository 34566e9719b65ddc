"""How often the symmetry that was imposed on the halves of a map repeats what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.engine.symmetry import group_order
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryoloom.data import Volume


def imposed_copies(volume: Volume, warn: Callable[[str], None]) -> int:
    """The order of the point group that a map names, of whichever program it comes; 1 if the name is not known.

    Parameters
    ----------
    volume : the map
    warn : told, in one sentence, that the name is not known
    """
    if not volume.symmetry:
        return 1
    try:
        return group_order(volume.symmetry)
    except ParameterError:
        warn(
            f"The symmetry {volume.symmetry!r} of the map is no point group that cryoloom knows, so its halves are "
            "taken as if none had been imposed; if one was, the resolution is told too fine. Import the map with the "
            "name of its group, such as C3, D7, T, O or I."
        )
        return 1
