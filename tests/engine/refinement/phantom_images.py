"""Bodies of blobs with the symmetry of a point group, and images of them in known poses.

The turns of a group are put together here from its axes as RELION's documentation places them, and not asked of the
engine: n-fold on Z (C, D), 2-fold on X (D), 3-fold on Z (T), 4-fold on Z and 3-fold on the diagonal (O).
"""

from __future__ import annotations

import numpy as np
from phantoms import blobs
from scipy.spatial.transform import Rotation

from cryoloom.engine.likelihood import ParticleImages
from cryoloom.engine.optics import ContrastTransfer, ParticleOptics, transfer_image
from cryoloom.engine.orientations import euler_angles
from cryoloom.engine.projection import project_volume

BOX, PIXEL, DIAMETER = 32, 6.0, 130.0
AXES = {
    "C1": (),
    "C3": (((0, 0, 1), 3),),
    "D2": (((0, 0, 1), 2), ((1, 0, 0), 2)),
    "T": (((0, 0, 1), 3), ((0, np.sqrt(2), 1), 2)),
    "O": (((0, 0, 1), 4), ((1, 1, 1), 3)),
}


def turns_of(group: str) -> np.ndarray:
    """(m, 3, 3) rotations of a group, made by its axes."""
    found = [Rotation.identity()]
    for one in found:  # grows while it is walked
        for axis, fold in AXES[group]:
            turn = Rotation.from_rotvec(np.array(axis) / np.linalg.norm(axis) * 2 * np.pi / fold)
            made = turn * one
            if all((made * other.inv()).magnitude() > 1e-6 for other in found):
                found.append(made)
    return np.stack([one.as_matrix() for one in found])


def body(group: str, *, seed: int = 5, box: int = BOX, pixel_size: float = PIXEL) -> np.ndarray:
    """(box, box, box) blobs of unequal weight, within the diameter, repeated about the axes of a group."""
    random = np.random.default_rng(seed)
    turns = turns_of(group)
    count = max(3, 30 // len(turns))
    directions = random.normal(size=(count, 3))
    radii = random.uniform(15.0, 52.0, (count, 1))
    positions = radii * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    weights = np.tile(random.uniform(0.5, 1.5, count), len(turns))
    positions = np.concatenate([positions @ turn.T for turn in turns]) / pixel_size
    return blobs(positions, weights, 5.4 / pixel_size, box=box)


def poses(count: int, *, seed: int = 6, scatter: float = 5.0) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3, 3) rotations, and (n, 2) shifts in Å with RELION's sign."""
    random = np.random.default_rng(seed)
    return Rotation.random(count, random).as_matrix(), random.normal(0, scatter, size=(count, 2))


def images_of(
    volume: np.ndarray,
    rotations: np.ndarray,
    shifts: np.ndarray,
    *,
    noise: float,
    strength: np.ndarray | float = 1.0,
    seed: int = 7,
) -> ParticleImages:
    """Images of a map, each by so much stronger, and noise of a standard deviation relative to theirs at strength 1."""
    random = np.random.default_rng(seed)
    count = len(rotations)
    transfers = [ContrastTransfer(300.0, 2.7, 0.1, d, d - 300, 30.0) for d in random.uniform(8e3, 2e4, count)]
    ctfs = np.stack([transfer_image((BOX, BOX), PIXEL, transfer) for transfer in transfers])
    images = project_volume(volume, euler_angles(rotations), shifts, ctfs, pixel_size=PIXEL)
    deviation = noise * images.std()
    images = images * np.broadcast_to(strength, (count,))[:, None, None]
    images += random.normal(0, deviation, images.shape)
    return ParticleImages(images.astype(np.float32), ParticleOptics.of(transfers), PIXEL, DIAMETER)
