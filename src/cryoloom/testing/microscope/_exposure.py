"""One movie and the truth about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cryoloom.testing.microscope import _kernels as kernels
from cryoloom.testing.microscope._motion import Drift
from cryoloom.testing.microscope._optics import ContrastTransfer
from cryoloom.testing.microscope._particles import Particles


@dataclass(frozen=True)
class ExposureTruth:
    """What is true about one movie: its imaging conditions, its motion and its particles."""

    transfer: ContrastTransfer
    drift: Drift
    particles: Particles

    @property
    def defocus_u(self) -> float:
        """Largest defocus in Å."""
        return self.transfer.defocus_u

    @property
    def defocus_v(self) -> float:
        """Smallest defocus in Å."""
        return self.transfer.defocus_v

    @property
    def defocus_angle(self) -> float:
        """Direction of `defocus_u` in degrees, from x towards y."""
        return self.transfer.defocus_angle

    def coordinates(self, estimated: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Centres (n, 2) of the particles in an aligned sum, x and y in its pixels.

        Without an argument: in the sum of frames that are truly moved back, everywhere, onto the first frame. A sum
        made with other shifts has its particles elsewhere: give them, as :meth:`Drift.positions_in_sum` takes them.
        """
        return self.drift.positions_in_sum(self.particles.positions, estimated)

    def as_document(self) -> dict[str, Any]:
        """All of it as JSON can hold it."""
        drift, particles = self.drift, self.particles
        in_global_sum = self.coordinates(drift.global_shifts)
        coordinates = self.coordinates()
        grid = drift.displacement(drift.grid)
        return {
            "ctf": {
                "defocus_u": self.transfer.defocus_u,
                "defocus_v": self.transfer.defocus_v,
                "defocus_angle": self.transfer.defocus_angle,
                "phase_shift": self.transfer.phase_shift,
                "b_factor": self.transfer.b_factor,
            },
            "drift": {
                "global_shifts": drift.global_shifts.tolist(),
                "grid": drift.grid.tolist(),
                "displacement": (grid - grid[0]).tolist(),
                "uncorrected_error": drift.error(np.zeros((drift.frame_count, 2))),
                "model": {
                    "shifts": drift.shifts.tolist(),
                    "wave_vectors": drift.wave_vectors.tolist(),
                    "wave_phases": drift.wave_phases.tolist(),
                    "wave_amplitudes": drift.wave_amplitudes.tolist(),
                },
            },
            "particles": [
                {
                    "x": coordinates[n, 0],
                    "y": coordinates[n, 1],
                    "x_in_global_sum": in_global_sum[n, 0],
                    "y_in_global_sum": in_global_sum[n, 1],
                    "x_of_specimen": particles.positions[n, 0],
                    "y_of_specimen": particles.positions[n, 1],
                    "height": particles.heights[n],
                    "rot": particles.angles[n, 0],
                    "tilt": particles.angles[n, 1],
                    "psi": particles.angles[n, 2],
                }
                for n in range(len(particles))
            ],
        }


@dataclass(frozen=True)
class Exposure:
    """A movie as the detector wrote it, in MRC's order of rows.

    Parameters
    ----------
    counts : (frame, y, x) uint8
    gain : (y, x) gain reference, to be multiplied with
    pixel_size : in Å
    dose_per_frame : in e/Å²
    truth : what it was made from
    """

    counts: NDArray[np.uint8]
    gain: NDArray[np.float32]
    pixel_size: float
    dose_per_frame: float
    truth: ExposureTruth

    @cached_property
    def micrograph(self) -> NDArray[np.float32]:
        """Sum (y, x) of the gain-corrected frames, truly moved back onto the first frame everywhere.

        Hot pixels are replaced by a median around them; what moves in over one edge comes from the opposite one.
        """
        from scipy import ndimage

        drift = self.truth.drift
        displacement = drift.displacement(drift.nodes().reshape(-1, 2))
        displacement = (displacement[0] - displacement).transpose(0, 2, 1)
        nodes = displacement.reshape(drift.frame_count, 2, *drift.nodes().shape[:2]).astype(np.float32)
        total = np.zeros(self.gain.shape, dtype=np.float32)
        summed = self.counts.sum(axis=0, dtype=np.float32) * self.gain
        hot = np.argwhere(summed > np.median(summed) + 12.0 * np.sqrt(np.median(summed)))
        for frame, moved in zip(self.counts, nodes, strict=True):
            corrected = frame * self.gain
            for y, x in hot:
                corrected[y, x] = np.median(corrected[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3])
            coefficients = ndimage.spline_filter(corrected, order=3, output=np.float32, mode="grid-wrap")
            kernels.warp(coefficients, 1.0, 0.0, np.zeros(2), moved, drift.node_spacing, 1.0, total)
        return total
