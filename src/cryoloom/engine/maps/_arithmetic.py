"""Arithmetic of maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

OPERATIONS: Mapping[str, Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": lambda first, second: np.divide(first, second, out=np.zeros_like(first), where=second != 0),
    "minimum": np.minimum,
    "maximum": np.maximum,
}
"""What `combine_maps` does to two maps at a time; where a map is divided by 0, the result is 0."""


def combine_maps(volumes: Sequence[NDArray[np.floating[Any]]], operation: str) -> NDArray[np.float32]:
    """Make one map of several, voxel by voxel, from the first to the last.

    Parameters
    ----------
    volumes : maps of one shape
    operation : one of `OPERATIONS`, or ``mean``

    Returns
    -------
    A map of that shape, float32

    Raises
    ------
    ParameterError
        If the shapes differ, there is no map, or the operation is not known.
    """
    if not volumes:
        raise ParameterError("There is no map to combine.")
    if len({volume.shape for volume in volumes}) != 1:
        shapes = ", ".join(str(volume.shape) for volume in volumes)
        raise ParameterError(f"Maps of different shapes ({shapes}) cannot be combined; crop, pad or resample them.")
    if operation != "mean" and operation not in OPERATIONS:
        raise ParameterError(f"Maps cannot be combined by {operation!r}; there are {', '.join(OPERATIONS)} and mean.")
    function = OPERATIONS.get(operation, np.add)
    result = np.array(volumes[0], np.float32)
    for volume in volumes[1:]:
        result = function(result, np.asarray(volume, np.float32))
    return result / np.float32(len(volumes)) if operation == "mean" else result
