"""Motion correction: from movies to aligned sums."""

from cryoloom.protocols.motion._protocol import CorrectMotion

__all__ = ["CorrectMotion"]
