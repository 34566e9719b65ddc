"""The detector: its gain reference in any orientation, its defective pixels, the electrons it counted.

A gain reference here is a *multiplicative* map of the shape of a frame; what is stored as a divisor is inverted by
the caller. Pixels where it is zero or not finite are defects.
"""

from cryoloom.engine.gain._counts import add_frame, counts_per_frame, sum_frames
from cryoloom.engine.gain._defects import defects_of_gain, find_outlier_pixels, rectangles_to_mask
from cryoloom.engine.gain._detection import GainScores, score_gain_orientations
from cryoloom.engine.gain._orientation import GainOrientation, orient_gain
from cryoloom.engine.gain._pattern import shared_pattern
from cryoloom.engine.gain._repair import Repair, plan_repair, repair_frame, repair_gain

__all__ = [
    "GainOrientation",
    "GainScores",
    "Repair",
    "add_frame",
    "counts_per_frame",
    "defects_of_gain",
    "find_outlier_pixels",
    "orient_gain",
    "plan_repair",
    "rectangles_to_mask",
    "repair_frame",
    "repair_gain",
    "score_gain_orientations",
    "shared_pattern",
    "sum_frames",
]
