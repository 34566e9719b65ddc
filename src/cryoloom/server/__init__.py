"""The HTTP interface of a folder of projects, events as they happen, and the web app."""

from cryoloom.server._application import create_application
from cryoloom.server._operation import OperationFile
from cryoloom.server._settings import ServerSettings, SignIn
from cryoloom.server._settings_file import SettingsFile, read_operation_file, read_settings_file

__all__ = [
    "OperationFile",
    "ServerSettings",
    "SettingsFile",
    "SignIn",
    "create_application",
    "read_operation_file",
    "read_settings_file",
]
