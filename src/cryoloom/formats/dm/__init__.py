"""Files of Gatan's DigitalMicrograph, version 3 and 4: gain references and images."""

from cryoloom.formats.dm._read import DMStack
from cryoloom.formats.dm._tags import is_dm

__all__ = ["DMStack", "is_dm"]
