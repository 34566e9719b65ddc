"""A first map from nothing."""

from cryoloom.protocols.abinitio._protocol import AbInitio

__all__ = ["AbInitio"]
