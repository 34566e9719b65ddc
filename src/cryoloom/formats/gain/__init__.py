"""Gain references and lists of defective pixels."""

from cryoloom.formats.gain._defects import Defects, read_defects
from cryoloom.formats.gain._gain import Gain, read_gain

__all__ = ["Defects", "Gain", "read_defects", "read_gain"]
