"""The microscopes of a server, in one file that only its account reads."""

from __future__ import annotations

import threading
from pathlib import Path

from pydantic import Field

from cryoloom.durable import replace_json
from cryoloom.errors import NotFoundError, ProjectError
from cryoloom.server.models import Microscope, Microscopes
from cryoloom.workflow.run import Record, read_record


class _Record(Record):
    microscopes: list[Microscope] = Field(default_factory=list)
    revision: int = 0


class MicroscopeBook:
    """Remembers microscopes.

    Parameters
    ----------
    file : that they are kept in; made when the first is defined
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()

    def read(self) -> Microscopes:
        """Every microscope; none if nobody has defined one.

        Raises
        ------
        FormatError
            If the file was damaged.
        """
        try:
            record = read_record(self._file, _Record)
        except FileNotFoundError:
            record = _Record()
        return Microscopes(microscopes=tuple(record.microscopes), revision=record.revision)

    def microscope(self, name: str) -> Microscope:
        """The microscope of that name.

        Raises
        ------
        NotFoundError
            If there is none.
        """
        for one in self.read().microscopes:
            if one.name == name:
                return one
        raise NotFoundError(f"There is no microscope {name!r} on this server any more; load the page again.")

    def replace(self, wanted: Microscopes) -> Microscopes:
        """Remember these microscopes, and no others.

        Raises
        ------
        ProjectError
            If somebody else has changed them since, or two have the same name.
        """
        names = [one.name for one in wanted.microscopes]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ProjectError(f"Two microscopes are called {twice}; give each a name of its own.")
        with self._lock:
            if self.read().revision != wanted.revision:
                raise ProjectError("Somebody has changed the microscopes since you looked; load the page again.")
            successor = wanted.model_copy(update={"revision": wanted.revision + 1})
            record = _Record(microscopes=list(successor.microscopes), revision=successor.revision)
            replace_json(self._file, record.model_dump(mode="json"))
        return successor
