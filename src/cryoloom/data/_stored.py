"""Reading a set: consistent generations, and what has changed between them. Importing this does not import Polars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, cast

from cryoloom.data._columns import Schema
from cryoloom.data._item import ItemType, item_kind
from cryoloom.data._manifest import Manifest, read_manifest
from cryoloom.data._optics import OpticsGroup
from cryoloom.data._publication import newest_generation
from cryoloom.errors import NotFoundError, ParameterError

if TYPE_CHECKING:
    import polars as pl

    from cryoloom.data._table import Table


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of a set between two generations, each id once.

    Parameters
    ----------
    upserted : rows that were added or replaced, as they are at ``to_generation``
    withdrawn : ids that were withdrawn, also of items that came only after ``from_generation``
    from_generation : None for everything since the beginning
    to_generation : of the snapshot that was asked
    """

    upserted: pl.DataFrame
    withdrawn: list[int]
    from_generation: int | None
    to_generation: int


class Snapshot(Generic[ItemType]):
    """One generation of a set. It never changes; its files stay for an hour after the next one, or while it is pinned.

    Parameters
    ----------
    folder : of the set
    manifest : of the generation
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self._manifest = manifest

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open"
        return f"<{self.count} {self.kind}, generation {self.generation}, {state}, in {self.folder}>"

    def __len__(self) -> int:
        return self.count

    @property
    def generation(self) -> int:
        """Counted from 1."""
        return self._manifest.generation

    @property
    def closed(self) -> bool:
        """Whether the producer has said that nothing more will come."""
        return self._manifest.closed

    @property
    def count(self) -> int:
        """How many items it holds."""
        return self._manifest.count

    @property
    def kind(self) -> str:
        """The kind of its items."""
        return self._manifest.kind

    @property
    def schema(self) -> Schema:
        """Its columns, with types, units and meanings."""
        return self._manifest.schema

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""
        return self._manifest.schema.names

    @property
    def optics_groups(self) -> Mapping[int, OpticsGroup]:
        """Its optics groups by identity."""
        return self._manifest.optics_groups

    @property
    def note(self) -> Mapping[str, Any]:
        """What the commit that made this generation said about itself."""
        return self._manifest.note

    @property
    def files(self) -> tuple[Path, ...]:
        """The Parquet files that hold its rows, oldest first; at most 64."""
        return tuple(self.folder / part.file for part in self._manifest.parts)

    def scan(self) -> pl.LazyFrame:
        """All rows, lazily; columns and filters that are put on it are pushed down to the files."""
        from cryoloom.data._parts import scan_live

        with self._reading():
            return scan_live(self.folder, self._manifest.parts, self.schema)

    def to_polars(
        self,
        columns: Iterable[str] | None = None,
        filter: pl.Expr | str | None = None,  # noqa: A002  # the word of Polars
    ) -> pl.DataFrame:
        """Rows as a frame, in the order in which they were committed last.

        Parameters
        ----------
        columns : names; all if not given
        filter : what is true for the rows to keep: a Polars expression, or a text as `parse_condition` takes

        Raises
        ------
        NotFoundError
            If it has no such column, or if its files were swept because the set has moved on.
        """
        if isinstance(filter, str):
            from cryoloom.data._expression import parse_condition

            filter = parse_condition(filter, self.schema).polars  # noqa: A001  # the parameter, parsed
        frame = self.scan() if filter is None else self.scan().filter(filter)
        if columns is not None:
            names = list(columns)
            unknown = [name for name in names if name not in self.schema]
            if unknown:
                raise NotFoundError(
                    f"The {self.kind} in {self.folder} have no column {', '.join(unknown)}; "
                    f"there are {', '.join(self.columns)}."
                )
            frame = frame.select(names)
        with self._reading():
            return frame.collect()

    def table(self) -> Table:
        """All rows in memory, with what is known of their columns and optics: what set operations take."""
        from cryoloom.data._table import Table

        return Table(self.to_polars(), self.schema, self.optics_groups)

    def declared_table(self) -> Table:
        """As `table`, with every column that the kind declares, also those of which no item has a value."""
        import polars as pl

        from cryoloom.data._frames import polars_schema

        table = self.table()
        declared = item_kind(self.kind).schema()
        absent = {name: dtype for name, dtype in polars_schema(declared).items() if name not in table.frame.columns}
        frame = table.frame.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in absent.items())
        return table.with_frame(frame, *(declared[name] for name in absent))

    def rows_from(self, offset: int, limit: int) -> pl.DataFrame:
        """Some of its rows, in the order in which they were committed last."""
        with self._reading():
            return self.scan().slice(offset, limit).collect().select(self.columns)

    def rows(self, ids: Iterable[int] | pl.Series) -> pl.DataFrame:
        """The rows of some items; ids that it does not hold are passed over."""
        import polars as pl

        wanted = ids if isinstance(ids, pl.Series) else pl.Series("id", list(ids), pl.UInt64)
        return self.to_polars(filter=pl.col("id").is_in(wanted.implode()))

    def items(self) -> Iterator[ItemType]:
        """Its items, one after the other; the memory needed does not grow with their number."""
        from cryoloom.data._parts import scan_live_by_part

        with self._reading():
            scans = scan_live_by_part(self.folder, self._manifest.parts, self.schema)
        for scan in scans:
            with self._reading():
                rows = scan.collect()
            yield from self.items_of(rows)

    def items_of(self, rows: pl.DataFrame) -> Iterator[ItemType]:
        """The items that some of its rows hold, with their optics groups."""
        kind = cast("type[ItemType]", item_kind(self.kind))
        groups = self.optics_groups
        for row in rows.iter_rows(named=True):
            yield kind.from_row(row, groups.get(row.get("optics_group") or 0))

    def item(self, id: int) -> ItemType:  # noqa: A002  # the name of the column
        """One item.

        Raises
        ------
        NotFoundError
            If it does not hold it.
        """
        for found in self.items_of(self.rows([id])):
            return found
        raise NotFoundError(
            f"There is no item {id} among the {self.kind} in {self.folder} at generation {self.generation}."
        )

    def changes_since(self, generation: int | None) -> Changes:
        """What has changed since another generation; reads only the parts in which something has.

        Parameters
        ----------
        generation : older than this one, or the same; None for everything

        Raises
        ------
        ParameterError
            If it is newer than this one.
        """
        from cryoloom.data._parts import scan_changes

        if generation is not None and generation > self.generation:
            raise ParameterError(f"Generation {generation} of {self.folder} is newer than {self.generation}.")
        if generation is None:
            return Changes(self.to_polars(), [], None, self.generation)
        with self._reading():
            upserted, withdrawn = scan_changes(self.folder, self._manifest.parts, self.schema, generation)
            return Changes(upserted.collect(), withdrawn.collect()["id"].to_list(), generation, self.generation)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        import polars as pl

        from cryoloom.data._parts import reading

        try:
            with reading(self.folder):
                yield
        except FileNotFoundError as error:
            raise NotFoundError(
                f"Generation {self.generation} of {self.folder} was swept; read the newest one.", path=self.folder
            ) from error
        except pl.exceptions.ColumnNotFoundError as error:
            raise NotFoundError(f"The {self.kind} in {self.folder} lack a column: {error}", path=self.folder) from error


class StoredSet(Generic[ItemType]):
    """A set on disk, to be read. Cheap to make; keeps nothing open.

    Parameters
    ----------
    folder : of the set; it need not be there yet
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)

    def newest_generation(self) -> int | None:
        """The newest generation, None if there is none yet; a few system calls."""
        return newest_generation(self.folder)

    def latest(self) -> Snapshot[ItemType] | None:
        """The newest generation; None if there is none yet."""
        generation = self.newest_generation()
        return None if generation is None else self.at(generation)

    def at(self, generation: int) -> Snapshot[ItemType]:
        """A generation.

        Raises
        ------
        NotFoundError
            If there is none such, or it was swept.
        """
        try:
            return Snapshot(self.folder, read_manifest(self.folder, generation))
        except FileNotFoundError as error:
            raise NotFoundError(f"There is no generation {generation} in {self.folder}.", path=self.folder) from error
