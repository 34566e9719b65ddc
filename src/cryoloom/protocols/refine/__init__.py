"""Refinement of poses and map in two independent half sets."""

from cryoloom.protocols.refine._protocol import Refine

__all__ = ["Refine"]
