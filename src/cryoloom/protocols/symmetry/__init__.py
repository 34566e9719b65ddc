"""Particles copied into every pose that their symmetry makes equal."""

from cryoloom.protocols.symmetry._protocol import ExpandSymmetry

__all__ = ["ExpandSymmetry"]
