"""The few heavy kernels, apart from the algorithms that use them, so that a GPU version can take their place."""

from cryoloom.engine.kernels._coefficients import extract_coefficients, insert_coefficients
from cryoloom.engine.kernels._half_transform import half_transform_shape
from cryoloom.engine.kernels._planes import extract_turned, half_plane_shape, insert_turned, score_turned
from cryoloom.engine.kernels._points import extract_points
from cryoloom.engine.kernels._scores import (
    best_of_all,
    powers_of,
    score_all,
    score_candidates,
    shift_factors,
    sum_all,
    sum_candidates,
)
from cryoloom.engine.kernels._symmetry import symmetrise_sums

__all__ = [
    "best_of_all",
    "extract_coefficients",
    "extract_points",
    "extract_turned",
    "half_plane_shape",
    "half_transform_shape",
    "insert_coefficients",
    "insert_turned",
    "powers_of",
    "score_all",
    "score_candidates",
    "score_turned",
    "shift_factors",
    "sum_all",
    "sum_candidates",
    "symmetrise_sums",
]
