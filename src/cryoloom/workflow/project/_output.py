"""An output of a run, as people and programs use it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cryoloom.data import Item, Snapshot, StoredSet
from cryoloom.errors import NotFoundError
from cryoloom.workflow.run import OutputReference

if TYPE_CHECKING:
    from cryoloom.workflow.project._run import Run


class Output:
    """One output of a run: a set that may still be growing.

    Parameters
    ----------
    run : that makes it
    name : of the output
    """

    def __init__(self, run: Run, name: str) -> None:
        self.run = run
        self.name = name
        self._stored: StoredSet[Item] = StoredSet(run.folder.outputs / name)

    def __repr__(self) -> str:
        return f"<output {self}>"

    def __str__(self) -> str:
        """What people call it: ``3.micrographs``."""
        return f"{self.run.number}.{self.name}"

    @property
    def kind(self) -> str:
        """Kind of its items."""
        return self.run.record.output_kinds[self.name]

    @property
    def reference(self) -> OutputReference:
        """How another run's record names it."""
        return OutputReference(run=self.run.ulid, output=self.name)

    def as_document(self) -> dict[str, Any]:
        """What lists of outputs say of it: how much it holds, of which generation, and whether more may come."""
        known = {"kind": self.kind, "count": 0, "generation": 0, "closed": False}
        snapshot = self._stored.latest()
        if snapshot is not None:
            known |= {"count": snapshot.count, "generation": snapshot.generation, "closed": snapshot.closed}
        return known

    def latest(self) -> Snapshot[Item]:
        """The newest generation.

        Raises
        ------
        NotFoundError
            If nothing has been committed yet.
        """
        snapshot = self._stored.latest()
        if snapshot is None:
            raise NotFoundError(f"Run {self.run.number} has made no {self.name} yet.", path=self._stored.folder)
        return snapshot

    def at(self, generation: int) -> Snapshot[Item]:
        """A former generation, if it is still kept."""
        return self._stored.at(generation)

    def to_polars(self, columns: Sequence[str] | None = None) -> Any:
        """The newest generation as a Polars frame."""
        return self.latest().to_polars(columns=columns)

    def __len__(self) -> int:
        return self.latest().count

    def __iter__(self) -> Iterator[Item]:
        self.run.project.environment.know_kind(self.kind)
        return self.latest().items()
