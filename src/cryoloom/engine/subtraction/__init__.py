"""Subtraction of a part of a map from the images of particles."""

from cryoloom.engine.subtraction._recentre import Recentred, centre_of_mask, recentre
from cryoloom.engine.subtraction._subtract import Subtraction, prepare_subtraction

__all__ = ["Recentred", "Subtraction", "centre_of_mask", "prepare_subtraction", "recentre"]
