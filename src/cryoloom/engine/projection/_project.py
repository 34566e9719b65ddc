"""Images of a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.fourier import inverse_transform
from cryoloom.engine.kernels import extract_slices
from cryoloom.engine.orientations import rotation_matrices
from cryoloom.engine.projection._transform import volume_transform
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH = 256  # images transformed at once, which bounds the memory beyond the result


def project_volume(
    volume: NDArray[np.floating[Any]],
    angles: NDArray[np.floating[Any]],
    shifts: NDArray[np.floating[Any]] | None = None,
    ctfs: NDArray[np.float32] | None = None,
    *,
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
    if shifts is None:
        shifts = np.zeros((len(angles), 2))
    if shifts.shape != (len(angles), 2):
        raise ParameterError(f"The shifts have the shape {shifts.shape}; it must be {(len(angles), 2)}.")
    transform = volume_transform(volume, threads=threads)
    rotations = rotation_matrices(angles)
    images = np.empty((len(angles), box, box), np.float32)
    frequency_y, frequency_x = np.fft.fftfreq(box)[:, None], np.fft.rfftfreq(box)
    for start in range(0, len(angles), BATCH):
        part = slice(start, start + BATCH)
        slices = extract_slices(transform, rotations[part], box_size=box, radius=(box + 1) // 2, threads=threads)
        place = box // 2 - np.asarray(shifts[part], np.float64) / pixel_size
        slices *= np.exp(-2j * np.pi * place[:, 0, None, None] * frequency_x).astype(np.complex64)
        slices *= np.exp(-2j * np.pi * place[:, 1, None, None] * frequency_y).astype(np.complex64)
        if ctfs is not None:
            slices *= ctfs if ctfs.ndim == 2 else ctfs[part]
        images[part] = inverse_transform(slices, (box, box), threads=threads, overwrite=True)
    return images
