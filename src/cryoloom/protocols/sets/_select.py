"""Protocols that choose items of a set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import model_validator

from cryoloom.data import Item
from cryoloom.protocols.sets._named import ids_in
from cryoloom.workflow.parameters import PixelDistance, ProtocolParameters, parameter
from cryoloom.workflow.protocol import DecideProtocol, Input, Output, Stage, TableProtocol, input_set, output_set

if TYPE_CHECKING:
    from cryoloom.data import Snapshot, Table


class FilterItems(TableProtocol):
    """Keep the items that satisfy a condition on their columns."""

    id = "filter"
    stage = Stage.SETS

    class Inputs:
        """Any set."""

        items: Input[Item] = input_set("the set to choose from")

    class Outputs:
        """What is kept, and the rest."""

        kept: Output[Item] = output_set("items that satisfy the condition", same_as="items")
        rest: Output[Item] = output_set("the other items", same_as="items")

    class Parameters(ProtocolParameters):
        """The condition."""

        condition: str = parameter(
            label="Condition",
            help="On columns, in their units: fit_resolution < 6 and abs(defocus_u - defocus_v) < 500.",
        )

    def transform(
        self, tables: Mapping[str, Table], parameters: Any, resolve: Callable[[str], Path]
    ) -> Mapping[str, Table]:
        """Apply the condition."""
        return _kept_and_rest(tables["items"], parameters.condition)

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        kept = counts.get("kept", 0)
        return f"Of {kept + counts.get('rest', 0)} items, the {kept} with {parameters.condition} were kept."


class Curate(DecideProtocol):
    """Let a person set thresholds on any column; they apply to what has come and to what comes later.

    Items that a person has looked at can be kept or left out one by one; this goes before any threshold. Every
    decision is kept with its author, its time and the generation that was looked at. Moved thresholds withdraw
    and bring back items, and what follows does the same.
    """

    id = "curate"
    stage = Stage.SETS

    class Inputs:
        """Any set, and another that says more about its items."""

        items: Input[Item] = input_set("the set to choose from")
        measurements: Input[Item] = input_set(
            "another set with the same ids, for instance CTFs of micrographs, whose columns may be used", optional=True
        )

    class Outputs:
        """What is accepted, and the rest."""

        accepted: Output[Item] = output_set("accepted items", same_as="items")
        rejected: Output[Item] = output_set("rejected items", same_as="items")

    class Parameters(ProtocolParameters):
        """What holds until somebody decides."""

        condition: str = parameter(
            "", label="First condition", help="Empty: what is told below holds until a person decides."
        )
        undecided: Literal["wait", "accept all"] = parameter(
            "wait",
            label="Without a condition",
            help="Wait for a person, or accept every item that has been measured until a person decides.",
        )

    class Decision(ProtocolParameters):
        """What a person decides."""

        condition: str = parameter(
            label="Condition",
            help="Items that satisfy it are accepted: fit_resolution < 6 and motion_total < 30. Empty: all of them.",
        )
        keep: str = parameter("", label="Keep", help="Ids of items that are accepted whatever the condition says.")
        leave_out: str = parameter("", label="Leave out", help="Ids of items that are rejected in any case.")

        @model_validator(mode="after")
        def _named_once(self) -> Self:
            if both := sorted(ids_in(self.keep) & ids_in(self.leave_out)):
                raise ValueError(f"item {both[0]:016x} is to be kept and to be left out; name it once")
            return self

    def first_decision(self, parameters: Any) -> Any | None:
        """The condition given as a parameter, or none at all if everything is to be accepted meanwhile."""
        if parameters.condition or parameters.undecided == "accept all":
            return self.Decision(condition=parameters.condition)
        return None

    def check_decision(self, decision: Any, inputs: Mapping[str, Snapshot[Any]]) -> None:
        """Refuse a condition on columns that there are not."""
        from cryoloom.data import parse_condition

        items = inputs["items"].schema
        measured = inputs["measurements"].schema if "measurements" in inputs else ()
        further = [column for column in measured if column.name not in items]
        if decision.condition.strip():
            parse_condition(decision.condition, items.with_columns(*further))

    def apply(self, tables: Mapping[str, Table], parameters: Any, decision: Any) -> Mapping[str, Table]:
        """Apply the condition; an item whose measurement has not come yet waits, unless a person has named it."""
        from cryoloom.data import filter_by, join, subset

        items, condition = tables["items"], decision.condition.strip()
        kept, left_out = ids_in(decision.keep), ids_in(decision.leave_out)
        measured = join(items, tables["measurements"]) if "measurements" in tables else items
        satisfying = filter_by(measured, condition) if condition else measured
        decided = subset(items, {*measured.frame["id"], *kept, *left_out})
        accepted = subset(decided, ({*satisfying.frame["id"]} | kept) - left_out).frame["id"]
        return {
            "accepted": subset(decided, accepted),
            "rejected": decided.with_frame(decided.frame.filter(~decided.frame["id"].is_in(accepted.implode()))),
        }

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it; the decision follows."""
        accepted = counts.get("accepted", 0)
        first = f", at first those with {parameters.condition}" if parameters.condition else ""
        return f"Of {accepted + counts.get('rejected', 0)} items, {accepted} were accepted{first}."


