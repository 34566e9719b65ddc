"""Writing a set: commits that are seen whole or not at all, by one writer."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import polars as pl

from cryoloom.data._columns import Column, Schema
from cryoloom.data._compaction import parts_to_keep
from cryoloom.data._frames import Rows, fitted, frame_of
from cryoloom.data._identity_set import IdentitySet, Ids, are_unique
from cryoloom.data._item import item_kind
from cryoloom.data._manifest import FORMAT_VERSION, Manifest, Part, manifest_name, read_manifest
from cryoloom.data._optics import OpticsGroup
from cryoloom.data._parts import LARGE, SMALL, WITHDRAWN, events, known_ids, merge, read_part, write_merged, write_part
from cryoloom.data._publication import newest_generation, publish, void_claims, write_hint
from cryoloom.data._sweep import sweep_set
from cryoloom.data._table import Table, attached_optics
from cryoloom.errors import FormatError, ParameterError, ProjectError, ReadOnlyError, SupersededError


class SetWriter:
    """The one writer of a set.

    Parameters
    ----------
    folder : of the set
    manifest : what is there, or generation 0 of a new set
    declared : columns whose types are fixed
    """

    def __init__(self, folder: Path, manifest: Manifest, declared: Schema) -> None:
        self.folder = folder
        self._manifest = manifest
        self._declared = declared
        self._superseded = False
        self._recent: dict[str, pl.DataFrame] = {}
        self._known: tuple[IdentitySet, IdentitySet] | None = None

    @classmethod
    def open(cls, folder: Path | str, kind: str, schema: Schema | None = None) -> Self:
        """Begin a set, or go on with the newest generation of one.

        Nothing is written before the first commit.

        Parameters
        ----------
        folder : of the set; made if it is not there
        kind : of its items
        schema : declared columns, if the kind's own will not do

        Raises
        ------
        ReadOnlyError
            If a newer cryoloom has written it.
        ParameterError
            If it holds another kind of items.
        """
        folder = Path(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            void_claims(folder)
        except OSError as error:
            raise _explained(error, folder) from error
        generation = newest_generation(folder)
        declared = schema or item_kind(kind).schema()
        if generation is None:
            return cls(folder, Manifest(generation=0, schema=Schema(kind, declared.version, ())), declared)
        manifest = read_manifest(folder, generation)
        if manifest.format_version > FORMAT_VERSION:
            raise ReadOnlyError(f"{folder} was written by a newer cryoloom; it can be read, not changed.", path=folder)
        if manifest.kind != kind:
            raise ParameterError(f"{folder} holds {manifest.kind}, not {kind}.")
        write_hint(folder, generation)
        return cls(folder, manifest, declared)

    @property
    def generation(self) -> int | None:
        """The newest generation; None before the first commit."""
        return self._manifest.generation or None

    @property
    def closed(self) -> bool:
        """Whether the set was said to be complete."""
        return self._manifest.closed

    @property
    def count(self) -> int:
        """How many items it holds."""
        return self._manifest.count

    def commit(
        self,
        upsert: Table | Rows = (),
        withdraw: Iterable[int] = (),
        optics_groups: Iterable[OpticsGroup] = (),
        *,
        close: bool = False,
        reopen: bool = False,
        note: Mapping[str, Any] | None = None,
        describing: Iterable[Column] = (),
    ) -> int:
        """Add, replace and withdraw items, in one generation that appears whole or not at all.

        Costs O(rows of the commit), and amortised O(log) rewrites of each row when parts are merged.

        Parameters
        ----------
        upsert : a table, a frame, items, or rows by column name; a row takes the place of the row of the same id
        withdraw : ids; those that the set does not hold are passed over
        optics_groups : to add, or to put in the place of those of the same id; those attached to items come by
            themselves
        close : say that nothing more will come
        reopen : allow changes although the set was closed
        note : anything that JSON can hold, kept with this generation
        describing : types, units and meanings of columns that the kind does not declare; those without a value are
            passed over

        Returns
        -------
        The new generation; the present one, if there was nothing to do.

        Raises
        ------
        SupersededError
            If another writer has committed since this one began.
        FormatError
            If a value does not fit its column.
        ParameterError
            If an id comes twice, or both as a row and as a withdrawal.
        ProjectError
            If the set is closed, or the disk is full or not writable. The set stays as it was.
        """
        self._refuse_if_superseded()
        before = self._manifest
        table = self._fit(upsert, describing)
        rows, schema = table.frame, table.schema
        groups = {**before.optics_groups, **table.optics_groups, **{group.id: group for group in optics_groups}}
        removed = self._present(withdraw)
        _check_ids(rows["id"], removed)
        closed = close or (before.closed and not reopen)
        changed = rows.height > 0 or removed.len() > 0
        if not changed and before.generation and (closed, groups) == (before.closed, before.optics_groups) and not note:
            return before.generation
        if before.closed and not reopen and changed:
            raise ProjectError(f"{self.folder} is closed; reopen it to change it.", path=self.folder)
        generation = before.generation + 1
        written = None
        try:
            written = self._write(rows, removed, schema, generation) if changed else None
            manifest = replace(
                before,
                generation=generation,
                schema=schema,
                count=before.count + (len(written.came) - len(written.removed) if written else 0),
                closed=closed,
                parts=written.parts if written else before.parts,
                optics_groups=groups,
                note=dict(note or {}),
            )
            new_part = self.folder / written.parts[-1].file if written else None
            self._superseded = not publish(self.folder, generation, manifest.to_bytes(), new_part)
        except SupersededError:
            self._superseded = True
            self._discard(written)
            raise
        except OSError as error:
            if not (self.folder / manifest_name(generation)).exists():
                self._discard(written)
            raise _explained(error, self.folder) from error
        self._refuse_if_superseded()
        self._manifest = manifest
        if written:
            self._remember(written)
        return generation

    def sweep(self, pinned_generations: Callable[[], set[int]] = set) -> int:
        """Delete what no reader can need: parts that were merged away, and old manifests, an hour after.

        Costs a listing of the folder; deletes at most 1000 files a call, so it wants to be called now and then.

        Parameters
        ----------
        pinned_generations : asked once; the generations that somebody still reads

        Returns
        -------
        Bytes that were freed.
        """
        return sweep_set(self.folder, pinned_generations())

    def _fit(self, upsert: Table | Rows, describing: Iterable[Column]) -> Table:
        """The rows of a commit with the set's types, the columns of the set with them, and their optics groups."""
        if not isinstance(upsert, Table | pl.DataFrame):
            upsert = cast("Rows", list(upsert))
        told = (*(upsert.schema if isinstance(upsert, Table) else ()), *describing)
        expected = self._declared.with_columns(*self._manifest.schema)
        expected = expected.with_columns(*(column for column in told if column.name not in expected))
        declared = frozenset(self._declared.names)
        given = upsert.frame if isinstance(upsert, Table) else frame_of(upsert, expected, declared)
        frame, wider = fitted(given, expected, declared)
        if frame.height and "id" not in frame.columns:
            raise FormatError(f"The rows for {self.folder} have no column 'id'.")
        if not frame.height:
            frame = pl.DataFrame(schema={"id": pl.UInt64})
        if "parent_id" not in frame.columns:
            frame = frame.with_columns(pl.lit(0, pl.UInt64).alias("parent_id"))
        held = {"id", "parent_id", *self._manifest.schema.names, *frame.columns}
        schema = replace(wider, kind=self._manifest.kind, columns=tuple(c for c in wider if c.name in held))
        return Table(frame, schema, upsert.optics_groups if isinstance(upsert, Table) else attached_optics(upsert))

    def _present(self, withdraw: Iterable[int]) -> pl.Series:
        """The ids that are withdrawn and that the set holds."""
        asked = pl.Series("id", list(dict.fromkeys(withdraw)), pl.UInt64)
        if asked.is_empty():
            return asked
        live, _ = self._identities()
        return asked.filter(pl.Series(live.contains(asked.to_numpy())))

    def _write(self, rows: pl.DataFrame, removed: pl.Series, schema: Schema, generation: int) -> _Written:
        """Write the part of a commit, merged with the parts that it shall replace."""
        before = self._manifest
        live, withdrawn = self._identities()
        ids = rows["id"].to_numpy()
        replaced, returning = live.contains(ids), withdrawn.contains(ids)
        overlaps = int(np.count_nonzero(replaced | returning)) + removed.len()
        added = rows.height + removed.len()
        needed = len(live) + len(withdrawn) + added - overlaps
        stored = sum(part.rows for part in before.parts) + added
        retyped = any(column.dtype != schema[column.name].dtype for column in before.schema)
        kept = 0 if retyped or stored >= 2 * needed else parts_to_keep([part.rows for part in before.parts], added)
        merged = before.parts[kept:] if needed > added else ()
        overlaps += sum(part.overlaps for part in merged)
        stamped = events(rows, removed, generation)
        large = added + sum(part.rows for part in merged) >= LARGE
        if merged and large and not overlaps and not retyped:
            frame = None
            file = write_merged(self.folder, merged, stamped, schema, generation)
            written_rows = added + sum(part.rows for part in merged)
            withdrawals = removed.len() + sum(part.withdrawals for part in merged)
        else:
            frames = [self._recent[p.file] if p.file in self._recent else read_part(self.folder, p) for p in merged]
            frame = merge([*frames, stamped], schema, overlapping=bool(merged) and overlaps > 0)
            file = write_part(self.folder, frame, generation)
            written_rows, withdrawals = frame.height, int(frame[WITHDRAWN].sum())
        part = Part(
            file=file,
            rows=written_rows,
            withdrawals=withdrawals,
            overlaps=overlaps if kept else 0,
            first_generation=merged[0].first_generation if merged else generation,
            last_generation=generation,
        )
        small = frame if frame is not None and frame.height <= SMALL else None
        return _Written((*before.parts[:kept], part), small, ids[~replaced], ids[returning], removed.to_numpy())

    def _refuse_if_superseded(self) -> None:
        if self._superseded:
            raise SupersededError(f"Another driver writes {self.folder}; this one stops.", path=self.folder)

    def _discard(self, written: _Written | None) -> None:
        """Delete the part of a commit that will not be published, above all when the disk is full."""
        if written is not None:
            (self.folder / written.parts[-1].file).unlink(missing_ok=True)

    def _identities(self) -> tuple[IdentitySet, IdentitySet]:
        """The ids that the set holds, and those that were withdrawn; read at the first commit."""
        if self._known is None:
            live, withdrawn = IdentitySet(), IdentitySet()
            held, gone = known_ids(self.folder, self._manifest.parts)
            live.add(held.to_numpy())
            withdrawn.add(gone.to_numpy())
            self._known = live, withdrawn
        return self._known

    def _remember(self, written: _Written) -> None:
        live, withdrawn = self._identities()
        withdrawn.remove(written.returned)
        live.add(written.came)
        live.remove(written.removed)
        withdrawn.add(written.removed)
        names = [part.file for part in written.parts]
        self._recent = {name: frame for name, frame in self._recent.items() if name in names}
        if written.small is not None:
            self._recent[names[-1]] = written.small


