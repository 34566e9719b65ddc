"""Images of blobs that a microscope magnifies unevenly, in closed form: no slice is read, so no matrix of ours is used.

With a matrix M from frequencies of the image to those of the specimen, an image holds at f what the specimen's
projection holds at M f, and so does its transfer function.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from phantoms import blobs

from cryoloom.engine.optics import GroupOptics, ParticleOptics

BOX, PIXEL, DIAMETER, WIDTH = 32, 6.0, 130.0, 0.9
MATRIX = (1.012, 0.006, 0.006, 0.991)  # stretched by about 1 % along a direction that is no axis, and pressed across it
EVEN = GroupOptics(300.0, 2.7, 0.1)
UNEVEN = replace(EVEN, magnification=MATRIX)
RANDOM = np.random.default_rng(21)
POSITIONS, WEIGHTS = RANDOM.normal(size=(24, 3)) * [5.0, 4.0, 3.0], RANDOM.uniform(0.5, 1.5, 24)


def specimen() -> np.ndarray:
    """(box, box, box) blobs without symmetry."""
    return blobs(POSITIONS, WEIGHTS, WIDTH, box=BOX)


def optics_of(count: int, group: GroupOptics, *, seed: int = 22) -> ParticleOptics:
    """Particles of one group at many defoci, with some astigmatism."""
    defocus = np.random.default_rng(seed).uniform(8e3, 2e4, count)
    return ParticleOptics(
        (group,), np.zeros(count, np.int64), defocus, defocus - 300, np.full(count, 30.0), np.zeros(count)
    )


def images_of(
    rotations: np.ndarray, shifts: np.ndarray, optics: ParticleOptics, *, noise: float, seed: int = 23
) -> np.ndarray:
    """(n, box, box) images; shifts (n, 2) in Å with RELION's sign; noise relative to their standard deviation."""
    (group,) = optics.groups
    even = replace(optics, groups=(replace(group, magnification=(1.0, 0.0, 0.0, 1.0)),))
    y, x = np.meshgrid(np.fft.fftfreq(BOX), np.fft.rfftfreq(BOX), indexing="ij")
    of_image = np.stack([x.ravel(), y.ravel()], axis=1)  # in 1/pixel
    of_specimen = of_image @ np.reshape(group.magnification, (2, 2)).T
    envelope = (2 * np.pi * WIDTH**2) ** 1.5 * np.exp(-2 * np.pi**2 * WIDTH**2 * (of_specimen**2).sum(axis=1))
    transfer = even.transfer(of_specimen / PIXEL)
    transforms = np.empty((len(rotations), len(of_image)), complex)
    for number, rotation in enumerate(rotations):
        seen = (POSITIONS @ rotation.T)[:, :2]
        transforms[number] = np.exp(-2j * np.pi * of_specimen @ seen.T) @ WEIGHTS
    centre = BOX // 2 - np.asarray(shifts) / PIXEL
    transforms *= envelope * transfer * np.exp(-2j * np.pi * centre @ of_image.T)
    images = np.fft.irfft2(transforms.reshape(-1, *x.shape), s=(BOX, BOX))
    images += np.random.default_rng(seed).normal(0, noise * images.std(), images.shape)
    return images.astype(np.float32)
