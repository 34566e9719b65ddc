"""A first map from nothing: no reference, no symmetry."""

from cryoloom.engine.abinitio._ab_initio import AbInitioState, ab_initio
from cryoloom.engine.abinitio._cost import predicted_memory, predicted_seconds
from cryoloom.engine.abinitio._runs import Confidence, FinishedRun, RunsState, compared_to, independent_runs
from cryoloom.engine.abinitio._settings import AbInitioSettings

__all__ = [
    "AbInitioSettings",
    "AbInitioState",
    "Confidence",
    "FinishedRun",
    "RunsState",
    "ab_initio",
    "compared_to",
    "independent_runs",
    "predicted_memory",
    "predicted_seconds",
]
