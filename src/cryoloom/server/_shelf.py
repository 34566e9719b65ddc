"""The projects of a folder."""

from __future__ import annotations

import re
import threading
from pathlib import Path

from cryoloom.errors import CryoloomError, NotFoundError, ProjectError, wrong_paths_explained
from cryoloom.runtime import Project

_RECORD = "project.json"
_UNFIT = re.compile(r"[^\w.-]+")


class ProjectShelf:
    """Finds, opens and makes the projects that lie directly below one folder.

    Parameters
    ----------
    folder : of the projects
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._opened: dict[str, Project] = {}
        self._lock = threading.Lock()

    def look(self) -> tuple[list[Project], dict[str, str]]:
        """Every project, by name, and name of a folder that should be one → why it cannot be opened.

        Links that lead out of the folder are not followed.
        """
        projects, faults = [], {}
        for place in sorted(self.folder.iterdir()):
            if not (place / _RECORD).is_file() or not place.resolve().is_relative_to(self.folder):
                continue
            try:
                projects.append(self._open(place))
            except CryoloomError as error:
                faults[place.name] = str(error)
        return projects, faults

    def project(self, ulid: str) -> Project:
        """The project of that identity.

        Raises
        ------
        NotFoundError
            If it does not lie here, or not any more.
        """
        with self._lock:
            known = self._opened.get(ulid)
        if known is not None and (known.path / _RECORD).is_file():
            return known
        for project in self.look()[0]:
            if project.record.ulid == ulid:
                return project
        raise NotFoundError(f"There is no project {ulid} in {self.folder}; it may have been moved or removed.")

    def create(self, name: str) -> Project:
        """Make a project in a new folder that is named after it.

        Raises
        ------
        ProjectError
            If no folder can be named so, or there is one.
        InputError
            If the name is too long for the disk.
        """
        folder = _UNFIT.sub("-", name.strip()).strip("-.")
        if not folder:
            raise ProjectError(f"No folder can be named after {name!r}; use letters or digits in the name.")
        place = self.folder / folder
        with wrong_paths_explained():
            if place.exists():
                raise ProjectError(f"There is a folder {place} already; choose another name.", path=place)
            return self._remember(Project.create(place, name.strip()))

    def _open(self, place: Path) -> Project:
        with self._lock:
            for known in self._opened.values():
                if known.path == place:
                    return known
        return self._remember(Project.open(place))

    def _remember(self, project: Project) -> Project:
        with self._lock:
            self._opened[project.record.ulid] = project
        return project
