"""A protocol that gives images optics groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoloom.data import Item, Movie, OpticsGroup, digest
from cryoloom.errors import ParameterError
from cryoloom.workflow.parameters import ProtocolParameters, parameter
from cryoloom.workflow.protocol import Input, Output, Stage, TableProtocol, input_set, output_set

if TYPE_CHECKING:
    import polars as pl

    from cryoloom.data import Table

_SHIFT = ("beam_shift_x", "beam_shift_y")


class GroupOptics(TableProtocol):
    """Give images optics groups by the beam shift they were taken with, for their beam tilt to be refined.

    EPU and SerialEM visit many holes around one stage position by shifting the beam, and each hole of the pattern gets
    a beam tilt of its own. Beam shifts are told apart where gaps between them are clearly wider than their scatter,
    which shows once the pattern has been visited a second time; until then everything is one group. Groups are numbered
    in the order in which their first exposures were taken, so they keep their numbers as more exposures come. An image
    of which no beam shift is known stays in the group that it has.
    """

    id = "group-optics"
    stage = Stage.SETS

    class Inputs:
        """Images, and the movies that hold the beam shifts."""

        items: Input[Item] = input_set("movies, micrographs, CTFs or particles")
        exposures: Input[Movie] = input_set(
            "the movies they come from, if the images have not inherited their beam shifts",
            optional=True,
        )

    class Outputs:
        """The regrouped set."""

        items: Output[Item] = output_set("the same items in their new optics groups", same_as="items")

    class Parameters(ProtocolParameters):
        """What is known of the pattern."""

        groups: int | None = parameter(
            None,
            label="Groups",
            help="Holes that the pattern has, if it is known; for every imported set of optics. Empty: the gaps tell.",
            ge=1,
            le=1000,
        )

    def transform(
        self, tables: Mapping[str, Table], parameters: Any, resolve: Callable[[str], Path]
    ) -> Mapping[str, Table]:
        """Group the exposures, and regroup what comes from them."""
        items = tables["items"]
        kind = items.schema.kind
        if "optics_group" not in items.frame.columns:
            raise ParameterError(f"{kind.capitalize()} have no optics groups; connect what has images.")
        exposures = tables.get("exposures", items).frame
        if not set(_SHIFT) <= set(exposures.columns):
            raise ParameterError(f"The {kind} hold no beam shifts; connect the movies that they come from.")
        key = "micrograph_id" if "micrograph_id" in items.frame.columns else "id"
        if "exposures" not in tables and key != "id":
            exposures = exposures.drop("id").rename({key: "id"}).unique("id", keep="first", maintain_order=True)
        numbers = _numbered(exposures, parameters.groups).rename({"id": key})
        numbered = items.frame.select(key, "optics_group").join(numbers, on=key, how="left", maintain_order="left")
        return {"items": _regrouped(items, numbered.select("optics_group", "number"))}

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        return f"{counts.get('items', 0)} images were put into optics groups by the beam shift of their exposures."


def _numbered(exposures: pl.DataFrame, count: int | None) -> pl.DataFrame:
    """``id`` and ``number``, from 1, of the group of each exposure whose beam shift is known.

    Exposures of different optics groups stay in different groups.
    """
    import polars as pl

    from cryoloom.formats.epu import group_by_shift

    if "acquired_at" not in exposures.columns:
        exposures = exposures.with_columns(acquired_at=pl.lit(""))
    known = exposures.drop_nulls(_SHIFT).sort("acquired_at", "id")
    parts = []
    for _, part in known.group_by("optics_group", maintain_order=True):
        shifts = part.select(_SHIFT)
        distinct = shifts.unique().height
        groups = group_by_shift(list(shifts.iter_rows()), count=None if count is None else min(count, distinct))
        parts.append(part.select("id", "acquired_at", "optics_group", label=pl.Series(groups.labels, dtype=pl.UInt32)))
    if not parts:
        return pl.DataFrame(schema={"id": pl.UInt64, "number": pl.UInt32})
    grouped = pl.concat(parts).sort("acquired_at", "id")
    first = grouped.unique(["optics_group", "label"], keep="first", maintain_order=True).with_row_index("number", 1)
    return grouped.join(first.select("optics_group", "label", "number"), on=["optics_group", "label"]).select(
        "id", "number"
    )


def _regrouped(items: Table, numbered: pl.DataFrame) -> Table:
    """The items in the optics groups that belong to their former ones and the numbers; those without a number stay."""
    import polars as pl

    pairs = numbered.unique(maintain_order=True)
    groups: dict[int, OpticsGroup] = {}
    successors: list[int] = []
    for former, number in pairs.iter_rows():
        parent = items.optics_groups.get(former)
        group = parent if parent is None or number is None else _subgroup(parent, number)
        if group is not None:
            groups[group.id] = group
        successors.append(former if group is None else group.id)
    pairs = pairs.with_columns(pl.Series("successor", successors, pl.UInt64))
    successor = numbered.join(
        pairs, on=["optics_group", "number"], how="left", nulls_equal=True, maintain_order="left"
    )["successor"]
    frame = items.frame.with_columns(successor.alias("optics_group"))
    return replace(items.with_frame(frame), optics_groups=groups)


def _subgroup(parent: OpticsGroup, number: int) -> OpticsGroup:
    """The optics of a group, for one beam shift; what the group is called later does not change who it is."""
    identity = digest("optics by shift", parent.id.to_bytes(8, "little"), number.to_bytes(8, "little"))
    return replace(parent, id=identity, name=f"{parent.name}_shift{number}")
