"""The settings file of a server: whom it tells of alarms, and how people sign in if others can reach it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from cryoloom.auth import Role
from cryoloom.auth.oidc import Admission, Client, Provider, is_confidential
from cryoloom.errors import FormatError, NotFoundError
from cryoloom.server._operation import OperationFile, Texts, read_secret
from cryoloom.server._settings import SignIn


class SettingsFile(OperationFile):
    """What an operator writes for a server that others can reach."""

    address: str = Field(description="By which browsers reach the server, as https://cryoloom.example.org.")
    client_id: str = Field(min_length=1, description="That the provider has given.")
    client_secret_file: Path = Field(description="File that holds the secret, which only this account can read.")
    provider: str = Field("your identity provider", description="What people call the provider.")
    scopes: Texts = ("openid", "profile", "email")
    admins: Texts = Field((), description="Confirmed e-mail addresses of administrators.")
    admin_claim: str = ""
    admin_values: Texts = Field((), description="Whoever has one of these in that claim is an administrator.")
    member_claim: str = ""
    member_values: Texts = Field((), description="If given, only who has one of these in that claim is let in.")
    first_role: Role = Field(Role.USER, description="Of who comes for the first time.")
    session_hours: float = Field(168, gt=0, le=720, description="After which people sign in again.")
    data_folders: tuple[Path, ...] = Field((), description="Only below these may runs read what people name.")

    @field_validator("address")
    @classmethod
    def _is_address(cls, value: str) -> str:
        value = value.rstrip("/")
        if not is_confidential(value) or urlsplit(value).path or urlsplit(value).query:
            raise ValueError("it has to be an address by HTTPS without a path, as https://cryoloom.example.org")
        return value

    @field_validator("scopes")
    @classmethod
    def _asks_for_identity(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in value:
            raise ValueError("openid has to be among them")
        return value

    @field_validator("data_folders")
    @classmethod
    def _are_whole(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        for folder in value:
            if not folder.is_absolute():
                raise ValueError(f"{folder} does not begin with /")
        return value

    @model_validator(mode="after")
    def _has_administrators(self) -> Self:
        if not self.admins and not (self.admin_claim and self.admin_values):
            raise ValueError("name at least one administrator, by admins, or by admin_claim and admin_values")
        if bool(self.member_claim) is not bool(self.member_values):
            raise ValueError("member_claim and member_values go together")
        return self

    @property
    def host(self) -> str:
        """Name by which browsers call the server."""
        return urlsplit(self.address).hostname or ""

    def sign_in(self, issuer: str, beside: Path) -> SignIn:
        """How people sign in.

        Parameters
        ----------
        issuer : the provider
        beside : folder that a secret file with no whole path lies in

        Raises
        ------
        NotFoundError
            If there is no secret file.
        FormatError
            If it holds no secret, or others can read it.
        """
        client = Client(
            self.client_id,
            read_secret(beside / self.client_secret_file, "the secret of the client"),
            self.address,
            self.scopes,
        )
        admission = Admission(
            issuer=issuer,
            admins=self.admins,
            admin_claim=self.admin_claim,
            admin_values=self.admin_values,
            member_claim=self.member_claim,
            member_values=self.member_values,
            first_role=self.first_role,
        )
        return SignIn(Provider(issuer, client), admission, self.provider, self.session_hours * 3600)


_File = TypeVar("_File", bound=OperationFile)


def read_settings_file(path: Path) -> SettingsFile:
    """Read the settings of a server that others can reach; raises what `read_operation_file` does."""
    return _read(path, SettingsFile)


def read_operation_file(path: Path) -> OperationFile:
    """Read the settings of a server that only this account uses.

    Raises
    ------
    NotFoundError
        If there is no such file.
    FormatError
        If it does not say what it should; the message says which line is at fault.
    """
    return _read(path, OperationFile)


def _read(path: Path, kind: type[_File]) -> _File:
    try:
        return kind.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise NotFoundError(f"There is no settings file {path}.", path=path) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} is no TOML: {error}.", path=path) from error
    except ValidationError as error:
        raise FormatError(f"{path} has to be mended: {'; '.join(map(_said, error.errors()))}.", path=path) from None


def _said(problem: ErrorDetails) -> str:
    where = ".".join(map(str, problem["loc"])) or "the file"
    if problem["type"] == "extra_forbidden" and where in SettingsFile.model_fields:
        return f"{where}: it is of use only where people sign in, with --oidc"
    return f"{where}: {problem['msg'].removeprefix('Value error, ')}"
