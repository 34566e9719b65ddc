"""What a project needs from outside and gets injected: protocols, lanes, versions, and somebody to start drivers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from cryoloom.data import item_kinds
from cryoloom.workflow.lane import Lane
from cryoloom.workflow.protocol import Protocol


class Environment(ABC):
    """The composition root's face towards the workflow; `cryoloom.runtime` implements it."""

    @abstractmethod
    def protocol(self, protocol_id: str) -> type[Protocol]:
        """The protocol of that id.

        Raises
        ------
        NotFoundError
            If there is none; the message names near ones, or the plugin that is off and why.
        """

    @abstractmethod
    def protocols(self) -> Mapping[str, type[Protocol]]:
        """Every protocol that can be used, by id, in the order of their stages."""

    def know_kind(self, kind: str) -> None:
        """See that a kind of item is known, which may be declared where a protocol is, if any declares it."""
        if kind not in item_kinds():
            self.protocols()

    @abstractmethod
    def lane(self, name: str) -> Lane:
        """The lane of that name.

        Raises
        ------
        NotFoundError
            If there is none.
        """

    @abstractmethod
    def versions(self, protocol: type[Protocol]) -> dict[str, str]:
        """Versions of cryoloom, of the protocol's plugin and program, and of numerical libraries."""

    @abstractmethod
    def start_driver(self, project: Path, run: Path, *, actor: str) -> int:
        """Start a driver process for a run that survives the terminal and the server; its process number."""
