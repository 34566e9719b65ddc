"""The file that says how people sign in to a server that others can reach."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from cryoloom.auth import Role
from cryoloom.auth.oidc import Admission, Client, Provider, is_confidential
from cryoloom.errors import FormatError, NotFoundError
from cryoloom.server._settings import SignIn

_LINES = BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)
Texts = Annotated[tuple[str, ...], _LINES]


class SettingsFile(BaseModel):
    """What an operator writes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

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
        client = Client(self.client_id, _secret(beside / self.client_secret_file), self.address, self.scopes)
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


def read_settings_file(path: Path) -> SettingsFile:
    """Read the settings of a server that others can reach.

    Raises
    ------
    NotFoundError
        If there is no such file.
    FormatError
        If it does not say what it should; the message says which line is at fault.
    """
    try:
        return SettingsFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise NotFoundError(f"There is no settings file {path}.", path=path) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} is no TOML: {error}.", path=path) from error
    except ValidationError as error:
        sentences = [
            f"{'.'.join(map(str, problem['loc'])) or 'the file'}: {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
        ]
        raise FormatError(f"{path} has to be mended: {'; '.join(sentences)}.", path=path) from None


def _secret(path: Path) -> str:
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise NotFoundError(f"There is no file {path} with the secret of the client.", path=path) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise FormatError(f"Others on this machine can read {path}; `chmod 600 {path}` mends that.", path=path)
    if not text:
        raise FormatError(f"{path} is empty; it has to hold the secret of the client.", path=path)
    return text
