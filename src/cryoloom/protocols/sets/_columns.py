"""Protocols that change columns of a set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoloom.data import Item
from cryoloom.errors import ParameterError
from cryoloom.workflow.parameters import PixelDistance, ProtocolParameters, parameter
from cryoloom.workflow.protocol import Input, Output, Stage, TableProtocol, input_set, output_set

if TYPE_CHECKING:
    from cryoloom.data import Table


class EditColumns(TableProtocol):
    """Set columns to expressions on columns."""

    id = "edit"
    stage = Stage.SETS

    class Inputs:
        """Any set."""

        items: Input[Item] = input_set("the set to change")

    class Outputs:
        """The changed set."""

        items: Output[Item] = output_set("the same items with the new values", same_as="items")

    class Parameters(ProtocolParameters):
        """What is set."""

        assignments: tuple[str, ...] = parameter(
            label="Assignments", help="column = expression, for instance astigmatism = defocus_u - defocus_v."
        )

    def check(self, parameters: Any) -> None:
        """Refuse what is no assignment."""
        for text in parameters.assignments:
            if "=" not in text:
                raise ParameterError(f"{text!r} is no assignment; write column = expression.")

    def transform(
        self, tables: Mapping[str, Table], parameters: Any, resolve: Callable[[str], Path]
    ) -> Mapping[str, Table]:
        """Apply the assignments in order."""
        from cryoloom.data import edit

        table = tables["items"]
        for text in parameters.assignments:
            column, _, expression = text.partition("=")
            table = edit(table, column.strip(), expression.strip())
        return {"items": table}

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        verb = "was" if len(parameters.assignments) == 1 else "were"
        return f"In {counts.get('items', 0)} items, {' and '.join(parameters.assignments)} {verb} set."


class JoinColumns(TableProtocol):
    """Give the items of one set columns of another, matched by id or by micrograph and distance."""

    id = "join"
    stage = Stage.SETS

    class Inputs:
        """Two sets."""

        items: Input[Item] = input_set("the set that receives columns")
        source: Input[Item] = input_set("the set that gives them")

    class Outputs:
        """The joined set."""

        items: Output[Item] = output_set("items with the columns of both", same_as="items")

    class Parameters(ProtocolParameters):
        """How they are matched."""

        key: str = parameter(
            "id", label="Key", help="Column that holds the id of the giving item: micrograph_id for particles and CTFs."
        )
        distance: PixelDistance | None = parameter(
            None, label="Match within", help="Match by micrograph and distance instead of the key.", gt=0
        )
        columns: tuple[str, ...] = parameter(
            (), label="Columns", help="To take, in place of those of the same name; none: all that are not there yet."
        )
        keep_unmatched: bool = parameter(False, label="Keep items without a match")

    def transform(
        self, tables: Mapping[str, Table], parameters: Any, resolve: Callable[[str], Path]
    ) -> Mapping[str, Table]:
        """Join them."""
        from cryoloom.data import join, join_by_position

        columns = list(parameters.columns) or None
        items, source = tables["items"], tables["source"]
        if parameters.distance is not None:
            joined = join_by_position(
                items, source, parameters.distance, columns=columns, keep_unmatched=parameters.keep_unmatched
            )
        else:
            joined = join(
                items, source, left_key=parameters.key, columns=columns, keep_unmatched=parameters.keep_unmatched
            )
        return {"items": joined}

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        by = parameters.key if parameters.distance is None else f"position within {parameters.distance:g} px"
        what = ", ".join(parameters.columns) or "further columns"
        return f"{counts.get('items', 0)} items were given {what} of another set, matched by {by}."