@dataclass(frozen=True, slots=True)
class _Written:
    """What a commit has written and not yet published.

    Parameters
    ----------
    parts : of the new generation
    small : content of the last of them, if it is small enough to be kept in memory
    came, returned, removed : ids that were not in the set before, those of them that had been withdrawn, and those
        that are withdrawn now
    """

    parts: tuple[Part, ...]
    small: pl.DataFrame | None
    came: Ids
    returned: Ids
    removed: Ids


def _check_ids(ids: pl.Series, removed: pl.Series) -> None:
    if ids.null_count() or (ids == 0).any():
        raise ParameterError("A row has no id; 0 and null are not identities.")
    if not are_unique(ids.to_numpy()):
        twice = ids.filter(ids.is_duplicated())[0]
        raise ParameterError(f"The id {twice} comes twice in one commit.")
    both = removed.filter(removed.is_in(ids.implode())) if removed.len() else removed
    if both.len():
        raise ParameterError(f"The id {both[0]} is both committed and withdrawn.")


def _explained(error: OSError, folder: Path) -> ProjectError:
    reasons = {
        errno.ENOSPC: "the disk is full; free some space and resume",
        errno.EDQUOT: "the disk quota is used up; free some space and resume",
        errno.EROFS: "the file system is read-only",
        errno.EACCES: "this user may not write there",
    }
    reason = reasons.get(error.errno or 0, str(error))
    return ProjectError(f"Nothing was committed to {folder}: {reason}.", path=folder)
