"""Correct what was stated of the acquisition, after the fact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoloom.data import Column, Item, OpticsGroup, item_kind
from cryoloom.errors import ParameterError
from cryoloom.protocols.acquisition._rescaling import (
    corrected_optics,
    pixel_size_factor,
    scaled_doses,
    scaled_lengths,
    scaled_transfer,
)
from cryoloom.protocols.acquisition._rules import Cause, Correction, Fate, correction, to_compute_again
from cryoloom.workflow.parameters import (
    AngstromPerPixel,
    ElectronPerSquareAngstrom,
    Kilovolt,
    Millimetre,
    ProtocolParameters,
    parameter,
)
from cryoloom.workflow.protocol import Input, Output, Stage, TableProtocol, input_set, output_set

if TYPE_CHECKING:
    import polars as pl

    from cryoloom.data import Snapshot, Table

_OF_OPTICS = {
    Cause.VOLTAGE: "voltage",
    Cause.ABERRATION: "spherical_aberration",
    Cause.AMPLITUDE_CONTRAST: "amplitude_contrast",
}


class CorrectAcquisition(TableProtocol):
    """Correct pixel size, dose, voltage, spherical aberration or amplitude contrast of a set, after the fact.

    What follows from them by calculation is rescaled: pixel sizes, shifts and other lengths, doses, tilts, and the
    defocus, so that Thon rings stay where they were measured. What was measured under the wrong assumption and cannot
    be calculated is named in the column ``to_compute_again``. The second output lists which is which; runs that read
    the set as it was are stale from then on.
    """

    id = "correct-acquisition"
    stage = Stage.SETS
    corrects = "items"

    class Inputs:
        """Any set with images."""

        items: Input[Item] = input_set("movies, micrographs, CTFs, coordinates or particles")

    class Outputs:
        """The corrected set, and what was done to it."""

        items: Output[Item] = output_set("the same items, corrected", same_as="items")
        corrections: Output[Correction] = output_set("what was rescaled, and what is to be computed again")

    class Parameters(ProtocolParameters):
        """What is true; what is not given stays."""

        pixel_size_factor: float | None = parameter(
            None,
            label="Pixel size factor",
            help="True pixel size over the stated one: 1.015 if 1.00 Å/px was stated and 1.015 is true.",
            gt=0.2,
            lt=5,
        )
        pixel_size: AngstromPerPixel | None = parameter(
            None, label="Pixel size", help="Of the images of this set; all must have the same now.", gt=0.01, le=100
        )
        dose_per_frame: ElectronPerSquareAngstrom | None = parameter(None, label="Dose per frame", gt=0)
        stated_dose_per_frame: ElectronPerSquareAngstrom | None = parameter(
            None,
            label="Stated dose per frame",
            help="Needed with the dose per frame where the set holds only the total.",
            gt=0,
        )
        voltage: Kilovolt | None = parameter(None, label="Voltage", gt=10, le=2000)
        spherical_aberration: Millimetre | None = parameter(None, label="Spherical aberration", ge=0, le=20)
        amplitude_contrast: float | None = parameter(None, label="Amplitude contrast", ge=0, lt=1)

    def check(self, parameters: Any) -> None:
        """Refuse a correction that corrects nothing, or the same thing twice."""
        if all(value is None for value in parameters.model_dump().values()):
            raise ParameterError("Nothing is corrected; give the pixel size, the dose, the voltage or another value.")
        if parameters.pixel_size is not None and parameters.pixel_size_factor is not None:
            raise ParameterError("Give the pixel size or its factor, not both.")

    def transform(
        self, tables: Mapping[str, Table], parameters: Any, resolve: Callable[[str], Path]
    ) -> Mapping[str, Table]:
        """Rescale the set."""
        import polars as pl

        from cryoloom.data import Table, polars_schema

        table = tables["items"]
        factor = pixel_size_factor(table, parameters)
        corrected = {key: corrected_optics(group, parameters, factor) for key, group in table.optics_groups.items()}
        held = {column.name for column in table.frame if _holds_something(column)}
        causes = _causes(table.optics_groups, corrected, factor, parameters)
        scaled = {
            **scaled_lengths(table.frame, factor, held),
            **scaled_doses(table, parameters),
            **scaled_transfer(table, corrected, factor, held, causes),
        }
        again = to_compute_again(table.schema.kind, held, causes)
        names = pl.lit(sorted(again), dtype=pl.List(pl.String)).alias("to_compute_again")
        declared = item_kind(table.schema.kind).schema()
        types = polars_schema(declared) | dict(table.frame.schema)
        frame = table.frame.with_columns(
            *(values.cast(types[name]).alias(name) for name, values in scaled.items()), names
        )
        added = [column for column in declared if column.name in scaled and column.name not in table.frame.columns]
        meaning = "columns that were measured under what was stated wrongly"
        described = Column("to_compute_again", "list[string]", meaning=meaning)
        told = [
            *(correction(name, Fate.RESCALED, f"It was calculated from the {_named(causes)}.") for name in scaled),
            *(correction(name, Fate.COMPUTE_AGAIN, sentence) for name, sentence in again.items()),
            *_optics_corrections(table.optics_groups, corrected),
        ]
        result = replace(table.with_frame(frame, described, *added), optics_groups=corrected)
        return {"items": result, "corrections": Table.of(told, Correction.kind)}

    def summary(self, outputs: Mapping[str, Snapshot[Any]], parameters: Any) -> str:
        """Which is which."""
        found = [each for each in outputs["corrections"].items() if isinstance(each, Correction)]
        parts = []
        for fate in Fate:
            names = sorted(each.quantity for each in found if each.fate == fate.value)
            parts.append(f"{fate.value}: {', '.join(names) or 'nothing'}")
        return "; ".join(parts)

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        given = {name: value for name, value in parameters.model_dump().items() if value is not None}
        told = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in given.items())
        return f"The acquisition of {counts.get('items', 0)} items was corrected afterwards ({told})."


def _holds_something(column: pl.Series) -> bool:
    """Whether any item has a value here that is neither absent nor an empty text or list."""
    import polars as pl

    if column.dtype == pl.String:
        return bool((column.fill_null("") != "").any())
    if column.dtype == pl.List:
        return bool((column.list.len().fill_null(0) > 0).any())
    return column.null_count() < len(column)


def _causes(
    former: Mapping[int, OpticsGroup], corrected: Mapping[int, OpticsGroup], factor: float, parameters: Any
) -> set[Cause]:
    """What was stated wrongly."""
    causes = set()
    if factor != 1.0:
        causes.add(Cause.PIXEL_SIZE)
    if parameters.dose_per_frame is not None:
        causes.add(Cause.DOSE)
    for cause, name in _OF_OPTICS.items():
        if any(getattr(former[key], name) != getattr(corrected[key], name) for key in former):
            causes.add(cause)
    return causes


def _named(causes: set[Cause]) -> str:
    return ", ".join(cause.value for cause in Cause if cause in causes)


def _optics_corrections(former: Mapping[int, OpticsGroup], corrected: Mapping[int, OpticsGroup]) -> list[Correction]:
    names = ("detector_pixel_size", *_OF_OPTICS.values())
    return [
        correction(name, Fate.RESCALED, "It is as given in every optics group now.")
        for name in names
        if any(getattr(former[key], name) != getattr(corrected[key], name) for key in former)
    ]
