"""Sharing a project, and handing it over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.auth import PeopleFolder, Person, Role
from cryoloom.errors import NotFoundError, ParameterError, ProjectError, RevisionConflictError
from cryoloom.server.models import HandoverPreview, Kept, KnownPerson, NewShare, SharedWith, SharingDocument
from cryoloom.workflow.sharing import Known, Share, Sharing, read_sharing, write_sharing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryoloom.runtime import Project


def sharing_document(sharing: Sharing, *, may_change: bool) -> SharingDocument:
    """With whom a project is shared."""
    return SharingDocument(
        owner="" if sharing.owner is None else sharing.owner.person,
        owner_name="" if sharing.owner is None else sharing.owner.name,
        shares=[SharedWith(person=one.person, name=one.name, right=one.right) for one in sharing.shares],
        revision=sharing.revision,
        may_change=may_change,
    )


def known_person(person: Person) -> KnownPerson:
    """A person, as others of the server see them."""
    return KnownPerson(id=person.id, name=person.name, email=person.email)


def share(project: Project, people: PeopleFolder, wanted: Sequence[NewShare], revision: int) -> Sharing:
    """Share a project with these people, and nobody else.

    Raises
    ------
    NotFoundError
        If one of them has never signed in here.
    ParameterError
        If one of them is the owner, or told twice.
    RevisionConflictError
        If somebody else changed it since it was read.
    """
    before = read_sharing(project.folder)
    names = {one.person: one.name for one in before.shares}
    shares: list[Share] = []
    for one in wanted:
        person = people.person(one.person)
        name = names.get(one.person, "") if person is None else person.name
        if person is None and one.person not in names:
            raise NotFoundError("One of these people is not known here; they have to sign in once.")
        if before.owner is not None and one.person == before.owner.person:
            raise ParameterError(f"{name} owns the project, and needs no share of it.")
        if any(one.person == other.person for other in shares):
            raise ParameterError(f"{name} is told twice; share with each person once.")
        shares.append(Share(person=one.person, name=name, right=one.right))
    return write_sharing(project.folder, before.model_copy(update={"shares": shares, "revision": revision}))


def preview_handover(project: Project, people: PeopleFolder, to: str, keep: Kept) -> HandoverPreview:
    """What handing a project over does; see `hand_over` for what is raised."""
    sharing = read_sharing(project.folder)
    new = _new_owner(people, sharing, to)
    name = project.record.name
    sentences = [f"{name} belongs to {new.name}, who alone, besides administrators, may share it or hand it over."]
    if sharing.owner is not None:
        afterwards = {"write": "may still work in it", "read": "may only look at it", "nothing": "does not find it"}
        sentences.append(f"{sharing.owner.name} {afterwards[keep]}.")
    others = [one.name for one in sharing.shares if one.person != new.id]
    if others:
        sentences.append(f"It stays shared with {', '.join(others)}.")
    running = sum(run.state is not None and run.state.active for run in project.listing().runs)
    if running:
        sentences.append(f"{running} run{' goes' if running == 1 else 's go'} on as if nothing had happened.")
    sentences.append("No file is moved, and who did what until now stays on record.")
    return HandoverPreview(to=known_person(new), keep=keep, revision=sharing.revision, sentences=sentences)


def hand_over(project: Project, people: PeopleFolder, to: str, keep: Kept, revision: int) -> Sharing:
    """Make somebody else the owner of a project.

    Raises
    ------
    NotFoundError
        If the person has never signed in here.
    ProjectError
        If the person cannot own projects, or owns this one already.
    RevisionConflictError
        If anything has changed since the preview.
    """
    before = read_sharing(project.folder)
    if before.revision != revision:
        raise RevisionConflictError("Whose this project is has changed since you looked; look at the preview again.")
    new = _new_owner(people, before, to)
    shares = [one for one in before.shares if one.person != new.id]
    if before.owner is not None and keep != "nothing":
        shares.append(Share(person=before.owner.person, name=before.owner.name, right=keep))
    owner = Known(person=new.id, name=new.name)
    return write_sharing(project.folder, before.model_copy(update={"owner": owner, "shares": shares}))


def _new_owner(people: PeopleFolder, sharing: Sharing, identity: str) -> Person:
    person = people.person(identity)
    if person is None:
        raise NotFoundError("That person is not known here; they have to sign in once.")
    if person.blocked or person.acts_as is Role.VIEWER:
        raise ProjectError(f"{person.name} may only look, or not come in at all, so they cannot own a project.")
    if sharing.owner is not None and sharing.owner.person == identity:
        raise ProjectError(f"The project is {person.name}'s already.")
    return person
