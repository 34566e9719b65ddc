"""Particles in another box, or with another pixel size."""

from cryoloom.protocols.change_box._protocol import ChangeBox

__all__ = ["ChangeBox"]
