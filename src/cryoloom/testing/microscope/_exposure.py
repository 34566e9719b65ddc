"""One movie as the detector wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cryoloom.testing.microscope import _kernels as kernels
from cryoloom.testing.microscope._detector import mend
from cryoloom.testing.microscope._truth import ExposureTruth


@dataclass(frozen=True)
class Exposure:
    """A movie in MRC's order of rows, what goes with it, and the truth.

    Parameters
    ----------
    counts : (frame, y, x) uint8
    gain : (y, x) gain reference, to be multiplied with; zero where the detector is dead
    pixel_size : as the session states it, in Å
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

        Hot and dead pixels are replaced by a median around them; what moves in over one edge comes from the opposite
        one.
        """
        from scipy import ndimage

        drift = self.truth.drift
        displacement = drift.displacement(drift.nodes().reshape(-1, 2))
        displacement = (displacement[0] - displacement).transpose(0, 2, 1)
        nodes = displacement.reshape(drift.frame_count, 2, *drift.nodes().shape[:2]).astype(np.float32)
        total = np.zeros(self.gain.shape, dtype=np.float32)
        flawed, margin = self._flawed(), 2 * drift.reach + 4
        for frame, moved in zip(self.counts, nodes, strict=True):
            corrected = mend(frame * self.gain, flawed)
            padded = np.pad(corrected, margin, mode="wrap")
            coefficients = ndimage.spline_filter(padded, order=3, output=np.float32)
            kernels.warp(coefficients, 1.0, margin, np.eye(2), np.zeros(2), moved, drift.node_spacing, 1.0, total)
        return total

    def _flawed(self) -> NDArray[np.bool_]:
        """Which pixels (y, x) are dead or count what is not there."""
        total = self.counts.sum(axis=0, dtype=np.float32) * self.gain
        usual = np.median(total)
        return np.asarray((self.gain == 0.0) | (total > usual + 12.0 * np.sqrt(usual)))
