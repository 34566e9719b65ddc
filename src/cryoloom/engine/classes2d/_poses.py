"""Where each image belongs: its class, and how that lies in it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ClassPoses:
    """The likeliest class of each of n images, and its likeliest pose in it.

    Parameters
    ----------
    classes : (n,) number of the class, from 0; -1 for an image that has not been looked at since its class was given up
    turns : (n,) psi in degrees, RELION's: how the average is turned to look like the image
    shifts : (n, 2) x and y in pixels, where the average's centre lies from the image's centre (`project_volume`'s
        shifts are minus these)
    confidence : (n,) probability of the class, over all poses
    gain : (n,) logarithm of the likelihood, over all classes and poses, less that of no particle at all
    """

    classes: NDArray[np.int32]
    turns: NDArray[np.float32]
    shifts: NDArray[np.float32]
    confidence: NDArray[np.float32]
    gain: NDArray[np.float32]

    @classmethod
    def unknown(cls, count: int) -> ClassPoses:
        """Of images that have not been looked at."""
        zeros = np.zeros(count, np.float32)
        return cls(np.full(count, -1, np.int32), zeros, np.zeros((count, 2), np.float32), zeros, zeros)

    def __len__(self) -> int:
        return len(self.classes)

    def replaced(self, chosen: NDArray[np.int64], found: ClassPoses) -> ClassPoses:
        """With what was found of the chosen (m,) images."""
        values = []
        for field in fields(self):
            value = getattr(self, field.name).copy()
            value[chosen] = getattr(found, field.name)
            values.append(value)
        return ClassPoses(*values)

    @classmethod
    def joined(cls, parts: list[ClassPoses]) -> ClassPoses:
        """Those of several parts of the images, one after the other."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))
