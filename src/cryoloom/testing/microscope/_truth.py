"""The truth about one movie."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cryoloom.testing.microscope._motion import Drift
from cryoloom.testing.microscope._optics import ContrastTransfer
from cryoloom.testing.microscope._particles import Particles, State
from cryoloom.testing.microscope._scene import Scene


@dataclass(frozen=True)
class ExposureTruth:
    """What is true about one movie: its imaging conditions, its motion, and what lay in the beam.

    Parameters
    ----------
    transfer : imaging conditions; the defocus is that of the middle of the field, halfway through the ice
    optics_group : from 1
    pixel_size : the true one, in Å
    magnification : (2, 2) from offsets (x, y) about the detector's middle to those in the undistorted field
    drift : motion
    scene : particles, contaminants, carbon and ice
    """

    transfer: ContrastTransfer
    optics_group: int
    pixel_size: float
    magnification: NDArray[np.float64]
    drift: Drift
    scene: Scene

    @property
    def particles(self) -> Particles:
        """The particles, whatever became of them."""
        return self.scene.particles

    @property
    def is_distorted(self) -> bool:
        """Whether odd aberrations or an uneven magnification change the image."""
        return self.transfer.has_odd_aberrations or not np.allclose(self.magnification, np.eye(2), atol=1e-12)

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

    def to_be_found(self) -> NDArray[np.bool_]:
        """Which particles (n,) a picker should find: intact ones whose centres lie on the detector."""
        x, y = self.coordinates().T
        inside = (x >= 0.0) & (x <= self.drift.width - 1.0) & (y >= 0.0) & (y <= self.drift.height - 1.0)
        return np.asarray(inside & (self.particles.states == State.INTACT))

    def as_document(self) -> dict[str, Any]:
        """All of it as JSON can hold it."""
        scene, transfer = self.scene, self.transfer
        return {
            "flaw": None if scene.flaw is None else str(scene.flaw),
            "optics_group": self.optics_group,
            "pixel_size": self.pixel_size,
            "magnification": self.magnification.tolist(),
            "ctf": asdict(transfer),
            "drift": self._drift_document(),
            "particles": self._particle_documents(),
            "contaminants": [
                {"kind": str(one.kind), "x": one.x, "y": one.y, "radius": one.radius} for one in scene.contaminants
            ],
            "carbon": None if scene.carbon is None else {"outside_of_circle": asdict(scene.carbon)},
            "ice": asdict(scene.ice),
        }

    def _drift_document(self) -> dict[str, Any]:
        drift = self.drift
        displacement = drift.displacement(drift.grid)
        return {
            "global_shifts": drift.global_shifts.tolist(),
            "grid": drift.grid.tolist(),
            "displacement": (displacement - displacement[0]).tolist(),
            "uncorrected_error": drift.error(np.zeros((drift.frame_count, 2))),
            "model": {
                "shifts": drift.shifts.tolist(),
                "wave_vectors": drift.wave_vectors.tolist(),
                "wave_phases": drift.wave_phases.tolist(),
                "wave_amplitudes": drift.wave_amplitudes.tolist(),
            },
        }

    def _particle_documents(self) -> list[dict[str, Any]]:
        particles = self.particles
        columns = {
            "x": self.coordinates()[:, 0],
            "y": self.coordinates()[:, 1],
            "x_in_global_sum": self.coordinates(self.drift.global_shifts)[:, 0],
            "y_in_global_sum": self.coordinates(self.drift.global_shifts)[:, 1],
            "x_of_specimen": particles.positions[:, 0],
            "y_of_specimen": particles.positions[:, 1],
            "height": particles.heights,
            "rot": particles.angles[:, 0],
            "tilt": particles.angles[:, 1],
            "psi": particles.angles[:, 2],
            "state": particles.states,
            "conformation": particles.conformations,
            "overlapping": particles.overlapping,
            "to_be_found": self.to_be_found(),
        }
        rows = zip(*(values.tolist() for values in columns.values()), strict=True)
        return [dict(zip(columns, row, strict=True)) for row in rows]


def relion_magnification(magnification: NDArray[np.float64]) -> NDArray[np.float64]:
    """RELION's matrix (2, 2), which maps frequencies of the image to those of the specimen, of one that maps places."""
    return np.asarray(np.linalg.inv(magnification).T, dtype=np.float64)
