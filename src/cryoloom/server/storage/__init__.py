"""What takes space in projects, and making space, in the background."""

from cryoloom.server.storage._desk import StorageDesk, Stored
from cryoloom.server.storage._disk import DiskWatch

__all__ = ["DiskWatch", "StorageDesk", "Stored"]
