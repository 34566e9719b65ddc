"""Into how many fractions an EER movie is rendered, if nobody says it."""

from __future__ import annotations

from pathlib import Path

from cryoloom.formats.eer._read import EERStack

_DOSE_OF_A_FRACTION = 1.0  # e/Å²: enough electrons to align by, few enough to weigh by dose
_FRACTIONS = 40  # where no dose is known
_FRACTIONS_AT_MOST = 50  # so that 4096² pixels of any movie stay within a few GB of memory


def sensible_fractions(
    path: Path | str, *, total_dose: float | None = None, dose_of_a_fraction: float | None = None
) -> int:
    """A number of fractions of equally many raw frames that leaves hardly any over at the end.

    Each gets about 1 e/Å² if the dose is known, by a person or the camera, and more where that would make more than 50;
    if it is not known there are about 40.

    Parameters
    ----------
    path : the movie
    total_dose : of the whole exposure, in e/Å²; by default what the camera wrote
    dose_of_a_fraction : what each gets, in e/Å², however many that makes

    Raises
    ------
    FormatError
        If it is no EER movie.
    """
    with EERStack(path) as stack:
        raw_frames, measured = stack.raw_frame_count, stack.metadata.total_dose
    dose = total_dose or measured
    wanted = _FRACTIONS if dose is None else dose / (dose_of_a_fraction or _DOSE_OF_A_FRACTION)
    fewest = 1 if dose_of_a_fraction is not None else raw_frames // (_FRACTIONS_AT_MOST + 1) + 1
    frames_each = min(raw_frames, max(fewest, round(raw_frames / wanted)))
    return raw_frames // frames_each
