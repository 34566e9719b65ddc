"""What the first page says of the machine."""

from __future__ import annotations

from pydantic import Field

from cryoloom.server.models._document import Document


class Disk(Document):
    """The disk that projects live on."""

    free_bytes: int
    total_bytes: int


class Program(Document):
    """A program that plugins use."""

    name: str
    path: str | None = Field(description="Where it was found; null if it was not.")


class MachineDocument(Document):
    """The machine that the server runs on."""

    version: str = Field(description="Of cryoloom.")
    host: str
    person: str = Field(description="The account that everything runs as.")
    projects_folder: str
    cores: int
    memory_bytes: int
    gpus: list[str]
    disk: Disk
    programs: list[Program]
