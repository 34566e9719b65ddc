"""Particles found in micrographs."""

from cryoloom.engine.picking._pick import Picks, pick_particles
from cryoloom.engine.picking._templates import pick_with_templates

__all__ = ["Picks", "pick_particles", "pick_with_templates"]
