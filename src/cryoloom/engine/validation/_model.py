"""How well a map agrees with an atomic model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.fsc import ShellCorrelation, fourier_shell_correlation
from cryoloom.engine.maps import model_map, model_mask
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EDGE = 6.0  # voxels


def correlate_with_model(
    volume: NDArray[np.floating[Any]],
    positions: NDArray[np.floating[Any]],
    elements: NDArray[np.integer[Any]],
    b_factors: NDArray[np.floating[Any]],
    occupancies: NDArray[np.floating[Any]],
    *,
    pixel_size: float,
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
    mask: NDArray[np.floating[Any]] | None = None,
    threads: int = 1,
) -> ShellCorrelation:
    """Correlate a map with the potential of a model that lies in it, shell by shell.

    Parameters
    ----------
    volume : (n, n, n) map
    positions : (a, 3) x, y, z in Å
    elements : (a,) atomic numbers
    b_factors : (a,) in Å²
    occupancies : (a,) from 0 to 1
    pixel_size : in Å
    origin : (x, y, z) of the centre of the map's first voxel, in Å
    mask : (n, n, n), from 0 to 1; by default soft, around the atoms
    threads : threads to use; the result does not depend on it

    Returns
    -------
    The curve; its resolution is where it falls below 0.5. Time O(n³ log n), and in proportion to the atoms.

    Raises
    ------
    ParameterError
        If the map is no cube, or no atom lies in it.
    """
    box = len(volume)
    if volume.shape != (box,) * 3:
        raise ParameterError(f"A map must be a cube; this one is {volume.shape}.")
    model = model_map(
        positions, elements, b_factors, occupancies, box_size=box, pixel_size=pixel_size, origin=origin, threads=threads
    )
    if mask is None:
        mask = model_mask(positions, box, pixel_size=pixel_size, origin=origin, extension=2.0, edge=_EDGE)
    return fourier_shell_correlation(volume, model, pixel_size=pixel_size, mask=mask, threads=threads)
