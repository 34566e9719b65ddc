"""What is done to maps: masks, sharpening, local resolution, another pixel size, place or hand."""

from cryoloom.protocols.maps._align_to_symmetry import AlignToSymmetry
from cryoloom.protocols.maps._create_mask import CreateMask
from cryoloom.protocols.maps._fit_map import FitMap
from cryoloom.protocols.maps._invert_hand import InvertHand
from cryoloom.protocols.maps._local_resolution import EstimateLocalResolution
from cryoloom.protocols.maps._postprocess import Postprocess
from cryoloom.protocols.maps._resample import ResampleMap

__all__ = [
    "AlignToSymmetry",
    "CreateMask",
    "EstimateLocalResolution",
    "FitMap",
    "InvertHand",
    "Postprocess",
    "ResampleMap",
]
