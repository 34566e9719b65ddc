"""The projects of a folder, as far as one person may see them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryoloom.auth import Caller, Right, Role, right_of
from cryoloom.errors import FormatError, NotAllowedError, NotFoundError, ReadOnlyError
from cryoloom.runtime import Project
from cryoloom.server._shelf import ProjectShelf
from cryoloom.workflow.project import Project as WorkflowProject
from cryoloom.workflow.sharing import Known, Sharing, read_sharing, write_sharing

_RIGHTS = {"read": Right.READ, "write": Right.WRITE}


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person may do in a project.

    Parameters
    ----------
    right : of the person
    sharing : whose it is, and with whom it is shared
    """

    right: Right
    sharing: Sharing

    @property
    def only_reads(self) -> str:
        """Why the person changes nothing in the project; empty if they may."""
        if self.right >= Right.WRITE:
            return ""
        owner = self.sharing.owner
        return f"Shared with you for reading{'' if owner is None else f' by {owner.name}'}."


class PersonalShelf:
    """What a `ProjectShelf` holds for one person; of everything else it is not told that it is there.

    Parameters
    ----------
    shelf : of all projects
    caller : who looks
    """

    def __init__(self, shelf: ProjectShelf, caller: Caller) -> None:
        self._shelf = shelf
        self._caller = caller
        self.folder: Path = shelf.folder

    def look(self) -> tuple[list[Project], dict[str, str]]:
        """Every project that the person may see, by name, and, for administrators, what cannot be opened and why."""
        projects, faults = self._shelf.look()
        seen = [project for project in projects if self.standing(project).right]
        return seen, faults if self._caller.person.acts_as is Role.ADMIN else {}

    def project(self, ulid: str) -> Project:
        """The project of that identity.

        Raises
        ------
        NotFoundError
            If it does not lie here, or is not shared with the person.
        """
        found = self._shelf.project(ulid)
        if not self.standing(found).right:
            raise NotFoundError(f"There is no project {ulid} in {self.folder}; it may have been moved or removed.")
        return found

    def standing(self, project: WorkflowProject) -> Standing:
        """What the person may do in a project."""
        person = self._caller.person
        try:
            sharing = read_sharing(project.folder)
        except (FormatError, ReadOnlyError):  # administrators mend it; to all others the project is closed
            sharing = Sharing()
        owner = "" if sharing.owner is None else sharing.owner.person
        shares = {share.person: _RIGHTS[share.right] for share in sharing.shares}
        right = right_of(person, owner=owner, shares=shares)
        most = Right.READ if self._caller.read_only else Right.WRITE if self._caller.is_script else Right.OWN
        return Standing(min(right, most), sharing)

    def create(self, name: str) -> Project:
        """Make a project of the person's own, in a new folder that is named after it.

        Raises
        ------
        NotAllowedError
            If the person may only look.
        ProjectError
            If no folder can be named so, or there is one.
        """
        person = self._caller.person
        if not self._caller.may_change:
            raise NotAllowedError("You may look at what is shared with you, not make projects; an administrator can.")
        project = self._shelf.create(name)
        write_sharing(project.folder, Sharing(owner=Known(person=person.id, name=person.name)))
        return project