class CombineItems(TableProtocol):
    """Take items of two sets: in both, in either, or in the first only."""

    id = "combine"
    stage = Stage.SETS

    class Inputs:
        """Two sets of the same kind."""

        first: Input[Item] = input_set("first set; its columns are kept")
        second: Input[Item] = input_set("second set")

    class Outputs:
        """The combination."""

        items: Output[Item] = output_set("the items chosen", same_as="first")

    class Parameters(ProtocolParameters):
        """How they are matched."""

        operation: Literal["union", "intersection", "difference"] = parameter("union", label="Operation")
        distance: PixelDistance | None = parameter(
            None,
            label="Match within",
            help="Items of the same micrograph count as equal within this distance; without it equal ids decide. "
            "Not for a union.",
            gt=0,
        )
        equal_ids: Literal["keep first", "keep last", "refuse if different"] = parameter(
            "keep first", label="Equal ids", help="Which of two items of the same id a union keeps."
        )

    def transform(
        self, tables: Mapping[str, Table], parameters: Any, resolve: Callable[[str], Path]
    ) -> Mapping[str, Table]:
        """Combine them."""
        from cryoloom.data import EqualIds, difference, intersect, union

        first, second = tables["first"], tables["second"]
        if parameters.operation == "union":
            return {"items": union(first, second, EqualIds(parameters.equal_ids))}
        combine = intersect if parameters.operation == "intersection" else difference
        return {"items": combine(first, second, distance=parameters.distance)}

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        within = "" if parameters.distance is None else f", matched within {parameters.distance:g} px,"
        return f"The {parameters.operation} of two sets{within} gave {counts.get('items', 0)} items."


class SplitItems(TableProtocol):
    """Divide a set into two parts; half sets are kept."""

    id = "split"
    stage = Stage.SETS

    class Inputs:
        """Any set."""

        items: Input[Item] = input_set("the set to divide")

    class Outputs:
        """Two parts."""

        first: Output[Item] = output_set("first part", same_as="items")
        second: Output[Item] = output_set("second part", same_as="items")

    class Parameters(ProtocolParameters):
        """How it is divided."""

        seed: int | None = parameter(None, label="Seed", help="Draw at random; without it the parts are consecutive.")

    def transform(
        self, tables: Mapping[str, Table], parameters: Any, resolve: Callable[[str], Path]
    ) -> Mapping[str, Table]:
        """Divide it."""
        from cryoloom.data import split

        first, second = split(tables["items"], 2, seed=parameters.seed)
        return {"first": first, "second": second}

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        how = "consecutive" if parameters.seed is None else "random"
        return f"The set was divided into {how} parts of {counts.get('first', 0)} and {counts.get('second', 0)} items."


def _kept_and_rest(table: Table, condition: str) -> dict[str, Table]:
    from cryoloom.data import filter_by

    kept = filter_by(table, condition)
    rest = table.frame.filter(~table.frame["id"].is_in(kept.frame["id"].implode()))
    return {"kept": kept, "rest": table.with_frame(rest)}
