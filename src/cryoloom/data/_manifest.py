"""The manifest of one generation of a set: which parts make it up, and what their columns mean."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryoloom.data._columns import Schema
from cryoloom.data._optics import OpticsGroup
from cryoloom.errors import FormatError

FORMAT = "cryoloom-set"
FORMAT_VERSION = 1

_MANIFEST_NAME = re.compile(r"manifest-(\d{6,})\.json")
_PART_NAME = re.compile(r"part-(\d{6,})-[0-9a-f]{8,}\.parquet")


def manifest_name(generation: int) -> str:
    """``manifest-000042.json``."""
    return f"manifest-{generation:06d}.json"


def manifest_generation(name: str) -> int | None:
    """The generation in the name of a manifest; None if it is the name of something else."""
    found = _MANIFEST_NAME.fullmatch(name)
    return int(found[1]) if found else None


def new_part_name(generation: int) -> str:
    """A name that no other writer uses, even for the same generation."""
    return f"part-{generation:06d}-{os.urandom(6).hex()}.parquet"


def part_generation(name: str) -> int | None:
    """The generation that a part was written for, from its name; None if it is the name of something else."""
    found = _PART_NAME.fullmatch(name)
    return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file of a set: rows and withdrawals of a range of generations, each id once.

    Parameters
    ----------
    file : its name in the set's folder
    rows : rows and withdrawals together
    withdrawals : how many of them say that an id is withdrawn
    overlaps : at most so many of its ids also occur in older parts, where they no longer count
    first_generation, last_generation : of its rows
    """

    file: str
    rows: int
    withdrawals: int
    overlaps: int
    first_generation: int
    last_generation: int

    def to_json(self) -> dict[str, Any]:
        """The fields by name."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a reader needs to know of one generation.

    Parameters
    ----------
    generation : counted from 1
    schema : columns that the set holds
    count : items
    closed : the producer has said that nothing more will come
    parts : oldest first; where an id occurs in several, the newest counts
    optics_groups : by identity
    note : what the commit said about itself
    original : the document that it was read from; what this version does not know there, it writes as it was
    """

    generation: int
    schema: Schema
    count: int = 0
    closed: bool = False
    parts: tuple[Part, ...] = ()
    optics_groups: Mapping[int, OpticsGroup] = field(default_factory=dict)
    note: Mapping[str, Any] = field(default_factory=dict)
    original: Mapping[str, Any] = field(default_factory=dict, repr=False)
    format_version: int = FORMAT_VERSION

    @property
    def kind(self) -> str:
        """The kind of its items."""
        return self.schema.kind

    def to_bytes(self) -> bytes:
        """The file's content."""
        columns = self.original.get("columns", {})
        parts = {part["file"]: part for part in self.original.get("parts", ())}
        document = {
            **self.original,
            "format": FORMAT,
            "schema_version": self.format_version,
            "kind": self.schema.kind,
            "kind_version": self.schema.version,
            "generation": self.generation,
            "count": self.count,
            "closed": self.closed,
            "parts": [{**parts.get(part.file, {}), **part.to_json()} for part in self.parts],
            "columns": {name: {**columns.get(name, {}), **said} for name, said in self.schema.to_json().items()},
            "optics_groups": [group.to_json() for group in self.optics_groups.values()],
            "note": self.note,
        }
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def read_manifest(folder: Path, generation: int) -> Manifest:
    """Read and check a manifest.

    Raises
    ------
    FileNotFoundError
        If there is none of this generation.
    FormatError
        If it is not a manifest, or names a file outside the set's folder.
    """
    path = folder / manifest_name(generation)
    content = path.read_bytes()
    try:
        manifest = _manifest_from(json.loads(content))
    except FormatError as error:
        raise FormatError(f"{path}: {error}", path=path) from error
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise FormatError(f"{path} is damaged and cannot be read ({error}).", path=path) from error
    if manifest.generation != generation:
        raise FormatError(f"{path} says that it is generation {manifest.generation}.", path=path)
    return manifest


def _manifest_from(document: Any) -> Manifest:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise FormatError("it is not the manifest of a set.")
    groups = [OpticsGroup.from_json(group) for group in document["optics_groups"]]
    return Manifest(
        generation=int(document["generation"]),
        schema=Schema.from_json(str(document["kind"]), int(document["kind_version"]), document["columns"]),
        count=int(document["count"]),
        closed=bool(document["closed"]),
        parts=tuple(_part_from(part) for part in document["parts"]),
        optics_groups={group.id: group for group in groups},
        note=dict(document.get("note", {})),
        format_version=int(document["schema_version"]),
        original=document,
    )


def _part_from(document: Mapping[str, Any]) -> Part:
    name = document["file"]
    if not isinstance(name, str) or part_generation(name) is None:
        raise FormatError(f"the part {name!r} is not the name of a part in this folder.")
    numbers = {key: int(document[key]) for key in Part.__slots__ if key != "file"}
    return Part(file=name, **numbers)
