"""2D classification: images sorted into classes, and each class averaged."""

from cryoloom.engine.classes2d._classes2d import Classes2DState, classify2d
from cryoloom.engine.classes2d._poses import ClassPoses
from cryoloom.engine.classes2d._predictions import classes2d_memory, classes2d_seconds
from cryoloom.engine.classes2d._settings import Classes2DSettings

__all__ = [
    "ClassPoses",
    "Classes2DSettings",
    "Classes2DState",
    "classes2d_memory",
    "classes2d_seconds",
    "classify2d",
]
