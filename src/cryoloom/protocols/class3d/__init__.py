"""3D classification of particles of known poses, and the choice among its classes."""

from cryoloom.protocols.class3d._protocol import Classify3D
from cryoloom.protocols.class3d._select import SelectClasses3D

__all__ = ["Classify3D", "SelectClasses3D"]
