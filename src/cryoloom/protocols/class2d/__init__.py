"""2D classification, and the choice among its classes."""

from cryoloom.protocols.class2d._protocol import Classify2D
from cryoloom.protocols.class2d._select import SelectClasses
from cryoloom.protocols.class2d._tables import classified, members

__all__ = ["Classify2D", "SelectClasses", "classified", "members"]
