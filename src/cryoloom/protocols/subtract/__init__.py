"""Particles without a part of their map."""

from cryoloom.protocols.subtract._protocol import SubtractProjections

__all__ = ["SubtractProjections"]
