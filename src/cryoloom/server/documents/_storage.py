"""The storage of one project, and of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cryoloom.server.documents._projects import why_read_only
from cryoloom.server.models import AllStorage, ProjectStorage, StorageDocument

if TYPE_CHECKING:
    from cryoloom.runtime import Project
    from cryoloom.server.people import Standing
    from cryoloom.server.storage import DiskWatch, StorageDesk


def storage_document(project: Project, standing: Standing, desk: StorageDesk, watch: DiskWatch) -> StorageDocument:
    """What is known of the storage of a project, for a person who stands in it so."""
    stored = desk.stored(project)
    disk, seconds = watch.look()
    return StorageDocument(
        measure=stored.measure,
        task=stored.task,
        problem=stored.problem,
        last=stored.last,
        read_only=why_read_only(project, standing),
        disk=disk,
        seconds_to_full=seconds,
    )


def all_storage(projects: Sequence[tuple[Project, Standing]], desk: StorageDesk, watch: DiskWatch) -> AllStorage:
    """What is known of the storage of every project, each with how a person stands in it."""
    disk, seconds = watch.look()
    told = [_among_all(project, standing, desk) for project, standing in projects]
    return AllStorage(projects=told, disk=disk, seconds_to_full=seconds)


def _among_all(project: Project, standing: Standing, desk: StorageDesk) -> ProjectStorage:
    stored, record = desk.stored(project), project.record
    measure = stored.measure
    return ProjectStorage(
        project=record.ulid,
        name=record.name,
        bytes=None if measure is None else measure.bytes,
        frees=None if measure is None else measure.frees,
        trash_bytes=None if measure is None else measure.trash.bytes,
        raw_bytes=None if measure is None else measure.raw_bytes,
        measured=None if measure is None else measure.at,
        task=stored.task,
        problem=stored.problem,
        read_only=why_read_only(project, standing),
    )
