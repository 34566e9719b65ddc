"""Beam-induced motion: how the specimen moved during a movie, and the sum of the frames moved back.

>>> frames = DetectorFrames.of(raw, gain)
>>> motion = estimate_motion(frames, MotionSettings(patches=(5, 5)), pixel_size=0.83, threads=2)
>>> sums = sum_aligned(frames, motion, pixel_size=0.83, exposure=Exposure(dose_per_frame=1.0, voltage=300.0))
"""

from cryoloom.engine.motion._detector_frames import DetectorFrames
from cryoloom.engine.motion._dose import critical_dose, dose_weights, has_measured_damage
from cryoloom.engine.motion._drift import Drift, measure_drift
from cryoloom.engine.motion._estimate import estimate_motion
from cryoloom.engine.motion._memory import predicted_memory
from cryoloom.engine.motion._model import LocalModel, Motion
from cryoloom.engine.motion._settings import MotionSettings
from cryoloom.engine.motion._sum import AlignedSums, Exposure, binned_shape, sum_aligned

__all__ = [
    "AlignedSums",
    "DetectorFrames",
    "Drift",
    "Exposure",
    "LocalModel",
    "Motion",
    "MotionSettings",
    "binned_shape",
    "critical_dose",
    "dose_weights",
    "estimate_motion",
    "has_measured_damage",
    "measure_drift",
    "predicted_memory",
    "sum_aligned",
]
