"""Small movies of a moving texture, of which every displacement is known."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates


@dataclass(frozen=True)
class Scene:
    """A movie (n, h, w) of electron counts, and where it shows each point of the specimen."""

    counts: np.ndarray
    displacement: Callable[[np.ndarray], np.ndarray]

    @property
    def shape(self):
        return self.counts.shape[1:]

    @property
    def grid(self):
        """(49, 2) points, x and y."""
        height, width = self.shape
        x, y = (np.arange(7) + 0.5) / 7 * width - 0.5, (np.arange(7) + 0.5) / 7 * height - 0.5
        return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)

    def error(self, shifts):
        """RMS distance between correction (n, 2) or (n, 49, 2) and truth, a constant a point removed, in pixels."""
        shifts = shifts[:, None] if shifts.ndim == 2 else shifts
        rest = shifts + self.displacement(self.grid)
        rest = rest - rest.mean(axis=0)
        return float(np.sqrt((rest**2).sum(axis=-1).mean()))


@pytest.fixture(scope="session")
def film():
    """Film a texture: ``film(seed, ...)`` gives a scene."""

    def film(seed, *, shape=(384, 448), frames=16, local=0.8, dose=6.0, contrast=0.2, detail=1.5, drift=4.0):
        random = np.random.default_rng(seed)
        height, width = shape
        time = np.arange(frames) / (frames - 1)
        path = np.stack(
            [
                drift * (1 - np.exp(-5 * time)) + 0.3 * np.sin(9 * time),
                -0.7 * drift * time + 0.3 * np.cos(7 * time),
            ],
            axis=1,
        )

        def displacement(points):
            x, y = points[:, 0] / width - 0.5, points[:, 1] / height - 0.5
            there = np.stack([np.sin(2.5 * x + 1.5 * y), np.cos(2.0 * y - 2.5 * x)], axis=-1)
            return path[:, None] + local * (1 - np.exp(-3 * time))[:, None, None] * there

        margin = 64
        texture = gaussian_filter(random.standard_normal((height + 2 * margin, width + 2 * margin)), detail)
        texture = dose * np.maximum(1 + contrast * texture / texture.std(), 0.05)
        y, x = np.indices(shape)
        points = np.stack([x.ravel(), y.ravel()], axis=1).astype(float)
        moved = displacement(points)
        counts = np.empty((frames, *shape), np.uint8)
        for frame in range(frames):
            # what is seen at a point was there before it moved; the field is smooth, so its own value serves
            origin = points - moved[frame]
            values = map_coordinates(texture, [origin[:, 1] + margin, origin[:, 0] + margin], order=3)
            counts[frame] = random.poisson(np.maximum(values, 0)).reshape(shape)
        return Scene(counts, displacement)

    return film


@pytest.fixture(scope="session")
def scene(film):
    """A scene with local motion."""
    return film(11)
