"""Projects with what is installed on this machine; apart from the environment, because drivers do without."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from cryoloom.runtime._environment import InstalledEnvironment
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.project import Project as WorkflowProject


class Project(WorkflowProject):
    """A folder of runs that feed each other, with the protocols and lanes of this machine."""

    @classmethod
    def create(cls, path: Path | str, name: str = "") -> Self:
        """Make a new project in a new or empty folder.

        Raises
        ------
        ProjectError
            If the folder is not empty.
        """
        return cls(ProjectFolder.create(Path(path), name), InstalledEnvironment())

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open a project.

        Raises
        ------
        NotFoundError
            If there is none.
        """
        return cls(ProjectFolder.open(Path(path)), InstalledEnvironment())
