"""The storage of one project, and of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cryoloom.server.documents._projects import why_read_only
from cryoloom.server.models import AllStorage, ProjectStorage, StorageDocument

if TYPE_CHECKING:
    from cryoloom.auth import Right
    from cryoloom.runtime import Project
    from cryoloom.server.storage import DiskWatch, StorageDesk
    from cryoloom.workflow.sharing import Sharing


def storage_document(
    project: Project, right: Right, sharing: Sharing, desk: StorageDesk, watch: DiskWatch
) -> StorageDocument:
    """What is known of the storage of a project, for a person with some right in it."""
    standing = desk.standing(project)
    disk, seconds = watch.look()
    return StorageDocument(
        measure=standing.measure,
        task=standing.task,
        problem=standing.problem,
        last=standing.last,
        read_only=_why_read_only(project, right, sharing),
        disk=disk,
        seconds_to_full=seconds,
    )


def all_storage(projects: Sequence[tuple[Project, Right, Sharing]], desk: StorageDesk, watch: DiskWatch) -> AllStorage:
    """What is known of the storage of every project, each with the right that a person has in it."""
    disk, seconds = watch.look()
    told = [_among_all(project, right, sharing, desk) for project, right, sharing in projects]
    return AllStorage(projects=told, disk=disk, seconds_to_full=seconds)


def _among_all(project: Project, right: Right, sharing: Sharing, desk: StorageDesk) -> ProjectStorage:
    standing, record = desk.standing(project), project.record
    measure = standing.measure
    return ProjectStorage(
        project=record.ulid,
        name=record.name,
        bytes=None if measure is None else measure.bytes,
        frees=None if measure is None else measure.frees,
        trash_bytes=None if measure is None else measure.trash.bytes,
        raw_bytes=None if measure is None else measure.raw_bytes,
        measured=None if measure is None else measure.at,
        task=standing.task,
        problem=standing.problem,
        read_only=_why_read_only(project, right, sharing),
    )


def _why_read_only(project: Project, right: Right, sharing: Sharing) -> str:
    return why_read_only(project, right, "" if sharing.owner is None else sharing.owner.name)
