"""Images of a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.fourier import inverse_transform
from cryoloom.engine.kernels import extract_coefficients, shift_factors
from cryoloom.engine.orientations import rotation_matrices
from cryoloom.engine.projection._transform import volume_transform
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.optics import ParticleOptics

BATCH = 256  # images transformed at once, which bounds the memory beyond the result


def project_volume(
    volume: NDArray[np.floating[Any]],
    angles: NDArray[np.floating[Any]],
    shifts: NDArray[np.floating[Any]] | None = None,
    ctfs: NDArray[np.float32] | None = None,
    *,
    optics: ParticleOptics | None = None,
    pixel_size: float,
    threads: int = 1,
) -> NDArray[np.float32]:
    """Project a map in given orientations.

    Parameters
    ----------
    volume : (box, box, box) map, its rotation centre at ``box // 2`` on every axis
    angles : (n, 3) rot, tilt and psi in degrees, RELION's ZYZ
    shifts : (n, 2) x and y in Å with RELION's sign: what brings the particle to the centre; none for centred images
    ctfs : (n, box, box // 2 + 1) or (box, box // 2 + 1) contrast transfer functions; none for bare projections
    optics : of the n images, which then show their transfer functions, odd aberrations and magnification; frequencies
        that the most magnified of them has beyond Nyquist's are left out of all
    pixel_size : in Å
    threads : threads to use; the result does not depend on it

    Returns
    -------
    (n, box, box) sums over voxels along each view, protein white. Time O(n · box² log box).

    Raises
    ------
    ParameterError
        If the arrays do not fit each other.
    """
    box = len(volume)
    if angles.ndim != 2 or angles.shape[1] != 3:
        raise ParameterError(f"The angles have the shape {angles.shape}; it must be (n, 3).")
    if optics is not None and len(optics) != len(angles):
        raise ParameterError(f"There are {len(angles)} orientations and the optics of {len(optics)} images.")
    if shifts is None:
        shifts = np.zeros((len(angles), 2))
    if shifts.shape != (len(angles), 2):
        raise ParameterError(f"The shifts have the shape {shifts.shape}; it must be {(len(angles), 2)}.")
    transform = volume_transform(volume, threads=threads)
    rotations = rotation_matrices(angles)
    radius = (box + 1) // 2
    if optics is not None:
        rotations = optics.slicing_matrices(rotations, np.arange(len(angles)))
        radius = optics.radius_in_images(radius)
    signed = np.arange(box) - box * (2 * np.arange(box) >= box)
    rows, columns = np.nonzero(signed[:, None] ** 2 + np.arange(box // 2 + 1) ** 2 < radius**2)
    frequencies = np.stack([columns, signed[rows]], axis=1).astype(np.float32)
    in_angstrom = frequencies.astype(np.float64) / (box * pixel_size)
    images = np.empty((len(angles), box, box), np.float32)
    for start in range(0, len(angles), BATCH):
        part = slice(start, start + BATCH)
        values = extract_coefficients(transform, rotations[part], frequencies, threads=threads)
        if optics is not None:
            values = optics[part].modulate(values * optics[part].transfer(in_angstrom), in_angstrom)
        values *= shift_factors(frequencies, box // 2 - np.asarray(shifts[part], np.float64) / pixel_size, box)
        slices = np.zeros((len(values), box, box // 2 + 1), np.complex64)
        slices[:, rows, columns] = values
        if ctfs is not None:
            slices *= ctfs if ctfs.ndim == 2 else ctfs[part]
        images[part] = inverse_transform(slices, (box, box), threads=threads, overwrite=True)
    return images
