"""How far a refinement has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.engine.refinement import usual_iterations

if TYPE_CHECKING:
    from cryoloom.engine.refinement import RefinementSettings, RefinementState

FEWEST = 10  # particles that each half set needs


def progress_of(state: RefinementState, settings: RefinementSettings) -> tuple[float, str]:
    """How far a refinement has come, guessed from how many iterations one usually takes; and in words."""
    usual = min(settings.iterations, max(usual_iterations(settings.symmetry), state.iteration + 2))
    share = 1.0 if state.finished else state.iteration / usual
    nothing = "nothing in common yet" if state.can_judge else "nothing to judge by"
    found = nothing if state.resolution is None else f"{state.resolution:.1f} Å"
    return share, f"iteration {state.iteration}: {found}, {state.moved:.1f}° moved"
