"""Deleting what no reader of a set can need any more."""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from pathlib import Path

from cryoloom.data._manifest import manifest_generation, manifest_name, part_generation, read_manifest
from cryoloom.data._publication import names_in

GRACE = 3600.0
"""Seconds for which readers may go on with a generation after the next one was published."""

_AT_ONCE = 1000
"""Files that one sweep deletes at most, so that a driver is not held up for long (a millisecond each, or more)."""

_PROBE = ".now-"
_TEMPORARY = re.compile(r"\.(?:manifest|claim)-(\d{6,}).*")


def file_system_time(folder: Path) -> float:
    """The time by the clock that stamps the files of a folder, which may be a file server's."""
    probe = folder / f"{_PROBE}{os.urandom(6).hex()}"
    with probe.open("xb") as stream:
        now = os.fstat(stream.fileno()).st_mtime
    probe.unlink(missing_ok=True)
    return now


def sweep_set(folder: Path, pinned: Collection[int], clock: Callable[[Path], float] = file_system_time) -> int:
    """Delete what `superseded_files` names, or as much of it as can be deleted without holding the writer up.

    Parameters
    ----------
    folder : of the set
    pinned : generations that stay
    clock : folder → seconds, comparable to its files' modification times

    Returns
    -------
    Bytes that were freed.
    """
    return sum(_delete(folder / name) for name in islice(superseded_files(folder, pinned, clock), _AT_ONCE))


def superseded_files(
    folder: Path, pinned: Collection[int], clock: Callable[[Path], float] = file_system_time
) -> Iterator[str]:
    """Names of manifests whose successor is older than `GRACE`, and of the parts that only they name.

    What a writer left behind when it died goes once the generation for which it was written is old, too: from then on
    nobody can publish it. A part lives from the generation in its name to the one that merged it away, without gaps;
    so only the manifests of the oldest generation that stays, and of pinned ones, need to be read.

    Parameters
    ----------
    folder : of the set; it need not be there
    pinned : generations that stay
    clock : folder → seconds, comparable to its files' modification times
    """
    names = names_in(folder) if folder.is_dir() else []
    generations = sorted(generation for name in names if (generation := manifest_generation(name)) is not None)
    if not generations:
        return
    oldest = _oldest_to_keep(folder, generations, clock(folder) - GRACE)
    kept = {oldest, *(generation for generation in generations if generation in pinned)}
    live = {part.file for generation in kept for part in read_manifest(folder, generation).parts}
    live |= {manifest_name(generation) for generation in kept}
    for name in names:
        generation = None if name in live else _generation_of(name)
        if generation is not None and generation <= oldest:
            yield name


def _oldest_to_keep(folder: Path, generations: list[int], horizon: float) -> int:
    """The generation that was the newest at the horizon; a binary search, as generations are published in order."""
    first_young = bisect_left(generations, horizon, key=lambda g: (folder / manifest_name(g)).stat().st_mtime)
    return generations[max(0, first_young - 1)]


def _generation_of(name: str) -> int | None:
    """The generation for which a manifest, a part or a temporary was written; 0 for what belongs to none."""
    if name.startswith(_PROBE):
        return 0
    for reader in (manifest_generation, part_generation):
        generation = reader(name)
        if generation is not None:
            return generation
    found = _TEMPORARY.fullmatch(name)
    return int(found[1]) if found else None


def _delete(path: Path) -> int:
    """Delete a file, or a folder of files, that another sweep may delete at the same time; the bytes it held."""
    try:
        if path.is_dir() and not path.is_symlink():
            freed = sum(_delete(entry) for entry in path.iterdir())
            path.rmdir()
            return freed
        size = path.lstat().st_size
        path.unlink()
    except FileNotFoundError:
        return 0
    return size
