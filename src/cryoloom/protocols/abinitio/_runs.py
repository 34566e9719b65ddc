"""One run or several, and what they say of each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cryoloom.engine.abinitio import AbInitioSettings, AbInitioState, Confidence, RunsState, ab_initio, independent_runs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.engine.likelihood import ParticleImages


def states(
    images: ParticleImages, settings: AbInitioSettings, runs: int, state: Any = None, *, threads: int = 1
) -> Iterator[AbInitioState | RunsState]:
    """Every state of one run, or of so many and one more if they disagree."""
    if runs == 1:
        return ab_initio(images, settings, state=state, threads=threads)
    return independent_runs(images, settings, runs=runs, most_runs=runs + 1, state=state, threads=threads)


def confidence_of(state: AbInitioState | RunsState) -> Confidence | None:
    """How far the last state's maps are confirmed; None after a single run."""
    return state.confidence if isinstance(state, RunsState) else None


def share_done(iteration: int, seconds: NDArray[np.float64], runs: int) -> float:
    """Share of the time that has passed after an iteration, counted over all runs.

    Parameters
    ----------
    iteration : iterations done
    seconds : (iterations of one run,) that each is expected to take
    runs : that are made in any case
    """
    complete, begun = divmod(iteration, len(seconds))
    spent = complete * seconds.sum() + seconds[:begun].sum()
    expected = runs if iteration <= runs * len(seconds) else runs + 1
    return float(spent / (expected * seconds.sum()))


def doubt_of(confidence: Confidence | None) -> str:
    """What to say of maps that no other run has found; empty if there is no doubt, or nothing is known."""
    if confidence is None or confidence.is_reliable:
        return ""
    return (
        f"The runs do not agree: to {confidence.resolution:.0f} Å their maps correlate by "
        f"{confidence.agreement.min():.2f}. Do not believe this map; try more particles, more iterations, or another "
        "number of classes."
    )
