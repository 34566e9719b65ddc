"""The output sets of a run, committed together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cryoloom.data import Column, Item, OpticsGroup, SetWriter, Snapshot, StoredSet
from cryoloom.workflow.driver._attempt import Attempt
from cryoloom.workflow.driver._sweeping import Sweeping

if TYPE_CHECKING:
    import polars as pl

    from cryoloom.data import Table


class OutputSets:
    """Writers of every declared output; each set exists, empty and open, from the start of the first attempt."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._writers: dict[str, SetWriter] = {}
        for port in attempt.protocol.output_ports():
            writer = SetWriter.open(attempt.folder.outputs / port.name, kind=attempt.record.output_kinds[port.name])
            if writer.generation is None:
                writer.commit()
            elif writer.closed:
                writer.commit(reopen=True)
            self._writers[port.name] = writer
        self.sweeping = Sweeping(attempt)
        self.sweeping.watch(*self._writers.values())

    @property
    def names(self) -> list[str]:
        """Names of the outputs."""
        return list(self._writers)

    def writer(self, name: str) -> SetWriter:
        """The writer of one output."""
        return self._writers[name]

    def counts(self) -> dict[str, int]:
        """Name → number of items."""
        return {name: writer.count for name, writer in self._writers.items()}

    def hold(self, key: int, children: Callable[[str, int], Sequence[int]]) -> bool:
        """Whether everything that a leading item is said to have given is there."""
        for name in self._writers:
            wanted = list(children(name, key))
            if wanted and self._snapshot(name).rows(wanted).height != len(wanted):
                return False
        return True

    def _snapshot(self, name: str) -> Snapshot[Item]:
        generation = self._writers[name].generation
        assert generation is not None, "an output is committed once when it is opened"  # noqa: S101
        stored: StoredSet[Item] = StoredSet(self._writers[name].folder)
        return stored.at(generation)

    def commit(
        self,
        rows: Mapping[str, Sequence[Mapping[str, Any]] | pl.DataFrame],
        withdrawn: Mapping[str, Sequence[int]],
        optics_groups: Sequence[OpticsGroup] = (),
        describing: Sequence[Column] = (),
    ) -> None:
        """Add or replace rows, and withdraw ids, in every output that this touches.

        Parameters
        ----------
        rows, withdrawn : by output
        optics_groups : those the rows refer to
        describing : columns that a kind may not declare
        """
        for name, writer in self._writers.items():
            upsert = rows.get(name, ())
            gone = withdrawn.get(name, ())
            if len(upsert) or len(gone):
                self._attempt.check_superseded()
                writer.commit(upsert=upsert, withdraw=gone, optics_groups=optics_groups, describing=describing)
        self.sweeping.sweep_if_due()

    def ids(self, name: str) -> set[int]:
        """Ids in one output."""
        snapshot = self._snapshot(name)
        return set(snapshot.to_polars(columns=["id"])["id"]) if snapshot.count else set()

    def rows(self, name: str) -> pl.DataFrame:
        """Every row of one output."""
        return self._snapshot(name).to_polars()

    def replace_all(self, made: Mapping[str, Table]) -> None:
        """Make every output hold exactly these rows, by committing the difference from what it holds."""
        for name, writer in self._writers.items():
            table = made[name]
            snapshot = self._snapshot(name)
            empty = [
                column.name for column in table.frame if column.null_count() == len(column) and column.name != "id"
            ]
            wanted = table.frame.drop(name for name in empty if name not in snapshot.columns)
            changed, gone = _difference(snapshot.to_polars() if snapshot.count else None, wanted)
            new_groups = [
                group for group in table.optics_groups.values() if snapshot.optics_groups.get(group.id) != group
            ]
            if changed.height or gone or new_groups:
                self._attempt.check_superseded()
                upsert = replace(table, frame=changed) if changed.height else ()
                writer.commit(upsert=upsert, withdraw=gone, optics_groups=new_groups)
        self.sweeping.sweep_if_due()

    def withdraw(self, withdrawn: Mapping[str, Sequence[int]]) -> None:
        """Withdraw ids."""
        self.commit({}, withdrawn)

    def close(self) -> None:
        """Say that nothing more will come."""
        self._attempt.check_superseded()
        for writer in self._writers.values():
            if not writer.closed:
                writer.commit(close=True)


def _difference(former: pl.DataFrame | None, wanted: pl.DataFrame) -> tuple[pl.DataFrame, list[int]]:
    """Rows of ``wanted`` that are new or differ, and ids of ``former`` that are not wanted."""
    import polars as pl

    if former is None or former.height == 0:
        return wanted, []
    if wanted.height == 0:
        return wanted, former["id"].to_list()
    gone = former.join(wanted, on="id", how="anti")["id"].to_list()
    if set(wanted.columns) - set(former.columns):
        return wanted, gone
    aligned = former.select(pl.col(name).cast(dtype) for name, dtype in wanted.schema.items())
    held = aligned.join(wanted.select("id"), on="id", how="right", maintain_order="right").select(wanted.columns)
    differs = pl.any_horizontal(wanted[name].ne_missing(held[name]) for name in wanted.columns)
    return wanted.filter(differs), gone
