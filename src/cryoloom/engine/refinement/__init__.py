"""Refinement of poses and maps, in two half sets that know nothing of each other's noise."""

from cryoloom.engine.refinement._maps import signal_to_noise
from cryoloom.engine.refinement._refine import refine
from cryoloom.engine.refinement._search import FoundPoses, find_poses
from cryoloom.engine.refinement._settings import RefinementSettings
from cryoloom.engine.refinement._state import RefinementState

__all__ = ["FoundPoses", "RefinementSettings", "RefinementState", "find_poses", "refine", "signal_to_noise"]
