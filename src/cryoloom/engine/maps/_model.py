"""The map that an atomic model should give."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.fourier import (
    forward_transform,
    good_even_size,
    inverse_transform,
    radial_frequency,
    resize_transform,
)
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OVERSAMPLING = 1.5  # of the grid on which atoms are drawn
_WELL_SAMPLED = 57.0  # Å² at a spacing of 1 Å: the B-factor of a Gaussian whose width is 0.85 of the spacing


def model_map(
    positions: NDArray[np.floating[Any]],
    elements: NDArray[np.integer[Any]],
    b_factors: NDArray[np.floating[Any]],
    occupancies: NDArray[np.floating[Any]],
    *,
    box_size: int,
    pixel_size: float,
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
    threads: int = 1,
) -> NDArray[np.float32]:
    """The electrostatic potential of atoms in vacuum, as far as the grid resolves it.

    Parameters
    ----------
    positions : (a, 3) x, y, z in Å
    elements : (a,) atomic numbers
    b_factors : (a,) in Å²
    occupancies : (a,) from 0 to 1
    box_size : edge of the map in voxels
    pixel_size : in Å
    origin : (x, y, z) of the centre of the map's first voxel, in Å
    threads : threads to use; the result does not depend on it

    Returns
    -------
    (box, box, box) with the electron form factors of the atoms, on an arbitrary grey scale; atoms outside the box are
    left out

    Raises
    ------
    ParameterError
        If no atom lies in the map.

    References
    ----------
    Peng, Ren, Dudarev & Whelan (1996), Acta Cryst. A52:257-276, for the form factors, as gemmi has them.
    """
    import gemmi

    places = np.asarray(positions, np.float64) - origin
    held = ((places > -0.5 * pixel_size) & (places < (box_size - 0.5) * pixel_size)).all(axis=1) & (elements > 0)
    if not held.any():
        raise ParameterError("No atom of the model lies in the map; place the model in the map, or shift its origin.")
    size = good_even_size(math.ceil(_OVERSAMPLING * box_size))
    extent = box_size * pixel_size
    step = extent / size
    calculator = gemmi.DensityCalculatorE()
    calculator.grid.set_unit_cell(gemmi.UnitCell(extent, extent, extent, 90, 90, 90))
    calculator.grid.spacegroup = gemmi.SpaceGroup("P 1")
    calculator.grid.set_size(size, size, size)
    # Atoms are blurred until the grid samples them well; the blur is taken back from the transform.
    calculator.blur = max(0.0, _WELL_SAMPLED * step**2 - float(np.min(b_factors[held])))
    atom = gemmi.Atom()
    for index in np.flatnonzero(held):
        atom.pos = gemmi.Position(*places[index])
        atom.element = gemmi.Element(int(elements[index]))
        atom.b_iso, atom.occ = float(b_factors[index]), float(occupancies[index])
        calculator.add_atom_density_to_grid(atom)
    fine = np.transpose(calculator.grid.array, (2, 1, 0))  # gemmi's grids are (x, y, z)
    shape = (box_size,) * 3
    transform = resize_transform(forward_transform(fine, dimensions=3, threads=threads), fine.shape, shape)
    transform *= np.exp(np.float32(0.25 * calculator.blur) * radial_frequency(shape, pixel_size) ** 2)
    return inverse_transform(transform, shape, threads=threads, overwrite=True)
