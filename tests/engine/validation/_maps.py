"""Maps of a body of Gaussian atoms, and noise: the signal-to-noise ratio of every shell is known."""

import numpy as np

from cryoloom.engine.maps import weight_frequencies


def body(box, pixel_size, *, atoms=900, radius=28.0, seed=1):
    """A lumpy, handed body about the centre, of atoms that no B-factor damps, below 0.47 of the sampling."""
    random = np.random.default_rng(seed)
    places = random.normal(size=(6 * atoms, 3))
    places *= (radius * random.random((6 * atoms, 1)) ** (1 / 3)) / np.linalg.norm(places, axis=1, keepdims=True)
    x, y, z = places.T
    kept = (np.sin(x / 9) + np.cos(y / 7) + np.sin(z / 8 + 1) > -0.4) & (np.hypot(x, z) < 0.8 * radius)
    places = places[kept][:atoms]
    axis = (np.arange(box) - box // 2) * pixel_size
    width = 0.55 * pixel_size
    parts = [np.exp(-((axis - place[:, None]) ** 2) / (2 * width**2)).astype(np.float32) for place in places.T]
    sharp = np.einsum("pz,py,px->zyx", *parts[::-1], optimize=True)
    frequency = np.linspace(0, 0.5 / pixel_size, 64)
    weight = np.exp(2 * (np.pi * width * frequency) ** 2)
    return weight_frequencies(
        sharp, np.append(frequency, 0.52 / pixel_size), np.append(weight, 0), pixel_size=pixel_size
    )


def noise(box, seed, strength=1.0):
    return np.random.default_rng(seed).normal(0, strength, (box,) * 3).astype(np.float32)


def shell_power(volume):
    """Mean power of the unnormalised transform in each shell of one Fourier pixel."""
    box = len(volume)
    squared = sum(k**2 for k in np.meshgrid(*[np.fft.fftfreq(box) * box] * 3, indexing="ij"))
    shell = np.floor(np.sqrt(squared) + 0.5).astype(int).ravel()
    power = np.bincount(shell, (np.abs(np.fft.fftn(volume)) ** 2).ravel()) / np.bincount(shell)
    return power[: box // 2 + 1]
