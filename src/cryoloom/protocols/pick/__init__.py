"""Picking: from micrographs to coordinates of particles."""

from cryoloom.protocols.pick._protocol import PickParticles

__all__ = ["PickParticles"]
