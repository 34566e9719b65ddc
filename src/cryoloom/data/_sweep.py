"""Deleting what no reader of a set can need any more."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path

from cryoloom.data._manifest import Manifest, manifest_generation, manifest_name, part_generation, read_manifest
from cryoloom.data._publication import names_in

GRACE = 3600.0
"""Seconds for which readers may go on with a generation after the next one was published."""


def file_system_time(folder: Path) -> float:
    """The time by the clock that stamps the files of a folder, which may be a file server's."""
    probe = folder / f".now-{os.urandom(6).hex()}.tmp"
    probe.touch()
    try:
        return probe.stat().st_mtime
    finally:
        probe.unlink()


def sweep(
    folder: Path, newest: Manifest, pinned: Collection[int], clock: Callable[[Path], float] = file_system_time
) -> int:
    """Delete manifests whose successor is older than `GRACE`, and the parts that only they name.

    Parts and temporaries that a writer left behind when it died go as soon as the generation for which they were
    written has been published by another. Never followed: links.

    Parameters
    ----------
    folder : of the set
    newest : its newest manifest
    pinned : generations that stay
    clock : folder → seconds, comparable to its files' modification times

    Returns
    -------
    Bytes that were freed.
    """
    names = names_in(folder)
    generations = sorted(g for g in map(manifest_generation, names) if g is not None)
    horizon = clock(folder) - GRACE
    oldest = newest.generation
    for older, newer in zip(reversed(generations[:-1]), reversed(generations), strict=False):
        if (folder / manifest_name(newer)).stat().st_mtime < horizon:
            break
        oldest = older
    kept = {oldest, *(generation for generation in generations if generation in pinned)}
    live = {part.file for generation in kept for part in read_manifest(folder, generation).parts}
    live |= {part.file for part in newest.parts}
    doomed = [manifest_name(g) for g in generations if g < oldest and g not in pinned]
    for name in names:
        written_for = part_generation(name)
        if written_for is not None and written_for <= oldest and name not in live:
            doomed.append(name)
    freed = 0
    for name in doomed:
        path = folder / name
        freed += path.lstat().st_size
        path.unlink()
    return freed
