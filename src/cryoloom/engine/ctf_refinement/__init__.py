"""Refinement of contrast transfer functions against maps, once the poses of particles are known."""

from cryoloom.engine.ctf_refinement._comparison import Comparison, compare
from cryoloom.engine.ctf_refinement._cost import predicted_memory, predicted_seconds
from cryoloom.engine.ctf_refinement._groups import Estimate, GroupFindings
from cryoloom.engine.ctf_refinement._reference import Reference, reference_of_halves
from cryoloom.engine.ctf_refinement._refine import CTFRefinement, MicrographFindings, refine_ctf
from cryoloom.engine.ctf_refinement._settings import CTFRefinementSettings

__all__ = [
    "CTFRefinement",
    "CTFRefinementSettings",
    "Comparison",
    "Estimate",
    "GroupFindings",
    "MicrographFindings",
    "Reference",
    "compare",
    "predicted_memory",
    "predicted_seconds",
    "reference_of_halves",
    "refine_ctf",
]
