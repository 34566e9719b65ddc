"""Files that sets and records name: where they lie, and which of them are read for a person at all."""

from __future__ import annotations

import stat
from pathlib import Path, PurePosixPath

from cryoloom.errors import FormatError, InputError, NotFoundError
from cryoloom.workflow.workspace import resolve_in_project


def place_of_images(project: Path, file: str) -> Path:
    """The place of an image file, to be opened by a reader of images only, which refuses what is none.

    By an absolute name it may lie anywhere, as raw data do.

    Parameters
    ----------
    project : folder of the project
    file : as a set names it

    Raises
    ------
    NotFoundError
        If it is not there any more.
    InputError
        If a relative name leads out of the project, or cannot be that of a file.
    """
    path = resolve_in_project(project, file)
    _mode_of(path)
    return path


def place_within(project: Path, file: str, *, suffix: str) -> Path:
    """The place, links resolved, of a file that a run of the project has written and that is no image of raw data.

    Parameters
    ----------
    project : folder of the project
    file : relative to it, as a set or record names it
    suffix : that such files have

    Raises
    ------
    NotFoundError
        If it is not there any more.
    InputError
        If it lies outside of the project, is no regular file, or has another suffix.
    """
    if PurePosixPath(file).is_absolute():
        raise InputError(f"{file} is not shown: only what lies in the project is. Move it there, or open it yourself.")
    path = resolve_in_project(project, file)
    mode = _mode_of(path)
    place = path.resolve()
    if not place.is_relative_to(project.resolve()):
        raise InputError(f"{file} is not shown: it is a link that leads out of the project. Put the file itself there.")
    if not stat.S_ISREG(mode) or place.suffix != suffix:
        raise InputError(f"{file} is not shown: it is no {suffix} file.", path=path)
    return place


def _mode_of(path: Path) -> int:
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFoundError(
            f"{path.name} is not there any more: it was cleaned away, or moved by somebody.", path=path
        ) from error
    except (OSError, ValueError) as error:  # too long, a loop of links, a zero byte, not allowed
        reason = error.strerror if isinstance(error, OSError) else error
        raise FormatError(f"{path.name[:80]} cannot be read: {reason}.", path=path) from error
