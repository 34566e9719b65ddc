"""What is done to maps, and what tells how far they can be believed."""

from cryoloom.protocols.maps._align_to_symmetry import AlignToSymmetry
from cryoloom.protocols.maps._combine_maps import CombineMaps
from cryoloom.protocols.maps._create_mask import CreateMask
from cryoloom.protocols.maps._difference import CompareHalves
from cryoloom.protocols.maps._directional import EstimateDirectionalResolution
from cryoloom.protocols.maps._filter_map import FilterMap
from cryoloom.protocols.maps._fit_map import FitMap
from cryoloom.protocols.maps._invert_hand import InvertHand
from cryoloom.protocols.maps._local_resolution import EstimateLocalResolution
from cryoloom.protocols.maps._model_fsc import CorrelateWithModel
from cryoloom.protocols.maps._postprocess import Postprocess
from cryoloom.protocols.maps._resample import ResampleMap
from cryoloom.protocols.maps._views import ShowViews

__all__ = [
    "AlignToSymmetry",
    "CombineMaps",
    "CompareHalves",
    "CorrelateWithModel",
    "CreateMask",
    "EstimateDirectionalResolution",
    "EstimateLocalResolution",
    "FilterMap",
    "FitMap",
    "InvertHand",
    "Postprocess",
    "ResampleMap",
    "ShowViews",
]
