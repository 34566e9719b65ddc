"""Extraction: from coordinates to particle images."""

from cryoloom.protocols.extract._protocol import ExtractParticles

__all__ = ["ExtractParticles"]
