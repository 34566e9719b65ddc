"""The part of the settings file that says whom the server tells of alarms, and when."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

from cryoloom.errors import FormatError, NotFoundError
from cryoloom.server.alarms import LOOPBACK, AlarmLimits, Channel, MailChannel, WebhookChannel

_LINES = BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)
Texts = Annotated[tuple[str, ...], _LINES]

_MAIL_ADDRESS = re.compile(r"[^\s@<>(),;:\\\"\[\]]+@[A-Za-z0-9.-]+")
_Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,253}$")]
_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.-]{0,39}$")]


class MailSettings(BaseModel):
    """The mail server, and who gets mail."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: _Host = Field(description="The mail server.")
    port: int = Field(587, gt=0, le=65535)
    encryption: Literal["starttls", "tls", "none"] = "starttls"
    sender: str = Field(description="Address that mails come from.")
    recipients: Texts = Field(min_length=1, description="Addresses that every alarm is sent to.")
    user: str = ""
    password_file: Path | None = Field(None, description="File that holds the password, which only this account reads.")

    @field_validator("sender", "recipients")
    @classmethod
    def _are_addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for one in (value,) if isinstance(value, str) else value:
            if not _MAIL_ADDRESS.fullmatch(one):
                raise ValueError(f"{one!r} is no mail address")
        return value

    @model_validator(mode="after")
    def _keeps_the_password(self) -> Self:
        if bool(self.user) is not (self.password_file is not None):
            raise ValueError("user and password_file go together")
        if self.user and self.encryption == "none" and self.host not in LOOPBACK:
            raise ValueError("a password is sent only by starttls or tls")
        return self


class WebhookSettings(BaseModel):
    """An address that news are posted to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: _Name = Field(description="What people call it; the address itself is never shown.")
    address: str = Field(max_length=2000, description="By HTTPS, or by HTTP on this machine.")
    secret_file: Path | None = Field(None, description="File with the key that news are signed by.")

    @field_validator("address")
    @classmethod
    def _is_address(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            raise ValueError("it is no address") from None
        if not value.isascii() or not value.isprintable() or " " in value:
            raise ValueError("it holds a character that no address has")
        if parts.scheme not in {"http", "https"} or not host:
            raise ValueError("it has to begin with https:// and name a host")
        if parts.scheme == "http" and host not in LOOPBACK:
            raise ValueError("it has to be https://, unless it is on this machine")
        if parts.username is not None or parts.password is not None:
            raise ValueError("it must not hold a user or a password; sign by secret_file")
        return value


class OperationFile(BaseModel):
    """What an operator writes for any server."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    mail: MailSettings | None = None
    webhook: tuple[WebhookSettings, ...] = ()
    alarms: AlarmLimits = AlarmLimits()

    @field_validator("webhook")
    @classmethod
    def _have_names_of_their_own(cls, value: tuple[WebhookSettings, ...]) -> tuple[WebhookSettings, ...]:
        if len({one.name for one in value}) < len(value):
            raise ValueError("each webhook needs a name of its own")
        return value

    def channels(self, beside: Path) -> list[Channel]:
        """The ways by which people are told.

        Parameters
        ----------
        beside : folder that a secret file with no whole path lies in

        Raises
        ------
        NotFoundError
            If there is no secret file.
        FormatError
            If it holds no secret, or others can read it.
        """
        channels: list[Channel] = []
        if self.mail is not None:
            known = self.mail.model_dump(exclude={"password_file"})
            file = self.mail.password_file
            password = "" if file is None else read_secret(beside / file, "the password of the mail server")
            channels.append(MailChannel(**known, password=password))
        for one in self.webhook:
            key = "" if one.secret_file is None else read_secret(beside / one.secret_file, f"the key of {one.name}")
            channels.append(WebhookChannel(f"webhook {one.name}", one.address, key))
        return channels


def read_secret(path: Path, what: str) -> str:
    """A secret that is kept in a file which only this account can read.

    Raises
    ------
    NotFoundError
        If there is no such file.
    FormatError
        If it holds no secret, or others can read it.
    """
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise NotFoundError(f"There is no file {path} with {what}.", path=path) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise FormatError(f"Others on this machine can read {path}; `chmod 600 {path}` mends that.", path=path)
    if not text:
        raise FormatError(f"{path} is empty; it has to hold {what}.", path=path)
    return text
