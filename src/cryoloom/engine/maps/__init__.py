"""What is done to maps: another box or pixel size, the other hand, masks, filters, arithmetic, maps of models."""

from cryoloom.engine.maps._arithmetic import OPERATIONS, combine_maps
from cryoloom.engine.maps._filters import (
    apply_b_factor,
    checked_mtf,
    divide_by_mtf,
    high_pass,
    limit_resolution,
    low_pass,
    weight_frequencies,
)
from cryoloom.engine.maps._hand import invert_hand, poses_of_other_hand
from cryoloom.engine.maps._masks import distance_to, fault_of_mask, model_mask, soft_mask, threshold_mask
from cryoloom.engine.maps._model import model_map
from cryoloom.engine.maps._resample import crop_or_pad, resample
from cryoloom.engine.maps._shapes import soft_cylinder, soft_sphere

__all__ = [
    "OPERATIONS",
    "apply_b_factor",
    "checked_mtf",
    "combine_maps",
    "crop_or_pad",
    "distance_to",
    "divide_by_mtf",
    "fault_of_mask",
    "high_pass",
    "invert_hand",
    "limit_resolution",
    "low_pass",
    "model_map",
    "model_mask",
    "poses_of_other_hand",
    "resample",
    "soft_cylinder",
    "soft_mask",
    "soft_sphere",
    "threshold_mask",
    "weight_frequencies",
]
