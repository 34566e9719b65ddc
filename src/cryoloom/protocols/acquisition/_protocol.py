"""Correct what was stated of the acquisition, after the fact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cryoloom.data import Item, OpticsGroup
from cryoloom.errors import ParameterError
from cryoloom.protocols.acquisition._defocus import Acquisition, equivalent_defocus
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

    from cryoloom.data import Table

_FITTED_FROM = 30.0  # Å: where fits of Thon rings begin by default
_FITTED_TO = 5.0
_LENGTHS = ("shift_x", "shift_y", "diameter", "motion_total", "motion_early", "motion_late", "fit_resolution")
_DOSES = ("dose_per_frame", "total_dose")
_MEASURED = ("score", "ice_ring", "ice_thickness_relative", "rot", "tilt", "psi", "class_number")


class CorrectAcquisition(TableProtocol):
    """Correct pixel size, dose, voltage, spherical aberration or amplitude contrast of a set, after the fact.

    What follows from them by calculation is rescaled: pixel sizes, shifts and other lengths, doses, and the defocus,
    so that Thon rings stay where they were measured. What was measured under the wrong assumption and cannot be
    calculated is named in the column ``to_compute_again``.
    """

    id = "correct-acquisition"
    stage = Stage.SETS

    class Inputs:
        """Any set with images."""

        items: Input[Item] = input_set("movies, micrographs, CTFs, coordinates or particles")

    class Outputs:
        """The corrected set."""

        items: Output[Item] = output_set("the same items, corrected", same_as="items")

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

    def transform(self, tables: Mapping[str, Table], parameters: Any) -> Mapping[str, Table]:
        """Rescale the set."""
        import polars as pl

        table = tables["items"]
        factor = _pixel_size_factor(table, parameters)
        dose_factor = _dose_factor(table, parameters)
        corrected = {key: _corrected_optics(group, parameters, factor) for key, group in table.optics_groups.items()}
        frame = table.frame
        columns: dict[str, pl.Expr] = {}
        if factor != 1.0:
            columns |= {name: pl.col(name) * factor for name in ("pixel_size", *_LENGTHS) if name in frame.columns}
        if dose_factor != 1.0:
            columns |= {name: pl.col(name) * dose_factor for name in _DOSES if name in frame.columns}
        frame = frame.with_columns(expression.alias(name) for name, expression in columns.items())
        if "defocus_u" in table.frame.columns and table.frame.height:
            frame = _with_defocus(table, frame, corrected, factor)
        again = [name for name in _MEASURED if name in frame.columns and frame[name].null_count() < frame.height]
        names = pl.lit(again, dtype=pl.List(pl.String))
        result = table.with_frame(frame.with_columns(names.alias("to_compute_again")))
        return {"items": replace(result, optics_groups=corrected)}


def _pixel_size_factor(table: Table, parameters: Any) -> float:
    if parameters.pixel_size_factor is not None:
        return float(parameters.pixel_size_factor)
    if parameters.pixel_size is None:
        return 1.0
    if "pixel_size" not in table.frame.columns:
        raise ParameterError(f"The {table.schema.kind} have no pixel size; give the factor instead.")
    stated = table.frame["pixel_size"].unique().to_list()
    if len(stated) > 1:
        raise ParameterError(
            f"The set holds pixel sizes from {min(stated)} to {max(stated)} Å; give the factor instead."
        )
    return float(parameters.pixel_size / stated[0]) if stated else 1.0


def _dose_factor(table: Table, parameters: Any) -> float:
    if parameters.dose_per_frame is None:
        return 1.0
    stated = parameters.stated_dose_per_frame
    if stated is None and "dose_per_frame" in table.frame.columns:
        values = table.frame["dose_per_frame"].drop_nulls().unique().to_list()
        stated = values[0] if len(values) == 1 else None
    if stated is None:
        if not any(name in table.frame.columns for name in _DOSES):
            return 1.0
        raise ParameterError("Say which dose per frame was stated before, so that total doses can be rescaled.")
    return float(parameters.dose_per_frame / stated)


def _corrected_optics(group: OpticsGroup, parameters: Any, factor: float) -> OpticsGroup:
    given = {
        name: getattr(parameters, name)
        for name in ("voltage", "spherical_aberration", "amplitude_contrast")
        if getattr(parameters, name) is not None
    }
    detector = group.detector_pixel_size
    return replace(group, detector_pixel_size=None if detector is None else detector * factor, **given)


def _with_defocus(
    table: Table, frame: pl.DataFrame, corrected: Mapping[int, OpticsGroup], factor: float
) -> pl.DataFrame:
    import polars as pl

    former_groups = table.optics_groups
    fit_to = table.frame["fit_resolution"] if "fit_resolution" in table.frame.columns else None
    sizes = table.frame["pixel_size"] if "pixel_size" in table.frame.columns else pl.Series([1.0] * frame.height)
    for name in ("defocus_u", "defocus_v"):
        values: list[float | None] = []
        for index, (defocus, key) in enumerate(table.frame.select(name, "optics_group").iter_rows()):
            if defocus is None:
                values.append(None)
                continue
            finest = None if fit_to is None else fit_to[index]
            values.append(
                equivalent_defocus(
                    defocus,
                    _acquisition(former_groups[key], sizes[index]),
                    _acquisition(corrected[key], sizes[index] * factor),
                    from_resolution=_FITTED_FROM,
                    to_resolution=min(finest or _FITTED_TO, _FITTED_FROM / 2),
                )
            )
        frame = frame.with_columns(pl.Series(name, values, table.frame.schema[name]))
    return frame


def _acquisition(group: OpticsGroup, pixel_size: float) -> Acquisition:
    return Acquisition(pixel_size, group.voltage, group.spherical_aberration, group.amplitude_contrast)
