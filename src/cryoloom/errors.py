"""The exceptions of cryoloom, one tree.

::

    CryoloomError
    ├── InputError                the data or the parameters are at fault        exit status 1
    │   ├── FormatError           a file does not say what it should
    │   ├── IncompleteFileError   a file is still being written, or was cut short
    │   ├── ParameterError        a parameter has no valid value
    │   └── NotFoundError         something named does not exist
    ├── ProjectError              the project folder does not allow it
    │   ├── SupersededError       another driver has taken the run over
    │   ├── RevisionConflictError somebody else changed it first
    │   └── ReadOnlyError         it was made by a newer cryoloom, or its plugin is missing
    ├── StorageError              the disk is full, may only be read, refuses this user, or fails
    └── LaneError                 the place where work runs is at fault
        └── BusyError             it has too much to do; the same may be asked again a little later

Every message is one sentence, or two: what went wrong, where, and how to mend it.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self


class CryoloomError(Exception):
    """Anything that cryoloom itself reports; the message is meant to be read by its user.

    Parameters
    ----------
    message : what went wrong, where, and how to mend it
    path : the file or folder it is about, if there is one
    listing : lines to show below the message, for what does not fit a sentence
    figures : the same for programs: what joins the message in a JSON document
    """

    def __init__(
        self,
        message: str,
        *,
        path: Path | str | None = None,
        listing: str = "",
        figures: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.path = None if path is None else Path(path)
        self.listing = listing
        self.figures = dict(figures or {})


class InputError(CryoloomError):
    """The data or the parameters are at fault."""


class FormatError(InputError, ValueError):
    """A file does not say what its format demands."""


class IncompleteFileError(InputError, OSError):
    """A file is still being written, or was cut short."""


class ParameterError(InputError, ValueError):
    """A parameter has no valid value."""


class NotFoundError(InputError, LookupError):
    """Something that was named does not exist."""


class ProjectError(CryoloomError):
    """The project folder does not allow what was asked."""


class SupersededError(ProjectError):
    """Another driver has taken this run over; this one must stop without writing anything more."""


class RevisionConflictError(ProjectError):
    """Somebody else changed it since it was read; read it again and repeat the change."""


class ReadOnlyError(ProjectError):
    """It was made by a newer cryoloom, or its plugin is missing, so it can be read but not changed."""


class StorageError(CryoloomError):
    """The disk is full, may only be read, refuses this user, or fails."""

    @classmethod
    def explaining(cls, error: OSError, folder: Path | str) -> Self | None:
        """The error in a sentence, if it is the disk's.

        Parameters
        ----------
        error : of the operating system
        folder : what was being written to, for errors that name no file
        """
        what = _DISK_FAULTS.get(error.errno or 0)
        where = error.filename if isinstance(error.filename, str) else str(folder)
        return None if what is None else cls(what.format(where=where), path=where)


@contextmanager
def disk_faults_explained(folder: Path | str) -> Iterator[None]:
    """Raise a `StorageError` in place of an error of the operating system that is the disk's.

    Parameters
    ----------
    folder : what is written to
    """
    try:
        yield
    except CryoloomError:
        raise
    except OSError as error:
        fault = StorageError.explaining(error, folder)
        if fault is None:
            raise
        raise fault from error


_DISK_FAULTS = {
    errno.ENOSPC: "The disk that holds {where} is full; free space there and try again.",
    errno.EDQUOT: "The quota on the disk that holds {where} is used up; free space there and try again.",
    errno.EROFS: "{where} lies on a disk that may only be read; make it writable and try again.",
    errno.EACCES: "This user is not allowed to use {where}; have the permissions changed and try again.",
    errno.EPERM: "This user is not allowed to use {where}; have the permissions changed and try again.",
    errno.EIO: "The disk that holds {where} reports a fault; have it checked before trying again.",
    errno.ESTALE: "{where} has been replaced on its file server; have the disk mounted again and try again.",
}


@contextmanager
def wrong_paths_explained() -> Iterator[None]:
    """Raise an `InputError` in place of an error of the operating system that comes of a path that does not fit."""
    try:
        yield
    except CryoloomError:
        raise
    except OSError as error:
        fault = _WRONG_PATHS.get(error.errno or 0)
        if fault is None or not isinstance(error.filename, str):
            raise
        raise InputError(fault.format(where=error.filename), path=error.filename) from error


_WRONG_PATHS = {
    errno.ENOENT: "There is no file or folder {where}; check the name.",
    errno.ENOTDIR: "{where} leads through a file as if it were a folder; check the name.",
    errno.EISDIR: "{where} is a folder; give the name of a file.",
    errno.EEXIST: "{where} is there already; give another name.",
    errno.ENOTEMPTY: "The folder {where} is not empty; give another name.",
    errno.ENAMETOOLONG: "The name {where} is too long for this disk; give a shorter one.",
    errno.ELOOP: "{where} is a link that leads to itself; mend or remove the link.",
}


class LaneError(CryoloomError, RuntimeError):
    """The place where work runs is at fault."""


class BusyError(LaneError):
    """It has too much to do; the same may be asked again a little later."""
