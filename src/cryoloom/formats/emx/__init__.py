"""The EMX exchange format."""

from cryoloom.formats.emx._read import EMX, read_emx

__all__ = ["EMX", "read_emx"]
