"""Files that sets, records and people name: where they lie, and which of them are read for a person at all."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from cryoloom.errors import FormatError, InputError, NotAllowedError, NotFoundError
from cryoloom.workflow.workspace import resolve_in_project


@dataclass(frozen=True)
class Places:
    """What is read for a person who works in a project: everything in it, and raw data where the operator opened them.

    Parameters
    ----------
    project : folder of the project
    opened : folders that the operator of the server has opened; if there are none, everything is, but for `closed`
    closed : folder of all projects, if those of others are not to be read
    """

    project: Path
    opened: tuple[Path, ...] = ()
    closed: Path | None = None

    @cached_property
    def _own(self) -> Path:
        return self.project.resolve()

    @cached_property
    def _folders(self) -> list[Path]:
        return [folder.resolve() for folder in self.opened]

    @cached_property
    def _projects(self) -> Path | None:
        return None if self.closed is None else self.closed.resolve()

    def check(self, named: str, place: Path) -> None:
        """Refuse what lies elsewhere, after following links; whether it is there is not looked at.

        Parameters
        ----------
        named : as a person or a set names it
        place : of a file or folder

        Raises
        ------
        NotAllowedError
            If it lies elsewhere.
        """
        found = _resolved(place)
        if found.is_relative_to(self._own):
            return
        if self._folders and not any(found.is_relative_to(folder) for folder in self._folders):
            told = ", ".join(map(str, self._folders))
            raise NotAllowedError(f"{named[:300]} is not below a folder that this server reads from: {told}.")
        projects = self._projects
        if projects is not None and (found.is_relative_to(projects) or projects.is_relative_to(found)):
            raise NotAllowedError(
                f"{named[:300]} is not read: it belongs to projects that may not be yours, or holds them."
            )

    def named(self, file: str) -> Path:
        """The place of a file that a set names, whether or not it is there; raises what `check` and `of_images` do."""
        path = resolve_in_project(self.project, file)
        self.check(file, path)
        return path

    def of_images(self, file: str) -> Path:
        """The place of an image file, to be opened by a reader of images only, which refuses what is none.

        By an absolute name it may lie wherever raw data are read from.

        Parameters
        ----------
        file : as a set names it

        Raises
        ------
        NotAllowedError
            If it does not lie where anything is read for this person.
        NotFoundError
            If it is not there any more.
        InputError
            If a relative name leads out of the project, or cannot be that of a file.
        """
        path = self.named(file)
        _mode_of(path)
        return path

    def within(self, file: str, *, suffix: str) -> Path:
        """The place, links resolved, of a file that a run of the project has written and that is no image of raw data.

        Parameters
        ----------
        file : relative to the project, as a set or record names it
        suffix : that such files have

        Raises
        ------
        NotFoundError
            If it is not there any more.
        InputError
            If it lies outside of the project, is no regular file, or has another suffix.
        """
        if PurePosixPath(file).is_absolute():
            raise InputError(
                f"{file[:300]} is not shown: only what lies in the project is. Move it there, or open it yourself."
            )
        path = resolve_in_project(self.project, file)
        place = _resolved(path)
        if not place.is_relative_to(self._own):
            raise InputError(
                f"{file} is not shown: it is a link that leads out of the project. Put the file itself there."
            )
        if not stat.S_ISREG(_mode_of(path)) or place.suffix != suffix:
            raise InputError(f"{file} is not shown: it is no {suffix} file.", path=path)
        return place


def _resolved(place: Path) -> Path:
    try:
        return place.resolve()
    except (OSError, ValueError, RuntimeError):  # too long, not text, or a link to itself: in no folder
        return Path("/dev/null")


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
