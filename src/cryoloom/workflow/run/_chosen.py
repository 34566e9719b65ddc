"""What a decision chose of the round that a person looked at: kept beside the decision, whatever newer rounds bring."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.durable import AtomicFile

if TYPE_CHECKING:
    import polars as pl

    from cryoloom.workflow.run._folder import RunFolder

FIRST = "first"  # name of the decision that holds until a person decides


class ChosenMembers:
    """``decisions/<ulid>.parquet``: the members that a decision chose, written once, by the driver of the run.

    Parameters
    ----------
    folder : of the run
    decision : ULID of the request by which a person decided, or `FIRST`
    """

    def __init__(self, folder: RunFolder, decision: str) -> None:
        self.path: Path = folder.decisions / f"{decision}.parquet"

    def exist(self) -> bool:
        """Whether they are kept."""
        return self.path.exists()

    def read(self) -> pl.DataFrame:
        """Column ``id`` and those that the protocol put beside it."""
        import polars as pl

        return pl.read_parquet(self.path)

    def keep(self, members: pl.DataFrame) -> None:
        """Keep them; the file appears whole or not at all."""
        self.path.parent.mkdir(exist_ok=True)
        with AtomicFile(self.path) as file:
            members.write_parquet(file.file)
