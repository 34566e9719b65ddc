"""Refinement of poses and maps, in two half sets that know nothing of each other's noise."""

from cryoloom.engine.refinement._contrast import Contrast, contrast, contrast_without_reference
from cryoloom.engine.refinement._cost import (
    predicted_memory,
    predicted_seconds,
    search_memory,
    search_seconds,
    usual_iterations,
)
from cryoloom.engine.refinement._local import ASTRAY, Reach, led_astray, local_reach
from cryoloom.engine.refinement._maps import particle_sphere, signal_to_noise
from cryoloom.engine.refinement._plan import first_radius
from cryoloom.engine.refinement._refine import refine
from cryoloom.engine.refinement._search import FoundPoses, find_poses
from cryoloom.engine.refinement._settings import RefinementSettings
from cryoloom.engine.refinement._state import RefinementState

__all__ = [
    "ASTRAY",
    "Contrast",
    "FoundPoses",
    "Reach",
    "RefinementSettings",
    "RefinementState",
    "contrast",
    "contrast_without_reference",
    "find_poses",
    "first_radius",
    "led_astray",
    "local_reach",
    "particle_sphere",
    "predicted_memory",
    "predicted_seconds",
    "refine",
    "search_memory",
    "search_seconds",
    "signal_to_noise",
    "usual_iterations",
]
