"""Sorting of particles of known poses into classes of different structure."""

from cryoloom.engine.classes3d._agreement import adjusted_rand_index, matched
from cryoloom.engine.classes3d._classes3d import check_enough, classify3d
from cryoloom.engine.classes3d._cost import predicted_memory, predicted_seconds
from cryoloom.engine.classes3d._maps import ClassMap, class_map
from cryoloom.engine.classes3d._settings import Classes3DSettings
from cryoloom.engine.classes3d._state import REPRODUCIBLE, Classes3DState
from cryoloom.engine.orientations import KnownPoses

__all__ = [
    "REPRODUCIBLE",
    "ClassMap",
    "Classes3DSettings",
    "Classes3DState",
    "KnownPoses",
    "adjusted_rand_index",
    "check_enough",
    "class_map",
    "classify3d",
    "matched",
    "predicted_memory",
    "predicted_seconds",
]
