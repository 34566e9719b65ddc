"""What is done to maps: spheres and other masks, filters."""

from cryoloom.engine.maps._filters import limit_resolution
from cryoloom.engine.maps._spheres import soft_sphere

__all__ = ["limit_resolution", "soft_sphere"]
