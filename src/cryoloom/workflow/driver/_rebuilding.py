"""Items whose files are gone: which they are, and whether what is made of them again is what it was."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoloom.data import Item, StoredSet
from cryoloom.workflow.cleaned import cleaning_records
from cryoloom.workflow.run import RequestKind, RunFolder

if TYPE_CHECKING:
    import polars as pl

    from cryoloom.data import Snapshot
    from cryoloom.workflow.driver._attempt import Attempt
    from cryoloom.workflow.driver._ledger import Ledger

_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class MissingFiles:
    """Files of a Map run that are gone.

    Parameters
    ----------
    items : id of a leading item → names of the files, below the project's folder, that were made of it and are gone
    seconds : that it took to make these items
    """

    items: Mapping[int, Sequence[str]]
    seconds: float

    @property
    def files(self) -> int:
        """How many are gone."""
        return sum(len(names) for names in self.items.values())


def missing_files(folder: RunFolder) -> MissingFiles:
    """Files that the rows of a run's outputs name and that are not in the run's folder any more.

    Costs the reading of the text columns of its outputs, and of the names in its folders of files. A run that does not
    work item by item has none.

    Parameters
    ----------
    folder : of the run
    """
    from cryoloom.workflow.driver._ledger import children_of

    stored: StoredSet[Item] = StoredSet(folder.ledger)
    ledger = stored.latest()
    if ledger is None or not ledger.count:
        return MissingFiles({}, 0.0)
    lost = {output: _lost_files(folder, output) for output in folder.output_names()}
    if not any(lost.values()):
        return MissingFiles({}, 0.0)
    items: dict[int, Sequence[str]] = {}
    seconds = 0.0
    for key, children, took in ledger.to_polars(columns=["id", "children", "seconds"]).iter_rows():
        made = children_of(children)
        names = {
            name
            for output, files in lost.items()
            for child in ((key,) if made is None else made.get(output, ()))
            for name in files.get(child, ())
        }
        if names:
            items[key] = sorted(names)
            seconds += took
    return MissingFiles(items, seconds)


def _lost_files(folder: RunFolder, output: str) -> dict[int, list[str]]:
    """Ids of an output's items and the files that they name and that are gone; a file of many items once."""
    stored: StoredSet[Item] = StoredSet(folder.outputs / output)
    snapshot = stored.latest()
    present: dict[str, frozenset[str]] = {}
    lost: dict[int, list[str]] = {}
    if snapshot is None:
        return lost
    for item, name in _named_files(snapshot, f"runs/{folder.path.name}/files/").iter_rows():
        place, _, file = name.rpartition("/")
        if place not in present:
            present[place] = _names_in(folder.path.parent.parent / place)
        if file not in present[place]:
            lost.setdefault(item, []).append(name)
    return lost


def _named_files(snapshot: Snapshot[Item], prefix: str) -> pl.DataFrame:
    """``id`` and ``name``: every file that begins so, with the first item that names it."""
    import polars as pl

    frames = [pl.DataFrame(schema={"id": pl.UInt64, "name": pl.String})]
    for column in snapshot.schema:
        if column.dtype not in {"string", "list[string]"}:
            continue
        named = snapshot.scan().select("id", pl.col(column.name).alias("name"))
        named = named.explode("name") if column.dtype.startswith("list") else named
        frames.append(named.filter(pl.col("name").str.starts_with(prefix)).collect())
    return pl.concat(frames).unique("name", keep="first", maintain_order=True)


def _names_in(folder: Path) -> frozenset[str]:
    try:
        return frozenset(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return frozenset()


def content_digest(outputs: Mapping[str, Sequence[Mapping[str, Any]]], project: Path, run: str) -> int:
    """64-bit digest of all that was made of an item: its rows, and the files of the run that they name.

    Parameters
    ----------
    outputs : name of an output → rows
    project, run : folder of the project, name of the run's folder
    """
    state = blake2b(json.dumps(outputs, sort_keys=True, default=repr).encode(), digest_size=8)
    prefix = f"runs/{run}/files/"
    values = {value for rows in outputs.values() for row in rows for value in row.values() if isinstance(value, str)}
    for name in sorted(value for value in values if value.startswith(prefix)):
        with (project / name).open("rb") as file:
            while chunk := file.read(_CHUNK):
                state.update(chunk)
    return int.from_bytes(state.digest(), "little") or 1


class Rebuilding:
    """What a Map driver makes again because its files are gone.

    What comes out as it was changes nothing: rows, ledger and followers stay. What cannot be made again stays as it is.

    Parameters
    ----------
    attempt : of the run
    ledger : of what the run holds
    """

    def __init__(self, attempt: Attempt, ledger: Ledger) -> None:
        self._attempt = attempt
        self._ledger = ledger
        self._keys: set[int] = set()
        self._given_up: list[str] = []

    def __contains__(self, key: int) -> bool:
        return key in self._keys

    def is_wanted(self) -> bool:
        """Whether a person asked for files to be made again, and nothing was cleaned away after that."""
        asked = [request.ulid for request in self._attempt.all_requests(RequestKind.REBUILD)]
        if not asked:
            return False
        cleaned = [record.ulid for record in cleaning_records(self._attempt.folder)]
        return max(asked) > max(cleaned, default="")

    def begin(self) -> set[int]:
        """Look for what is gone; returns the keys of the items to be made again, besides those that are already."""
        found = missing_files(self._attempt.folder).items.keys() & self._ledger.made.keys() - self._keys
        self._keys |= found
        if found:
            self._attempt.event("rebuild", items=len(found))
        return found

    def forget(self, key: int) -> None:
        """It was withdrawn, or is made of something else now."""
        self._keys.discard(key)

    def give_up(self, key: int, label: str, reason: str) -> None:
        """It cannot be made again now."""
        self._keys.discard(key)
        self._given_up.append(f"{label}: {reason}")

    def confirm(self, key: int, digest: int, content: int) -> tuple[bool, str]:
        """Whether an item that was made again is what it was, and what is to be said if it is not."""
        former = self._ledger.made.get(key)
        if key not in self._keys:
            return False, ""
        self._keys.discard(key)
        if former is None or former.digest != digest:
            return False, ""
        if former.content == content:
            return True, ""
        if not former.content:
            return False, "Its files were made again; whether they are what they were is not known."
        return False, (
            "Its files were made again and are not what they were: the software has changed since. What follows was "
            "made from the former ones."
        )

    @property
    def remark(self) -> str:
        """What did not succeed; empty if all did."""
        if not self._given_up:
            return ""
        return f"{len(self._given_up)} items could not be made again; the first: {self._given_up[0]}"
