"""How the specimen moves under the beam: a burst, a drift, a random walk, and a smooth local field.

The local field is a Gaussian process, drawn as a sum of plane waves with random directions (Rahimi & Recht 2007), so
it is known at every point and is no polynomial.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cryoloom.testing.microscope._parameters import MotionParameters

WAVES = 48
GRID = 7


@dataclass(frozen=True)
class Drift:
    """Where every point of the specimen is in every frame, at the middle of its exposure.

    The displacement of a point (x, y) in frame f is ``shifts[f] + local(x, y)[f]``: the point is seen at its place
    plus the displacement. Displacements in the first frame are not zero; only differences have a meaning.

    Parameters
    ----------
    width, height : of the field in pixels
    shifts : (frame, 2) movement of the whole field, x and y in pixels
    velocities : (frame, 2) its smooth part's speed, in pixels a frame
    wave_vectors : (wave, 2) in radians a pixel
    wave_phases : (wave,) in radians
    wave_amplitudes : (frame, wave, 2) x and y in pixels
    """

    width: int
    height: int
    shifts: NDArray[np.float64]
    velocities: NDArray[np.float64]
    wave_vectors: NDArray[np.float64]
    wave_phases: NDArray[np.float64]
    wave_amplitudes: NDArray[np.float64]

    @classmethod
    def still(cls, width: int, height: int, frame_count: int) -> Drift:
        """No motion at all."""
        none = np.zeros((frame_count, 2))
        return cls(width, height, none, none, np.zeros((1, 2)), np.zeros(1), np.zeros((frame_count, 1, 2)))

    node_spacing = 32
    """Pixels between the nodes at which movies are made and undone; in between, the local part is linear."""

    @property
    def frame_count(self) -> int:
        """Number of frames."""
        return int(self.shifts.shape[0])

    def local(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Part of the displacement that differs from place to place: (frame, n, 2) at `points` (n, 2; x, y)."""
        waves = np.cos(np.asarray(points) @ self.wave_vectors.T + self.wave_phases)
        return np.asarray(np.einsum("nw,fwa->fna", waves, self.wave_amplitudes))

    def local_in_frame(self, points: NDArray[np.float64], frame: int) -> NDArray[np.float64]:
        """The same in one frame: (n, 2)."""
        waves = np.cos(np.asarray(points) @ self.wave_vectors.T + self.wave_phases)
        return np.asarray(waves @ self.wave_amplitudes[frame])

    def displacement(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Displacement (frame, n, 2) in pixels, x first, of specimen `points` (n, 2)."""
        return self.shifts[:, None, :] + self.local(points)

    @property
    def reach(self) -> int:
        """How many pixels the field moves at most, rounded up."""
        return int(np.ceil(np.abs(self.displacement(self.grid)).max() + np.abs(self.velocities).max()))

    def nodes(self) -> NDArray[np.float64]:
        """Points (node y, node x, 2) that cover the field, x and y in pixels."""
        y = np.arange(0, self.height + self.node_spacing, self.node_spacing)
        x = np.arange(0, self.width + self.node_spacing, self.node_spacing)
        return np.stack(np.meshgrid(x, y), axis=-1).astype(np.float64)

    def local_at_nodes(self) -> NDArray[np.float32]:
        """Local displacement (frame, 2, node y, node x) of what is *seen* at the nodes of the detector."""
        nodes = self.nodes()
        result = np.empty((self.frame_count, 2, *nodes.shape[:2]), dtype=np.float32)
        for frame, shift in enumerate(self.shifts):
            points = nodes.reshape(-1, 2) - shift
            moved = self.local_in_frame(points, frame)
            for _ in range(2):  # where the seen point was before it moved; each turn gains three digits
                moved = self.local_in_frame(points - moved, frame)
            result[frame] = moved.T.reshape(2, *nodes.shape[:2])
        return result

    @cached_property
    def grid(self) -> NDArray[np.float64]:
        """Specimen points (49, 2) in pixels: the middles of 7 × 7 equal parts of the field, x fastest."""
        x = (np.arange(GRID) + 0.5) / GRID * self.width - 0.5
        y = (np.arange(GRID) + 0.5) / GRID * self.height - 0.5
        return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)

    @cached_property
    def global_shifts(self) -> NDArray[np.float64]:
        """Mean displacement (frame, 2) over the 7 × 7 grid, the first frame at zero.

        The best that a global correction can do.
        """
        mean = self.displacement(self.grid).mean(axis=1)
        return np.asarray(mean - mean[0])

    def positions_in_sum(
        self, points: NDArray[np.float64], estimated: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Where specimen points lie in a sum of frames that were moved back by estimated displacements.

        Parameters
        ----------
        points : (n, 2) specimen points in pixels
        estimated : (frame, 2), or (frame, n, 2) at the points: what each frame was moved back by; the frame that the
            sum is aligned to has zero. Without it, the sum of frames moved back truly onto the first frame.

        Returns
        -------
        (n, 2) in pixels of the sum
        """
        displacement = self.displacement(points)
        if estimated is None:
            return np.asarray(points + displacement[0])
        estimated = np.asarray(estimated, dtype=np.float64)
        if estimated.ndim == 2:
            estimated = estimated[:, None, :]
        return np.asarray(points + (displacement - estimated).mean(axis=0))

    def error(self, estimated: NDArray[np.float64]) -> float:
        """Root mean square over frames and the 7 × 7 grid of (estimated - true) displacement, in pixels.

        One constant a point is removed, because a sum may be aligned to any frame.

        Parameters
        ----------
        estimated : (frame, 2), or (frame, 49, 2) at the points of :attr:`grid`; zeros measure the uncorrected motion
        """
        estimated = np.asarray(estimated, dtype=np.float64)
        if estimated.ndim == 2:
            estimated = estimated[:, None, :]
        return _spread(estimated - self.displacement(self.grid))


def draw_drift(
    parameters: MotionParameters,
    *,
    width: int,
    height: int,
    frame_count: int,
    random: np.random.Generator,
    scale: float = 1.0,
) -> Drift:
    """Draw the motion of one movie; `scale` multiplies how far the whole field moves. A single frame is still."""
    if frame_count == 1:
        return Drift.still(width, height, frame_count)
    time = np.arange(frame_count) + 0.5
    burst_direction, linear_direction = (_direction(random) for _ in range(2))
    burst, decay = random.uniform(*parameters.burst), random.uniform(*parameters.burst_decay)
    linear = random.uniform(*parameters.linear)
    shifts = burst * (1.0 - np.exp(-time / decay))[:, None] * burst_direction
    shifts += linear * (time / frame_count)[:, None] * linear_direction
    velocities = burst / decay * np.exp(-time / decay)[:, None] * burst_direction
    velocities += linear / frame_count * linear_direction
    shifts += np.cumsum(random.normal(0.0, parameters.walk, (frame_count, 2)), axis=0)

    wave_vectors = random.normal(0.0, 1.0 / parameters.local_length, (WAVES, 2))
    wave_phases = random.uniform(0.0, 2.0 * np.pi, WAVES)
    settling = 1.0 - np.exp(-time / (2.0 * decay))
    histories = np.stack([settling, time / frame_count, np.sin(np.pi * time / frame_count)])
    wave_amplitudes = np.einsum("tf,wta->fwa", histories, random.normal(0.0, 1.0, (WAVES, 3, 2)))

    drift = Drift(width, height, shifts, velocities, wave_vectors, wave_phases, wave_amplitudes)
    local = drift.local(drift.grid)
    wave_amplitudes *= random.uniform(*parameters.local) / _spread(local - local.mean(axis=1, keepdims=True))
    # The whole field's part fills what the wanted total leaves beside the local part.
    total = scale * random.uniform(*parameters.total)
    low, high = 0.0, 10.0 * scale
    for _ in range(50):
        middle = 0.5 * (low + high)
        scaled = Drift(width, height, middle * shifts, middle * velocities, wave_vectors, wave_phases, wave_amplitudes)
        low, high = (middle, high) if scaled.error(np.zeros((frame_count, 2))) < total else (low, middle)
    return scaled


def _spread(displacement: NDArray[np.float64]) -> float:
    """RMS length of (frame, point, 2) vectors after the mean over frames is removed at each point."""
    rest = displacement - displacement.mean(axis=0, keepdims=True)
    return float(np.sqrt(np.mean(np.sum(rest**2, axis=-1))))


def _direction(random: np.random.Generator) -> NDArray[np.float64]:
    angle = random.uniform(0.0, 2.0 * np.pi)
    return np.array([np.cos(angle), np.sin(angle)])
