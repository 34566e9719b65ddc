"""Telling people by mail."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

from cryoloom.server.alarms._book import AlarmNews
from cryoloom.server.alarms._channels import DeliveryError, headline

_PATIENCE = 20.0  # seconds


@dataclass(frozen=True)
class MailChannel:
    """Mail by a server of the operator's.

    Parameters
    ----------
    host, port : of the mail server
    encryption : ``starttls`` and ``tls`` check the server's certificate
    sender, recipients : addresses
    user, password : by which one signs in; empty: without
    name : of the channel
    """

    host: str
    port: int
    encryption: Literal["starttls", "tls", "none"]
    sender: str
    recipients: tuple[str, ...]
    user: str = ""
    password: str = field(default="", repr=False)
    name: str = "mail"

    def deliver(self, news: AlarmNews, link: str) -> None:
        """Send one mail to all recipients."""
        try:
            with self._server() as server:
                if self.user:
                    server.login(self.user, self.password)
                server.send_message(self.message(news, link), self.sender, list(self.recipients))
        except smtplib.SMTPAuthenticationError as error:
            raise DeliveryError(f"{self.host} refuses the user or the password (code {error.smtp_code}).") from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = ", ".join(sorted({str(code) for code, _ in error.recipients.values()}))
            raise DeliveryError(f"{self.host} refuses every recipient (code {codes}).") from None
        except smtplib.SMTPResponseException as error:
            raise DeliveryError(f"{self.host} does not take the mail (code {error.smtp_code}).") from None
        except (OSError, smtplib.SMTPException) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise DeliveryError(f"{self.host}, port {self.port}, cannot be used for mail ({reason}).") from None

    def message(self, news: AlarmNews, link: str) -> EmailMessage:
        """The mail; what was sent twice has the same ``Message-ID``."""
        message = EmailMessage()
        message["Subject"] = headline(news)
        message["From"] = self.sender
        message["To"] = ", ".join(self.recipients)
        message["Date"] = format_datetime(datetime.fromtimestamp(news.at, UTC))
        message["Message-ID"] = f"<{news.id}@{self.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message["Cryoloom-News"] = news.id
        at = datetime.fromtimestamp(news.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        lines = [headline(news), "", news.sentence, "", f"At {at}."]
        message.set_content("\n".join([*lines, link] if link else lines) + "\n")
        return message

    def _server(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.encryption == "tls":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=_PATIENCE, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=_PATIENCE)
        if self.encryption == "starttls":
            try:
                server.starttls(context=context)
            except BaseException:
                with suppress(OSError, smtplib.SMTPException):
                    server.close()
                raise
        return server
