"""Images whose centre is that of a part of the particle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Recentred:
    """Where images go so that a part of the particle comes to their centre.

    Parameters
    ----------
    moved : (n, 2) x and y in whole pixels, from the centre of each image, of what becomes its centre
    shifts : (n, 2) x and y in Å, RELION's sign, that are left; in a map that has the part at its centre
    """

    moved: NDArray[np.int64]
    shifts: NDArray[np.float64]

    def images(self, images: NDArray[np.float32], chosen: slice) -> NDArray[np.float32]:
        """Images (m, box, box) moved; what leaves at one side comes in at the other, where it is background."""
        pairs = zip(images, self.moved[chosen], strict=True)
        return np.stack([np.roll(image, (-y, -x), axis=(0, 1)) for image, (x, y) in pairs])


def recentre(
    rotations: NDArray[np.float64], shifts: NDArray[np.float64], centre: NDArray[np.float64], *, pixel_size: float
) -> Recentred:
    """Find where images must go.

    Parameters
    ----------
    rotations : (n, 3, 3) from reference axes to image axes, with the magnification of each particle's group: see
        `ParticleOptics.slicing_matrices`
    shifts : (n, 2) x and y in Å, RELION's sign
    centre : (3,) x, y, z in Å, in the map, from its centre
    pixel_size : of the images, in Å
    """
    place = (rotations @ np.asarray(centre, np.float64))[:, :2] - shifts
    moved = np.rint(place / pixel_size).astype(np.int64)
    return Recentred(moved, moved * pixel_size - place)


def centre_of_mask(mask: NDArray[np.floating], *, pixel_size: float) -> NDArray[np.float64]:
    """Centre of gravity (3,) x, y, z of a mask (n, n, n), in Å from the centre of the box.

    Raises
    ------
    ParameterError
        If the mask is empty.
    """
    total = float(mask.sum(dtype=np.float64))
    if total <= 0:
        raise ParameterError("The mask is empty, so it has no centre.")
    position = np.arange(len(mask)) - len(mask) // 2
    sums = [mask.sum(axis=tuple(other for other in range(3) if other != axis), dtype=np.float64) for axis in (2, 1, 0)]
    return np.array([float(each @ position) / total for each in sums]) * pixel_size
