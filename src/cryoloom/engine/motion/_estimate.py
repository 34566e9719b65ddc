"""From frames to motion: coarse alignment, refinement, and the decision whether places moved differently."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.motion._coarse import align_coarsely
from cryoloom.engine.motion._model import LEAST_SIGNIFICANCE, LocalModel, Motion
from cryoloom.engine.motion._patches import alignment_binning, cut_patches, highest_frequency
from cryoloom.engine.motion._priors import model_coefficients
from cryoloom.engine.motion._refine import Estimate, Refinement
from cryoloom.engine.motion._settings import MotionSettings

if TYPE_CHECKING:
    from cryoloom.engine.motion._agreement import Agreement
    from cryoloom.engine.motion._detector_frames import DetectorFrames

_FEWEST_FRAMES = 4  # for a motion that is cubic in time
_LARGEST_DISAGREEMENT = 3.0  # times the expected variance
_LEAST_SUCCESS = 0.3  # of the gain in likelihood that the fit promised


def estimate_motion(
    frames: DetectorFrames, settings: MotionSettings | None = None, *, pixel_size: float, threads: int = 1
) -> Motion:
    """Estimate how the content of a movie moved.

    Parameters
    ----------
    frames : the movie, defects repaired
    settings : what is wanted
    pixel_size : in Å
    threads : threads to use; the result does not depend on it

    Returns
    -------
    The motion, with a local model if one was asked for and the movie supports it; otherwise with the reason
    """
    settings = settings or MotionSettings()
    if frames.count == 1:
        return Motion(np.zeros((1, 2)), local_reason="a single frame does not move")
    displacement = align_coarsely(frames, settings, pixel_size=pixel_size, threads=threads)
    factor = alignment_binning(pixel_size)
    patches = cut_patches(
        frames,
        displacement,
        grid=settings.grid,
        factor=factor,
        highest=highest_frequency(pixel_size, with_local=settings.with_local),
        threads=threads,
    )
    refinement = Refinement(patches, displacement / factor, threads=threads)
    if refinement.significance < LEAST_SIGNIFICANCE:
        return replace(
            _as_motion(refinement.estimate, factor, "the frames share no signal that stands out of the noise"),
            significance=refinement.significance,
        )
    motion = _refined(refinement, settings, factor)
    return replace(motion, significance=refinement.significance)


def _refined(refinement: Refinement, settings: MotionSettings, factor: int) -> Motion:
    refinement.refine(with_local=False)
    whole = refinement.estimate
    if not settings.with_local:
        return _as_motion(whole, factor, "one motion of the whole field was asked for")
    frames = refinement.patches.frames
    if frames < _FEWEST_FRAMES:
        return _as_motion(whole, factor, f"a local model needs {_FEWEST_FRAMES} frames, the movie has {frames}")
    refinement.refine(with_local=True)
    reason = _objection(refinement, whole)
    return _as_motion(whole if reason else refinement.estimate, factor, reason)


def _objection(refinement: Refinement, whole: Estimate) -> str:
    """Why the local model that was fitted should not be used; empty if there is no objection."""
    if refinement.local_amplitude == 0.0:
        return "no difference between patches stands out of the noise"
    reached = refinement.measure()
    disagreement = _disagreement(refinement, reached)
    if disagreement > _LARGEST_DISAGREEMENT:
        return (
            f"the patches do not follow the fitted model: their residuals are {np.sqrt(disagreement):.1f} times what "
            "noise explains"
        )
    gain = reached.power - refinement.measure(whole).power
    promised = refinement.promised_gain()
    if gain < _LEAST_SUCCESS * promised:
        return (
            f"the local model improves the agreement of the frames by {gain:.0f}, where its fit promised {promised:.0f}"
        )
    return ""


def _disagreement(refinement: Refinement, reached: Agreement) -> float:
    """Median over patches of the variance of the slope at the solution, in units of the expected variance."""
    ratios = []
    for slope, information in zip(reached.gradient, refinement.spectra.information(refinement.patches), strict=True):
        freedom = 2 * (len(slope) - 1)
        ratios.append(np.sum(slope * (np.linalg.pinv(information, hermitian=True) @ slope)) / freedom)
    return float(np.median(ratios))


def _as_motion(estimate: Estimate, factor: int, reason: str) -> Motion:
    field = estimate.field - estimate.field[0]
    if reason:
        return Motion(-field * factor, None, reason)
    coefficients = np.stack([model_coefficients(-factor * column, len(field)) for column in estimate.local.T])
    return Motion(-field * factor, LocalModel(coefficients))
