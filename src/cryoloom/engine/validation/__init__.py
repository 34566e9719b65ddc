"""How good a map is: masks, half-map correlations, sharpening, local and directional resolution, views, models."""

from cryoloom.engine.validation._auto_mask import AutoMask, soft_auto_mask
from cryoloom.engine.validation._cost import local_resolution_seconds
from cryoloom.engine.validation._difference import HalfMapDifference, half_map_difference
from cryoloom.engine.validation._directional import DirectionalCorrelation, directional_correlation
from cryoloom.engine.validation._guinier import GuinierPlot, guinier_plot, mean_amplitudes
from cryoloom.engine.validation._half_maps import (
    HALF_MAP_THRESHOLD,
    HalfMapCorrelation,
    correlate_half_maps,
    correlation_with_truth,
)
from cryoloom.engine.validation._local_resolution import LocalResolution, local_resolution
from cryoloom.engine.validation._mask_quality import edge_width, mask_warnings
from cryoloom.engine.validation._model import correlate_with_model
from cryoloom.engine.validation._postprocess import DetectorResponse, Postprocessed, postprocess
from cryoloom.engine.validation._solvent import MASKED_BEFORE, is_masked_before
from cryoloom.engine.validation._views import ViewDistribution, view_directions, view_distribution

__all__ = [
    "HALF_MAP_THRESHOLD",
    "MASKED_BEFORE",
    "AutoMask",
    "DetectorResponse",
    "DirectionalCorrelation",
    "GuinierPlot",
    "HalfMapCorrelation",
    "HalfMapDifference",
    "LocalResolution",
    "Postprocessed",
    "ViewDistribution",
    "correlate_half_maps",
    "correlate_with_model",
    "correlation_with_truth",
    "directional_correlation",
    "edge_width",
    "guinier_plot",
    "half_map_difference",
    "is_masked_before",
    "local_resolution",
    "local_resolution_seconds",
    "mask_warnings",
    "mean_amplitudes",
    "postprocess",
    "soft_auto_mask",
    "view_directions",
    "view_distribution",
]
