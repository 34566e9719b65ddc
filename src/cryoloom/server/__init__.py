"""The HTTP interface of a folder of projects, events as they happen, and the web app."""

from cryoloom.server._application import create_application
from cryoloom.server._settings import ServerSettings

__all__ = ["ServerSettings", "create_application"]
