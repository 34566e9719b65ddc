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
    └── LaneError                 the place where work runs is at fault

Every message is one sentence, or two: what went wrong, where, and how to mend it.
"""

from __future__ import annotations

from pathlib import Path


class CryoloomError(Exception):
    """Anything that cryoloom itself reports; the message is meant to be read by its user.

    Parameters
    ----------
    message : what went wrong, where, and how to mend it
    path : the file or folder it is about, if there is one
    """

    def __init__(self, message: str, *, path: Path | str | None = None) -> None:
        super().__init__(message)
        self.path = None if path is None else Path(path)


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


class LaneError(CryoloomError, RuntimeError):
    """The place where work runs is at fault."""
