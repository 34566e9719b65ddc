"""Maps of particles whose poses are known."""

from cryoloom.protocols.reconstruct._protocol import Reconstruct

__all__ = ["Reconstruct"]
