"""Projections of a map: images of it seen from given directions."""

from cryoloom.engine.projection._project import project_volume
from cryoloom.engine.projection._transform import volume_transform

__all__ = ["project_volume", "volume_transform"]
