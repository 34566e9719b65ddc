"""Particles found in micrographs."""

from cryoloom.engine.picking._pick import Picks, pick_particles

__all__ = ["Picks", "pick_particles"]
