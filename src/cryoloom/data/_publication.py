"""Publishing a generation: its manifest appears whole, once, and in one writer's name only."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from pathlib import Path

from cryoloom.data._manifest import manifest_generation, manifest_name
from cryoloom.errors import SupersededError

_HINT = "newest-generation"
_CLAIM = ".claim-"
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK})


def publish(folder: Path, generation: int, content: bytes, new_part: Path | None = None) -> bool:
    """Create the manifest of a generation exclusively: complete, on the disk, and only if there is none.

    Parameters
    ----------
    new_part : a file that the manifest names and that must be on the disk before

    Returns
    -------
    Whether it is the newest generation; if not, another writer has taken over meanwhile.

    Raises
    ------
    SupersededError
        If another writer has published this generation; nothing was published.
    """
    token = os.urandom(6).hex()
    temporary = folder / f".{manifest_name(generation)}-{token}.tmp"
    try:
        temporary.write_bytes(content)
        _sync_together([temporary, *([new_part] if new_part else [])])
        try:
            _link(temporary, folder / manifest_name(generation))
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            _rename_claimed(temporary, folder, generation)
    finally:
        temporary.unlink(missing_ok=True)
    _sync(folder, os.O_RDONLY | os.O_DIRECTORY)
    if not _is_newest(folder, generation):
        return False
    write_hint(folder, generation)
    return True


def _is_newest(folder: Path, generation: int) -> bool:
    """Whether no later generation is known of.

    A writer that slept may find that another has gone on from what it has just published, or even, if it slept for
    hours, that it published anew what the other had published and swept. Then nobody looks at it, and a sweep takes it.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        hint = _read_hint(descriptor)
    finally:
        os.close(descriptor)
    return hint is None or hint <= generation


def _link(temporary: Path, target: Path) -> None:
    try:
        os.link(temporary, target)
    except FileExistsError:
        # Over NFS the answer to a link that succeeded may be lost, and the repeated request then fails.
        if not temporary.samefile(target):
            raise _superseded(target) from None
    except FileNotFoundError:
        # Only a writer that came after us sweeps our temporary away.
        raise _superseded(target) from None


def _rename_claimed(temporary: Path, folder: Path, generation: int) -> None:
    """Publish where there are no hard links: who owns the claim folder may rename its manifest out of it.

    A folder cannot be renamed over one that is not empty, so there is one owner; an empty one has done its work. A
    writer whose claim was voided (`void_claims`) while it slept has nothing left to rename.
    """
    target = folder / manifest_name(generation)
    private, claim = temporary.with_suffix(".claim"), folder / f"{_CLAIM}{generation:06d}"
    ours = temporary.stat()
    private.mkdir()
    try:
        temporary.rename(private / temporary.name)
        private.rename(claim)
        if target.exists():
            raise _superseded(target)
        (claim / temporary.name).rename(target)
    except OSError as error:
        if error.errno not in {errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST}:
            raise
        # Over NFS the answer to a rename that succeeded may be lost, and the repeated request then fails.
        if not (target.exists() and os.path.samestat(target.stat(), ours)):
            raise _superseded(target) from None
    finally:
        for emptied in (private, claim):
            (emptied / temporary.name).unlink(missing_ok=True)
            _remove_if_empty(emptied)


def void_claims(folder: Path) -> None:
    """Take unfinished claims away from writers that died, or that this process takes over from."""
    for name in names_in(folder):
        if name.startswith(_CLAIM):
            voided = folder / f"{name}-void-{os.urandom(6).hex()}"
            with contextlib.suppress(FileNotFoundError):
                (folder / name).rename(voided)
                for left in voided.iterdir():
                    left.unlink(missing_ok=True)
                _remove_if_empty(voided)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT}:
            raise


def newest_generation(folder: Path) -> int | None:
    """The newest generation in a folder; None if there is none yet. Costs a few system calls, however many lie there.

    A hint written after each publication is the starting point; the manifests themselves are the truth. The folder is
    opened so that a network file system asks its server instead of its cache.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        generation = _read_hint(descriptor)
        if generation is None or not _exists(descriptor, generation):
            generation = max((g for g in map(manifest_generation, names_in(descriptor)) if g is not None), default=0)
            if generation == 0:
                return None
        while _exists(descriptor, generation + 1):
            generation += 1
        return generation
    finally:
        os.close(descriptor)


def names_in(folder: Path | int) -> list[str]:
    """The names of the entries of a folder, given by its path or its descriptor."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def write_hint(folder: Path, generation: int) -> None:
    """Say where `newest_generation` may begin to look; it does without if this fails."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder / _HINT, os.O_WRONLY | os.O_CREAT, 0o666)
        try:
            os.write(descriptor, b"%019d\n" % generation)
        finally:
            os.close(descriptor)


def _read_hint(folder_descriptor: int) -> int | None:
    try:
        descriptor = os.open(_HINT, os.O_RDONLY, dir_fd=folder_descriptor)
    except OSError:
        return None
    try:
        content = os.read(descriptor, 32)
    finally:
        os.close(descriptor)
    return int(content) if len(content) == 20 and content[:19].isdigit() else None


def _exists(folder_descriptor: int, generation: int) -> bool:
    try:
        os.stat(manifest_name(generation), dir_fd=folder_descriptor)
    except FileNotFoundError:
        return False
    return True


def _sync_together(paths: list[Path]) -> None:
    """Have the contents of files on the disk.

    Two fsyncs at the same time share one commit of the file system's journal: on a busy disk a publication took half
    as long as with one after the other (4.0 instead of 8.4 ms).
    """
    failures: list[OSError] = []

    def sync(path: Path) -> None:
        try:
            _sync(path, os.O_RDONLY)
        except OSError as error:
            failures.append(error)

    beside = [threading.Thread(target=sync, args=(path,)) for path in paths[1:]]
    for thread in beside:
        thread.start()
    sync(paths[0])
    for thread in beside:
        thread.join()
    if failures:
        raise failures[0]


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _superseded(manifest: Path) -> SupersededError:
    return SupersededError(f"Another driver has published {manifest}; this one stops.", path=manifest)
