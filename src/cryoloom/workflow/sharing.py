"""Whose a project is, and with whom it is shared: ``sharing.json`` in its folder, so that it moves along.

It binds people who come by a server; who can read the folder itself needs nobody's leave.
"""

from __future__ import annotations

import threading
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cryoloom.durable import replace_json
from cryoloom.errors import ReadOnlyError, RevisionConflictError
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.run import FORMAT_VERSION, Record, as_document, read_record

_FILE = "sharing.json"
_lock = threading.Lock()


class Known(BaseModel):
    """Somebody, as a project knows them.

    The name is as it was when it was written, for servers that do not know the person.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    person: str = Field(description="identity: a digest of who vouches for the person, and by what name")
    name: str


class Share(Known):
    """What somebody may do in a project that is another's."""

    right: Literal["read", "write"]


class Sharing(Record):
    """``sharing.json``."""

    owner: Known | None = None
    shares: list[Share] = Field(default_factory=list)
    revision: int = 0


def read_sharing(folder: ProjectFolder) -> Sharing:
    """Whose a project is; nobody's if nothing was written."""
    try:
        return read_record(folder.path / _FILE, Sharing)
    except FileNotFoundError:
        return Sharing()


def write_sharing(folder: ProjectFolder, sharing: Sharing) -> Sharing:
    """Replace what was read at the same revision.

    Raises
    ------
    RevisionConflictError
        If somebody else changed it since.
    ReadOnlyError
        If a newer cryoloom wrote it.
    """
    path = folder.path / _FILE
    folder.check_format()
    if sharing.format_version > FORMAT_VERSION:
        raise ReadOnlyError(f"{path} was written by a newer cryoloom; update cryoloom to change it.", path=path)
    with _lock:
        if read_sharing(folder).revision != sharing.revision:
            raise RevisionConflictError(
                "Somebody else changed with whom this project is shared; read it again and repeat the change.",
                path=path,
            )
        successor = sharing.model_copy(update={"revision": sharing.revision + 1})
        replace_json(path, as_document(successor))
    return successor
