"""What a cleaning would remove and what it would keep, and why: the preview that every deletion begins with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from cryoloom.workflow.cleaning._confined import Found, bytes_freed_by


@dataclass(frozen=True, slots=True)
class Share:
    """Files of one category of one run.

    Parameters
    ----------
    run : ULID
    number : of the run
    category : a folder of the protocol's files, or ``scratch``, ``failed``, ``superseded``, ``iterations``, ``trash``
    role : ``result``, ``rebuildable`` or ``scratch``
    path : where they are, below the project's folder
    files : how many, links included
    bytes : that removing them gives back; files with a name elsewhere too give nothing
    why : they stay; empty if they go
    exported_in : STAR files that name them, below the project's folder, as far as these lie there
    """

    run: str
    number: int
    category: str
    role: str
    path: str
    files: int
    bytes: int
    why: str = ""
    exported_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CleaningPlan:
    """A preview.

    Parameters
    ----------
    goes : what would be removed
    stays : what fits what was asked for, and stays nevertheless
    files, bytes : of what goes, in all; a file with two names that both go counts once
    digest : of every single file that goes, with its size and time: equal plans remove the same
    found : the files, links and folders that go, for each of ``goes``
    """

    goes: tuple[Share, ...]
    stays: tuple[Share, ...]
    files: int
    bytes: int
    digest: str
    found: tuple[tuple[Found, ...], ...] = field(repr=False)

    @classmethod
    def of(cls, goes: Sequence[tuple[Share, Sequence[Found]]], stays: Sequence[Share]) -> CleaningPlan:
        """The plan to remove these."""
        everything = [one for _, found in goes for one in found]
        return cls(
            goes=tuple(share for share, _ in goes),
            stays=tuple(stays),
            files=sum(share.files for share, _ in goes),
            bytes=bytes_freed_by(everything),
            digest=_digest(everything),
            found=tuple(tuple(found) for _, found in goes),
        )

    def digests(self) -> dict[str, str]:
        """Category → digest of every single file of it that goes, with its size and time."""
        by_category: dict[str, list[Found]] = {}
        for share, found in zip(self.goes, self.found, strict=True):
            by_category.setdefault(share.category, []).extend(found)
        return {category: _digest(found) for category, found in by_category.items()}

    def as_json(self) -> dict[str, Any]:
        """Everything but the single files."""
        return {
            "goes": [asdict(share) for share in self.goes],
            "stays": [asdict(share) for share in self.stays],
            "files": self.files,
            "bytes": self.bytes,
            "digest": self.digest,
        }


def share_of(
    found: Sequence[Found],
    *,
    run: str,
    number: int,
    category: str,
    role: str,
    path: str,
    why: str = "",
    exported_in: tuple[str, ...] = (),
) -> Share:
    """Count what was found."""
    files = sum(one.kind != "folder" for one in found)
    return Share(run, number, category, role, path, files, bytes_freed_by(found), why, exported_in)


def _digest(found: Sequence[Found]) -> str:
    told = sha256()
    for one in sorted(found, key=lambda one: one.path):
        if one.kind != "folder":
            told.update(os.fsencode(one.path) + f"\0{one.inode} {one.size} {one.modified_ns}\n".encode())
    return told.hexdigest()
