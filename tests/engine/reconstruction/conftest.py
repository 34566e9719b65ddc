"""A handed phantom whose volume, projections and transfer are known in closed form."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cryoloom.engine.optics import ContrastTransfer, transfer_image


@dataclass(frozen=True)
class Phantom:
    """Gaussians of unit integral at ``positions`` (x, y, z in pixels from the centre), of one width."""

    positions: np.ndarray
    width: float
    box_size: int

    def volume(self):
        grid = np.arange(self.box_size) - self.box_size // 2
        x, y, z = (np.exp(-((grid - p[:, None]) ** 2) / (2 * self.width**2)) for p in self.positions.T)
        return np.einsum("pz,py,px->zyx", z, y, x) / (2 * np.pi * self.width**2) ** 1.5

    def images(self, angles, shifts):
        """Projections, sums over voxels; shifts (x, y in pixels) with RELION's sign."""
        matrices = Rotation.from_euler("ZYZ", angles, degrees=True).as_matrix().transpose(0, 2, 1)
        grid = np.arange(self.box_size) - self.box_size // 2
        images = []
        for matrix, shift in zip(matrices, shifts, strict=True):
            rotated = self.positions @ matrix.T
            x, y = (np.exp(-((grid - p[:, None]) ** 2) / (2 * self.width**2)) for p in (rotated[:, :2] - shift).T)
            images.append(np.einsum("py,px->yx", y, x) / (2 * np.pi * self.width**2))
        return np.array(images)


@dataclass(frozen=True)
class Views:
    images: np.ndarray
    angles: np.ndarray
    shifts: np.ndarray  # Å
    ctfs: np.ndarray
    transfers: list[ContrastTransfer]
    pixel_size: float


@pytest.fixture(scope="session")
def phantom():
    random = np.random.default_rng(7)
    return Phantom(random.uniform(-11, 11, size=(60, 3)) * [1.0, 0.8, 0.5], 1.0, 48)


@pytest.fixture(scope="session")
def views(phantom):
    """300 random views with shifts and strong, astigmatic CTFs, noise-free."""
    random = np.random.default_rng(8)
    count, pixel_size = 300, 2.5
    angles = np.stack(
        [
            random.uniform(0, 360, count),
            np.degrees(np.arccos(random.uniform(-1, 1, count))),
            random.uniform(0, 360, count),
        ],
        axis=1,
    )
    shifts = random.normal(0, 1.5, size=(count, 2))
    transfers = [
        ContrastTransfer(300.0, 2.7, 0.1, defocus + 250, defocus - 250, angle)
        for defocus, angle in zip(random.uniform(6e3, 2e4, count), random.uniform(0, 180, count), strict=True)
    ]
    ctfs = np.stack([transfer_image((48, 48), pixel_size, transfer) for transfer in transfers])
    images = np.fft.irfft2(np.fft.rfft2(phantom.images(angles, shifts)) * ctfs, s=(48, 48)).astype(np.float32)
    return Views(images, angles, shifts * pixel_size, ctfs, transfers, pixel_size)
