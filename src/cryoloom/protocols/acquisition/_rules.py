"""What becomes of each quantity when the acquisition is corrected."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from cryoloom.data import Item, column, digest, item_class


class Cause(StrEnum):
    """What was stated wrongly."""

    PIXEL_SIZE = "pixel size"
    DOSE = "dose"
    VOLTAGE = "voltage"
    ABERRATION = "spherical aberration"
    AMPLITUDE_CONTRAST = "amplitude contrast"


class Fate(StrEnum):
    """What becomes of a quantity."""

    RESCALED = "rescaled"
    COMPUTE_AGAIN = "to compute again"


@item_class
class Correction(Item):
    """What a corrected acquisition does to one quantity of a set."""

    kind: ClassVar[str] = "corrections"
    read_first: ClassVar[tuple[str, ...]] = ("quantity", "fate", "sentence")

    quantity: str = column(meaning="column of the set, or of its optics groups")
    fate: str = column(meaning="rescaled, or to compute again")
    sentence: str = column(meaning="what was done, or why it cannot be calculated")


PIXEL_SIZE_POWERS = {
    "pixel_size": 1,
    "shift_x": 1,
    "shift_y": 1,
    "diameter": 1,
    "motion_total": 1,
    "motion_early": 1,
    "motion_late": 1,
    "fit_resolution": 1,
    "resolution": 1,
    "b_factor": 2,
    "frequency": -1,
}
"""Column → by which power of the pixel size's factor it changes."""

DOSES = ("pre_exposure", "total_dose")
"""Columns that change with the dose, besides the dose of a frame itself."""

_TRANSFER = frozenset({Cause.PIXEL_SIZE, Cause.VOLTAGE, Cause.ABERRATION, Cause.AMPLITUDE_CONTRAST})
_WEIGHTS = frozenset({Cause.PIXEL_SIZE, Cause.DOSE, Cause.VOLTAGE})


@dataclass(frozen=True, slots=True)
class _Measured:
    """A quantity that was measured under what was stated.

    Parameters
    ----------
    kind : of the items
    columns : that hold it
    causes : what it depends on
    sentence : why it cannot be calculated
    """

    kind: str
    columns: tuple[str, ...]
    causes: frozenset[Cause]
    sentence: str


_MEASURED = (
    _Measured(
        "micrographs",
        ("dose_weighted_file",),
        _WEIGHTS,
        "Its weights follow from dose, voltage and pixel size.",
    ),
    _Measured(
        "micrographs",
        ("motion_early", "motion_late"),
        frozenset({Cause.DOSE}),
        "They are parted at an exposure of 4 e/Å², which was reached at another frame; run motion.",
    ),
    _Measured("micrographs", ("motion_file",), _WEIGHTS, "It holds what was stated before; run motion."),
    _Measured("ctfs", ("score",), _TRANSFER, "It compares rings with the former fit; run ctf."),
    _Measured(
        "ctfs",
        ("ice_ring", "ice_thickness_relative"),
        frozenset({Cause.PIXEL_SIZE}),
        "They were measured at resolutions that lay elsewhere; run ctf.",
    ),
    _Measured("ctfs", ("spectrum_picture", "warnings"), _TRANSFER, "They show the former numbers; run ctf."),
    _Measured("particles", ("file",), _WEIGHTS, "Images cut from dose-weighted sums have former weights; run extract."),
    _Measured(
        "particles",
        ("rot", "tilt", "psi", "class_number", "score", "scale", "norm_correction", "ctf_b_factor", "ctf_scale"),
        _TRANSFER,
        "They were found with the former contrast transfer; refine or classify again.",
    ),
    *(
        _Measured(kind, ("file",), _TRANSFER, "It was made with the former contrast transfer.")
        for kind in ("classes2d", "classes3d", "volumes")
    ),
)


def to_compute_again(kind: str, columns: Collection[str], causes: Collection[Cause]) -> dict[str, str]:
    """Columns that were measured under what was stated wrongly, and why they cannot be calculated.

    Parameters
    ----------
    kind : of the items
    columns : that hold something
    causes : what was stated wrongly
    """
    return {
        name: measured.sentence
        for measured in _MEASURED
        if measured.kind == kind and measured.causes.intersection(causes)
        for name in measured.columns
        if name in columns
    }


def correction(quantity: str, fate: Fate, sentence: str) -> Correction:
    """Make a correction; there is one of each quantity and fate."""
    identity = digest("correction", quantity.encode(), fate.value.encode())
    return Correction(id=identity, quantity=quantity, fate=fate.value, sentence=sentence)
