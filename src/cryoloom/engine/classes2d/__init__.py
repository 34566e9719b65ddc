"""2D classification: images sorted into classes, each class averaged, scored, and found again in another result."""

from cryoloom.engine.classes2d._assessment import LEAST_RESEMBLANCE, Assessment, ClassScore, assess_classes
from cryoloom.engine.classes2d._classes2d import Classes2DState, classify2d
from cryoloom.engine.classes2d._cost import predicted_memory, predicted_seconds
from cryoloom.engine.classes2d._matching import AverageMatches, match_averages
from cryoloom.engine.classes2d._poses import ClassPoses
from cryoloom.engine.classes2d._settings import Classes2DSettings

__all__ = [
    "LEAST_RESEMBLANCE",
    "Assessment",
    "AverageMatches",
    "ClassPoses",
    "ClassScore",
    "Classes2DSettings",
    "Classes2DState",
    "assess_classes",
    "classify2d",
    "match_averages",
    "predicted_memory",
    "predicted_seconds",
]
