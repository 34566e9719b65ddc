"""The folder of one round of a Whole protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cryoloom.data import Item, OpticsGroup
from cryoloom.durable import create_json, read_json
from cryoloom.workflow.driver._items import FailedItem
from cryoloom.workflow.run import FORMAT_VERSION, now

if TYPE_CHECKING:
    from cryoloom.data import Table
    from cryoloom.workflow.driver._inputs import FollowedInput


class RoundFolder:
    """What a round read, how far it is, and what it gave.

    Parameters
    ----------
    path : ``rounds/0003``
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._inputs: dict[str, Any] = read_json(path / "inputs.json")

    @classmethod
    def all(cls, folder: Path) -> list[Self]:
        """Every round that was begun, in order."""
        return [cls(path.parent) for path in sorted(folder.glob("[0-9]*/inputs.json"))]

    @classmethod
    def begin(cls, folder: Path, inputs: Sequence[FollowedInput], previous: Self | None) -> Self:
        """Pin the newest generations of the inputs for a new round."""
        path = folder / f"{1 if previous is None else previous.number + 1:04d}"
        path.mkdir(exist_ok=True)
        document = {
            "format_version": FORMAT_VERSION,
            "begun": now(),
            "inputs": {
                followed.port.name: {
                    "set": str(followed.stored.folder.relative_to(folder.parent.parent.parent)),
                    "generation": followed.snapshot.generation,
                    "count": followed.snapshot.count,
                    "closed": followed.snapshot.closed,
                }
                for followed in inputs
                if followed.snapshot is not None
            },
        }
        create_json(path / "inputs.json", document)
        return cls(path)

    @property
    def number(self) -> int:
        """Counted from 1."""
        return int(self.path.name)

    def generations(self) -> dict[str, int]:
        """Name of an input → pinned generation."""
        return {name: int(entry["generation"]) for name, entry in self._inputs["inputs"].items()}

    def counts(self) -> dict[str, int]:
        """Name of an input → number of items."""
        return {name: int(entry["count"]) for name, entry in self._inputs["inputs"].items()}

    def leading_count(self) -> int:
        """Number of items of the leading input."""
        return next(iter(self.counts().values()), 0)

    def covers(self, inputs: Sequence[FollowedInput]) -> bool:
        """Whether nothing but the closing of an input happened since it was pinned."""
        pinned = self.generations()
        for followed in inputs:
            if followed.snapshot is None:
                continue
            generation = pinned.get(followed.port.name)
            if generation is None:
                return False
            changes = followed.snapshot.changes_since(generation)
            if changes.upserted.height or changes.withdrawn:
                return False
        return self.is_computed()

    def is_computed(self) -> bool:
        """Whether its result is complete."""
        return (self.path / "result.json").exists()

    def progress(self) -> tuple[float, str]:
        """Fraction done, and a message, as the protocol reports them."""
        try:
            fraction, _, message = (self.path / "progress.txt").read_text(encoding="utf-8").partition("\n")
        except FileNotFoundError:
            return 0.0, ""
        return float(fraction), message.strip()

    def store_result(
        self,
        made: Mapping[str, Table | Iterable[Item]],
        kinds: Mapping[str, str],
        *,
        left_out: Sequence[tuple[int, str, str]] = (),
    ) -> None:
        """Write the tables of the result, then the file that says that they are complete.

        Parameters
        ----------
        made : name of an output → its items
        kinds : name of an output → their kind
        left_out : id, label and reason of items that took no part
        """
        optics: dict[str, list[dict[str, Any]]] = {}
        for name, kind in kinds.items():
            table = as_table(made[name], kind)
            optics[name] = [group.to_json() for group in table.optics_groups.values()]
            target = self.path / f"result-{name}.parquet"
            temporary = target.with_suffix(".tmp")
            table.frame.write_parquet(temporary)
            temporary.replace(target)
        if not self.is_computed():
            document = {
                "format_version": FORMAT_VERSION,
                "computed": now(),
                "optics_groups": optics,
                "left_out": [list(each) for each in left_out],
            }
            create_json(self.path / "result.json", document)

    def left_out(self) -> list[FailedItem]:
        """Items that took no part."""
        listed = read_json(self.path / "result.json").get("left_out", ())
        return [FailedItem(id=int(key), label=str(label), reason=str(reason)) for key, label, reason in listed]

    def result(self, kinds: Mapping[str, str]) -> dict[str, Table]:
        """Name of an output → its table."""
        import polars as pl

        from cryoloom.data import Table

        optics = read_json(self.path / "result.json")["optics_groups"]
        tables = {}
        for name, kind in kinds.items():
            table = Table.of(pl.read_parquet(self.path / f"result-{name}.parquet"), kind)
            groups = map(OpticsGroup.from_json, optics.get(name, []))
            tables[name] = replace(table, optics_groups={group.id: group for group in groups})
        return tables


def as_table(made: Table | Iterable[Item], kind: str) -> Table:
    """Items as a table of their kind."""
    from cryoloom.data import Table

    return made if isinstance(made, Table) else Table.of(made, kind)
