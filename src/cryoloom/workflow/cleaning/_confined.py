"""Looking and deleting below a project's folder, and nowhere else: no link is ever followed.

Every folder on the way is opened by its name in the folder before, which the system refuses if it is a link; what is
deleted is named in a folder so opened. A link is deleted itself, never what it points to.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cryoloom.errors import ProjectError

BLOCK = 512
"""Bytes in a block, as the system counts them."""

_DEEPEST = 100
_OCTAL = re.compile(rb"\\([0-7]{3})")
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Found:
    """A file, a link or a folder, as it was when somebody looked.

    Parameters
    ----------
    path : below the project's folder
    kind : ``file``, ``link`` or ``folder``
    device, inode : identity
    size, modified_ns : what changes when it is written
    occupied : bytes that it takes on the disk
    names : how many names the file has; its space is freed with the last of them
    """

    path: str
    kind: str
    device: int
    inode: int
    size: int
    modified_ns: int
    occupied: int
    names: int

    def is_still(self, other: Found) -> bool:
        """Whether nobody has changed it, or put something else in its place."""
        if self.kind == "folder" or other.kind == "folder":
            return self.kind == other.kind
        mine = (self.kind, self.device, self.inode, self.size, self.modified_ns)
        return mine == (other.kind, other.device, other.inode, other.size, other.modified_ns)


@contextmanager
def opened_folder(project: Path, relative: str) -> Generator[int]:
    """A descriptor of a folder of the project.

    Parameters
    ----------
    project : its folder
    relative : path below it; empty for the project itself

    Raises
    ------
    FileNotFoundError
        If it is not there.
    ProjectError
        If it, or a folder on the way, is a link.
    """
    descriptor = os.open(project, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in PurePosixPath(relative).parts:
            if name in {"..", "/"}:
                raise ProjectError(f"{relative!r} leads out of the project.", path=project)
            inner = _open_in(descriptor, name, project / relative)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _open_in(folder: int, name: str, path: Path) -> int:
    try:
        return os.open(name, _OPEN_FOLDER, dir_fd=folder)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR}:
            raise ProjectError(f"{name!r} in {path} is a link or no folder; it is not followed.", path=path) from error
        raise


def look_at(project: Path, relative: str) -> Found | None:
    """One file, link or folder; None if it is not there."""
    pure = PurePosixPath(relative)
    try:
        with opened_folder(project, str(pure.parent)) as folder:
            return _found(folder, pure.name, relative)
    except FileNotFoundError:
        return None


def names_in(project: Path, relative: str) -> list[str]:
    """Names of the entries of a folder, sorted; none if it is not there.

    Raises
    ------
    ProjectError
        If it, or a folder on the way, is a link.
    """
    try:
        with opened_folder(project, relative) as folder, os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries)
    except FileNotFoundError:
        return []


def look_below(project: Path, relative: str) -> list[Found]:
    """A file or link alone, or a folder with everything in it, contents before their folder.

    Costs a few system calls an entry. Nothing is found if it is not there.

    Raises
    ------
    ProjectError
        If a folder on the way is a link, or something is mounted below.
    """
    top = look_at(project, relative)
    if top is None:
        return []
    if top.kind != "folder":
        return [top]
    place = os.fsencode(project.resolve() / relative)
    for mounted in _mount_points():
        if mounted == place or mounted.startswith(place + b"/"):
            raise ProjectError(f"Something is mounted at {os.fsdecode(mounted)}; unmount it first.", path=project)
    with opened_folder(project, relative) as folder:
        return [*_entries(folder, relative, project, 0), top]


def _mount_points() -> list[bytes]:
    """Where file systems and folders are mounted, as this process sees it."""
    lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    return [_OCTAL.sub(lambda found: bytes([int(found[1], 8)]), line.split(b" ")[4]) for line in lines]


def _entries(folder: int, relative: str, project: Path, depth: int) -> Iterator[Found]:
    if depth > _DEEPEST:
        raise ProjectError(f"{relative} holds folders more than {_DEEPEST} deep; remove it by hand.", path=project)
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        try:
            found = _found(folder, name, f"{relative}/{name}")
            inner = _open_in(folder, name, project / relative) if found.kind == "folder" else None
        except FileNotFoundError:
            continue
        if inner is not None:
            try:
                yield from _entries(inner, found.path, project, depth + 1)
            finally:
                os.close(inner)
        yield found


def _found(folder: int, name: str, path: str) -> Found:
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    kind = "folder" if stat.S_ISDIR(status.st_mode) else "link" if stat.S_ISLNK(status.st_mode) else "file"
    return Found(
        path=path,
        kind=kind,
        device=status.st_dev,
        inode=status.st_ino,
        size=status.st_size,
        modified_ns=status.st_mtime_ns,
        occupied=status.st_blocks * BLOCK,
        names=status.st_nlink,
    )


def bytes_freed_by(found: Iterable[Found]) -> int:
    """Bytes that deleting all of these gives back: of files with further names, none."""
    freed = 0
    shared: dict[tuple[int, int], list[Found]] = {}
    for one in found:
        if one.kind == "file" and one.names > 1:
            shared.setdefault((one.device, one.inode), []).append(one)
        else:
            freed += one.occupied
    return freed + sum(names[0].occupied for names in shared.values() if len(names) == names[0].names)


@dataclass(slots=True)
class Deletion:
    """What became of a deletion.

    Parameters
    ----------
    deleted : files and links that are gone
    freed : bytes
    left : path → why it was left
    """

    deleted: int
    freed: int
    left: dict[str, str]


def delete(project: Path, planned: Iterable[Found]) -> Deletion:
    """Delete what was found, as far as it is still the same; folders go when they are empty.

    Parameters
    ----------
    project : its folder
    planned : contents before their folders
    """
    deletion = Deletion(0, 0, {})
    by_folder: dict[str, list[Found]] = {}
    for found in planned:
        by_folder.setdefault(str(PurePosixPath(found.path).parent), []).append(found)
    # The contents of a folder come before the folder itself, which is an entry of its parent: deepest parents first.
    for parent in sorted(by_folder, key=lambda name: -len(PurePosixPath(name).parts)):
        try:
            with opened_folder(project, parent) as folder:
                for found in by_folder[parent]:
                    _delete_one(folder, found, deletion)
        except FileNotFoundError:
            continue  # somebody else deleted it
        except (OSError, ProjectError) as error:
            deletion.left[parent] = str(error)
    return deletion


def _delete_one(folder: int, planned: Found, deletion: Deletion) -> None:
    name = PurePosixPath(planned.path).name
    try:
        present = _found(folder, name, planned.path)
        if not planned.is_still(present):
            deletion.left.setdefault(planned.path, "it has changed since the preview")
        elif present.kind == "folder":
            os.rmdir(name, dir_fd=folder)
            deletion.freed += present.occupied
        else:
            os.unlink(name, dir_fd=folder)
            deletion.deleted += 1
            deletion.freed += present.occupied if present.names == 1 else 0
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
            deletion.left.setdefault(planned.path, "something has come into it since the preview")
        else:
            deletion.left[planned.path] = error.strerror or str(error)
