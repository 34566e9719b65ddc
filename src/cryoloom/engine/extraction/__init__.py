"""Particles cut out of a micrograph."""

from cryoloom.engine.extraction._box import recommended_box_size
from cryoloom.engine.extraction._extract import (
    DroppedParticle,
    ExtractedParticles,
    ExtractionSettings,
    extract_particles,
)

__all__ = ["DroppedParticle", "ExtractedParticles", "ExtractionSettings", "extract_particles", "recommended_box_size"]
