"""What is done to maps: masks, sharpening, local resolution, another pixel size, the other hand."""

from cryoloom.protocols.maps._create_mask import CreateMask
from cryoloom.protocols.maps._invert_hand import InvertHand
from cryoloom.protocols.maps._local_resolution import EstimateLocalResolution
from cryoloom.protocols.maps._postprocess import Postprocess
from cryoloom.protocols.maps._resample import ResampleMap

__all__ = ["CreateMask", "EstimateLocalResolution", "InvertHand", "Postprocess", "ResampleMap"]
