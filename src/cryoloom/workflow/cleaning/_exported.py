"""Which STAR files of a project name files of a run's category."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

_BEGINNING = 2**18  # bytes that are read of each: the rows of a set name one folder, or few
_CATEGORY = re.compile(rb"runs/\d{6}-[^/\s\"']+/files/[^/\s\"']+(?=/)")


def exported_places(project: Path) -> Mapping[str, tuple[str, ...]]:
    """Folder of a category below the project's → the STAR files that name files in it, as far as they lie there.

    Looked at are those in the project's folder, where `export` writes, and those of runs of that protocol. What was
    written elsewhere is not known.
    """
    found: dict[str, dict[str, None]] = {}
    for path in sorted([*project.glob("*.star"), *project.glob("runs/*-export/files/star/*.star")]):
        with path.open("rb") as file:
            for place in _CATEGORY.findall(file.read(_BEGINNING)):
                found.setdefault(place.decode("utf-8", "replace"), {})[path.relative_to(project).as_posix()] = None
    return {place: tuple(names) for place, names in found.items()}
