"""A protocol of every shape, on numbers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import Item, Snapshot, child_id, column, digest, item_class
from cryoloom.errors import InputError
from cryoloom.workflow.lane import Capacity
from cryoloom.workflow.parameters import ProtocolParameters, parameter
from cryoloom.workflow.protocol import (
    DecideProtocol,
    FileRole,
    Found,
    FoundFailure,
    Input,
    MapProtocol,
    Output,
    Prediction,
    SourceProtocol,
    Stage,
    TableProtocol,
    WholeProtocol,
    input_set,
    output_set,
)
from cryoloom.workflow.workspace import RoundWorkspace, SourceContext, Workspace

if TYPE_CHECKING:
    import polars as pl

    from cryoloom.data import Table


@item_class
class Number(Item):
    """A number."""

    kind: ClassVar[str] = "test-numbers"

    value: float = column(meaning="the number")
    file: str = column(default="", meaning="where it was written")


@item_class
class Batch(Item):
    """A mean of numbers."""

    kind: ClassVar[str] = "test-batches"

    mean: float = column(meaning="of the numbers")
    count: int = column(default=0, meaning="how many")


class NumbersInFolder(SourceProtocol):
    """Bring in every file of a folder that holds a number; a file that holds none fails."""

    id = "test-numbers"
    stage = Stage.IMPORT
    poll_seconds = 0.05

    class Outputs:
        """The numbers."""

        numbers: Output[Number] = output_set("numbers found")

    class Parameters(ProtocolParameters):
        """Where they are."""

        folder: str = parameter(label="Folder")
        expected: int = parameter(0, label="Expected", help="The source closes when it has seen so many; 0: never.")

    def look(self, parameters: Any, context: SourceContext) -> Found:
        """See which files are new."""
        numbers, failures = [], []
        for path in sorted(Path(parameters.folder).glob("*.txt")):
            key = digest("test-number", path.name.encode())
            if key in context.known["numbers"]:
                continue
            try:
                numbers.append(Number(id=key, value=float(path.read_text(encoding="utf-8")), file=str(path)))
            except ValueError:
                failures.append(FoundFailure(key, path.name, f"{path.name} holds no number."))
        seen = len(context.known["numbers"]) + len(numbers) + len(failures)
        done = context.closing or (parameters.expected > 0 and seen >= parameters.expected)
        return Found(items={"numbers": numbers}, failures=failures, exhausted=done)


class Square(MapProtocol):
    """Square a number; negative numbers fail."""

    id = "test-square"
    file_categories: ClassVar[Mapping[str, FileRole]] = {"squares": FileRole.REBUILDABLE}

    class Inputs:
        """Numbers."""

        numbers: Input[Number] = input_set("numbers to square")

    class Outputs:
        """Squares."""

        squares: Output[Number] = output_set("their squares")

    class Parameters(ProtocolParameters):
        """How long it takes."""

        seconds: float = parameter(0.0, label="Seconds", help="How long each takes.")
        write: bool = parameter(True, label="Write", help="Write each to a file.")

    def process(self, number: Number, /, parameters: Any, workspace: Workspace) -> Number:
        """Square it."""
        if number.value < 0:
            raise InputError(f"{workspace.label} is negative; give a number that is not.")
        if parameters.seconds:
            time.sleep(parameters.seconds)
        name = ""
        if parameters.write:
            stored = workspace.file("squares", ".txt")
            temporary = stored.path.with_name(f".{stored.path.name}.tmp")
            temporary.write_text(repr(number.value**2), encoding="utf-8")
            temporary.replace(stored.path)
            name = stored.name
        return Number(id=number.id, parent_id=number.id, value=number.value**2, file=name)


class Split(MapProtocol):
    """Split a number into as many ones as it counts."""

    id = "test-split"

    class Inputs:
        """Numbers."""

        numbers: Input[Number] = input_set("numbers to split")

    class Outputs:
        """Ones."""

        ones: Output[Number] = output_set("as many ones")

    def process(self, number: Number, /, parameters: Any, workspace: Workspace) -> Sequence[Number]:
        """Split it."""
        return [
            Number(id=child_id(number.id, f"one {index}"), parent_id=number.id, value=1.0)
            for index in range(int(number.value))
        ]


class Describe(MapProtocol):
    """Join a number with its square and its ones."""

    id = "test-describe"

    class Inputs:
        """What belongs together."""

        numbers: Input[Number] = input_set("numbers")
        squares: Input[Number] = input_set("their squares")
        ones: Input[Number] = input_set("their ones", grouped_by="parent_id", optional=True)

    class Outputs:
        """Descriptions."""

        descriptions: Output[Number] = output_set("number + square + count of ones")

    def process(
        self, number: Number, /, parameters: Any, workspace: Workspace, *, squares: Number, ones: Sequence[Number] = ()
    ) -> Number:
        """Add them up."""
        return Number(id=number.id, parent_id=number.id, value=number.value + squares.value + len(ones))


class Offset(MapProtocol):
    """Add the sum of a whole set to each number."""

    id = "test-offset"

    class Inputs:
        """Numbers, and what is added to all of them."""

        numbers: Input[Number] = input_set("numbers")
        offsets: Input[Number] = input_set("what is added", shared=True)

    class Outputs:
        """Sums."""

        sums: Output[Number] = output_set("number + sum of all offsets")

    def process(self, number: Number, /, parameters: Any, workspace: Workspace, *, offsets: Sequence[Number]) -> Number:
        """Add them up."""
        total = number.value + sum(offset.value for offset in offsets)
        return Number(id=number.id, parent_id=number.id, value=total)


class SubtractZero(MapProtocol):
    """Subtract the zero of a session, which numbers from 100 on tell: of 703 it is 700. Negative numbers fail."""

    id = "test-zero"
    prepares_from = 3

    class Inputs:
        """Numbers."""

        numbers: Input[Number] = input_set("numbers")

    class Outputs:
        """Differences."""

        differences: Output[Number] = output_set("number - zero")

    def preparation(self, number: Number, parameters: Any) -> str:
        """Every number has the same zero."""
        return "zero"

    def prepare(
        self, numbers: Sequence[Number], parameters: Any, workspace: Workspace, *, more_may_come: bool
    ) -> Mapping[str, Any] | None:
        """Find the zero."""
        good = [number.value for number in numbers if number.value >= 0]
        zeros = {value - value % 100 for value in good} - {0}
        if len(zeros) == 1:
            return {"zero": zeros.pop()}
        if more_may_come or not good:
            return None
        raise InputError(f"{len(zeros)} zeros are possible; give numbers that tell one.")

    def process(self, number: Number, /, parameters: Any, workspace: Workspace) -> Number:
        """Subtract it."""
        if number.value < 0:
            raise InputError(f"{workspace.label} is negative; give a number that is not.")
        return Number(id=number.id, parent_id=number.id, value=number.value - workspace.prepared["zero"])


class Keep(TableProtocol):
    """Keep numbers of at least a threshold."""

    id = "test-keep"

    class Inputs:
        """Numbers."""

        numbers: Input[Number] = input_set("numbers")

    class Outputs:
        """Those kept."""

        kept: Output[Number] = output_set("numbers that are large enough")

    class Parameters(ProtocolParameters):
        """The rule."""

        at_least: float = parameter(0.0, label="At least")

    def transform(
        self, tables: Mapping[str, Table], parameters: Any, resolve: Callable[[str], Path]
    ) -> Mapping[str, Table]:
        """Apply the threshold."""
        table = tables["numbers"]
        return {"kept": table.with_frame(table.frame.filter(table.frame["value"] >= parameters.at_least))}


class Choose(DecideProtocol):
    """Let a person choose the threshold."""

    id = "test-choose"

    class Inputs:
        """Numbers."""

        numbers: Input[Number] = input_set("numbers")

    class Outputs:
        """Those chosen."""

        chosen: Output[Number] = output_set("numbers that are large enough")

    class Decision(ProtocolParameters):
        """A threshold."""

        at_least: float = parameter(label="At least")

    def apply(self, tables: Mapping[str, Table], parameters: Any, decision: Any) -> Mapping[str, Table]:
        """Apply the threshold."""
        table = tables["numbers"]
        return {"chosen": table.with_frame(table.frame.filter(table.frame["value"] >= decision.at_least))}


class ChooseMembers(Choose):
    """Let a person choose the threshold, and keep which numbers it chose."""

    id = "test-choose-members"

    class Parameters(ProtocolParameters):
        """Whether these stay."""

        as_decided: bool = parameter(False, label="As decided", help="Choose no others, whatever comes.")

    def members(self, tables: Mapping[str, Table], parameters: Any, decision: Any) -> pl.DataFrame | None:
        """Their ids, once there are numbers."""
        return self.apply(tables, parameters, decision)["chosen"].frame.select("id") if len(tables["numbers"]) else None

    def keeps_to_members(self, parameters: Any) -> bool:
        """If that is wanted."""
        return bool(parameters.as_decided)

    def apply_to_members(
        self, tables: Mapping[str, Table], parameters: Any, members: pl.DataFrame
    ) -> Mapping[str, Table]:
        """Choose these."""
        table = tables["numbers"]
        return {"chosen": table.with_frame(table.frame.filter(table.frame["id"].is_in(members["id"].implode())))}


class IteratedMean(WholeProtocol):
    """Approach the mean of all numbers in steps, with a checkpoint after each."""

    id = "test-mean"

    class Inputs:
        """Numbers."""

        numbers: Input[Number] = input_set("numbers")

    class Outputs:
        """One mean."""

        means: Output[Batch] = output_set("the mean")

    class Parameters(ProtocolParameters):
        """How it is approached."""

        iterations: int = parameter(10, label="Iterations", ge=1)
        seconds: float = parameter(0.0, label="Seconds", help="How long an iteration takes.")

    def predict(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, capacity: Capacity) -> Prediction | None:
        """By the number of iterations, and a gigabyte for each number."""
        advice = ["Fewer iterations take less time."]
        return Prediction(parameters.iterations * parameters.seconds, inputs["numbers"].count * 2**30, advice)

    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        """Go half of the way to the mean in each iteration."""
        values = inputs["numbers"].to_polars(columns=["id", "value"]).sort("id")["value"].to_list()
        mean = sum(values) / len(values)
        first, estimate = 0, 0.0
        checkpoints = workspace.checkpoints()
        if checkpoints:
            first, estimate = json.loads(checkpoints[-1].read_text(encoding="utf-8"))
        for iteration in range(first, parameters.iterations):
            if parameters.seconds:
                time.sleep(parameters.seconds)
            estimate += 0.5 * (mean - estimate)
            workspace.save_checkpoint(iteration + 1, json.dumps([iteration + 1, estimate]).encode())
            workspace.report((iteration + 1) / parameters.iterations, f"iteration {iteration + 1}")
        return {"means": [Batch(id=1, mean=estimate, count=len(values))]}


class MeanOfTheFirst(WholeProtocol):
    """Take the mean of the first numbers."""

    id = "test-first"

    class Inputs:
        """Numbers."""

        numbers: Input[Number] = input_set("numbers")

    class Outputs:
        """One mean."""

        means: Output[Batch] = output_set("the mean")

    class Parameters(ProtocolParameters):
        """How many are enough."""

        enough: int = parameter(3, label="Enough", ge=1)

    def sample_size(self, parameters: Any) -> int | None:
        """So many are enough."""
        enough: int = parameters.enough
        return enough

    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        """Take the mean."""
        values = inputs["numbers"].to_polars(columns=["id", "value"]).sort("id")["value"].to_list()
        first = values[: parameters.enough]
        return {"means": [Batch(id=1, mean=sum(first) / len(first), count=len(first))]}

    def summary(self, outputs: Mapping[str, Snapshot[Any]], parameters: Any) -> str:
        """The mean, in words."""
        return f"mean {outputs['means'].to_polars()['mean'][0]:g}"
