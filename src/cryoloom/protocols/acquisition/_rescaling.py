"""Rescale what follows by calculation from a corrected acquisition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cryoloom.data import OpticsGroup, item_kind
from cryoloom.errors import ParameterError
from cryoloom.protocols.acquisition._defocus import Acquisition, equivalent_defocus, tilt_factor
from cryoloom.protocols.acquisition._rules import DOSES, PIXEL_SIZE_POWERS, Cause

if TYPE_CHECKING:
    import polars as pl

    from cryoloom.data import Table

_FITTED_FROM = 30.0  # Å: where fits of Thon rings begin by default
_FITTED_TO = 5.0


def pixel_size_factor(table: Table, parameters: Any) -> float:
    """True pixel size over the stated one."""
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


def corrected_optics(group: OpticsGroup, parameters: Any, factor: float) -> OpticsGroup:
    """An optics group with what is given."""
    given = {
        name: getattr(parameters, name)
        for name in ("voltage", "spherical_aberration", "amplitude_contrast")
        if getattr(parameters, name) is not None
    }
    detector = group.detector_pixel_size
    return replace(group, detector_pixel_size=None if detector is None else detector * factor, **given)


def scaled_lengths(frame: pl.DataFrame, factor: float, held: set[str]) -> dict[str, pl.Series]:
    """Columns that are lengths, in the pixel size that is true.

    Parameters
    ----------
    frame : of the set
    factor : true pixel size over the stated one
    held : names of the columns that hold something
    """
    import polars as pl

    if factor == 1.0:
        return {}
    scaled = {}
    for name, power in PIXEL_SIZE_POWERS.items():
        if name in held:
            of_each = pl.element() if frame.schema[name] == pl.List else pl.col(name)
            expression = of_each * factor**power
            if frame.schema[name] == pl.List:
                expression = pl.col(name).list.eval(expression)
            scaled[name] = frame.select(expression).to_series()
    return scaled


def scaled_doses(table: Table, parameters: Any) -> dict[str, pl.Series]:
    """The dose per frame as it is given, and the doses that follow from it."""
    import polars as pl

    frame = table.frame
    dose = parameters.dose_per_frame
    if dose is None:
        return {}
    scaled = {}
    if "dose_per_frame" in item_kind(table.schema.kind).schema():
        scaled["dose_per_frame"] = pl.Series([dose], dtype=pl.Float64).new_from_index(0, frame.height)
    others = [name for name in DOSES if name in frame.columns and (frame[name].fill_null(0.0) != 0.0).any()]
    if others:
        factor = _dose_factor(frame, parameters)
        scaled |= {name: frame[name] * factor for name in others}
    return scaled


def scaled_transfer(
    table: Table, corrected: Mapping[int, OpticsGroup], factor: float, held: set[str], causes: set[Cause]
) -> dict[str, pl.Series]:
    """Defocus and tilt with which Thon rings stay where they were measured, optics group by optics group.

    Parameters
    ----------
    table : the set as it was
    corrected : its optics groups as they are now
    factor : true pixel size over the stated one
    held : names of the columns that hold something
    causes : what was stated wrongly
    """
    import numpy as np
    import polars as pl

    names = [name for name in ("defocus_u", "defocus_v", "estimated_defocus", "tilt_angle") if name in held]
    if not names or not causes - {Cause.DOSE}:
        return {}
    frame = table.frame
    groups = frame["optics_group"].to_numpy()
    finest = frame["fit_resolution"] if "fit_resolution" in frame.columns else pl.Series([None], dtype=pl.Float64)
    to_resolution = np.minimum(finest.fill_null(_FITTED_TO).cast(pl.Float64).to_numpy(), _FITTED_FROM / 2)
    to_resolution = np.broadcast_to(to_resolution, groups.shape)
    scaled = {name: frame[name].cast(pl.Float64).to_numpy().copy() for name in names}
    for key, group in table.optics_groups.items():
        here = groups == key
        before, after = _acquisition(group, 1.0), _acquisition(corrected[key], factor)
        for name, values in scaled.items():
            if name == "tilt_angle":
                tangent = np.tan(np.radians(values[here])) * tilt_factor(before, after)
                values[here] = np.degrees(np.arctan(tangent))
            else:
                values[here] = equivalent_defocus(
                    values[here], before, after, from_resolution=_FITTED_FROM, to_resolution=to_resolution[here]
                )
    return {name: pl.Series(name, values, nan_to_null=True) for name, values in scaled.items()}


def _dose_factor(frame: pl.DataFrame, parameters: Any) -> pl.Series | float:
    """True dose over the stated one, of each item where these differ."""
    if parameters.stated_dose_per_frame is not None:
        return float(parameters.dose_per_frame / parameters.stated_dose_per_frame)
    if "dose_per_frame" not in frame.columns or frame["dose_per_frame"].null_count():
        raise ParameterError(
            "Say which dose per frame was stated before (stated_dose_per_frame), so that total doses can be rescaled."
        )
    factor: pl.Series = parameters.dose_per_frame / frame["dose_per_frame"]
    return factor


def _acquisition(group: OpticsGroup, pixel_size: float) -> Acquisition:
    return Acquisition(pixel_size, group.voltage, group.spherical_aberration, group.amplitude_contrast)
