"""Telling programs by a webhook."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import json
import socket
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from cryoloom import __version__
from cryoloom.server.alarms._book import AlarmNews
from cryoloom.server.alarms._channels import DeliveryError, headline

_PATIENCE = 10.0  # seconds
_READ = 4096  # bytes of an answer; more of it is of no use
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class WebhookChannel:
    """An address that news are posted to as JSON.

    Redirections are not followed, and addresses of the network's own services (link-local, multicast) are not called,
    whatever name leads there: the address that was checked is the one that is connected to.

    Parameters
    ----------
    name : of the channel, such as ``webhook chat``
    address : by HTTPS, or by HTTP on this machine; it may hold a secret, so it is never shown
    secret : key of the signature, ``Cryoloom-Signature: sha256=…`` of the body by HMAC; empty: it is not signed
    """

    name: str
    address: str = field(repr=False)
    secret: str = field(default="", repr=False)

    def deliver(self, news: AlarmNews, link: str) -> None:
        """Post it."""
        parts = urlsplit(self.address)
        body = json.dumps(_document(news, link), ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"cryoloom/{__version__}",
            "Cryoloom-News": news.id,
        }
        if self.secret:
            headers["Cryoloom-Signature"] = f"sha256={hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()}"
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection: http.client.HTTPConnection | None = None
        try:
            connection = _connection(parts.scheme, parts.hostname or "", parts.port)
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read(_READ)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise DeliveryError(f"The {self.name} cannot be reached ({reason}).") from None
        finally:
            if connection is not None:
                connection.close()
        if not 200 <= answer.status < 300:
            turned = " (redirections are not followed)" if 300 <= answer.status < 400 else ""
            raise DeliveryError(f"The {self.name} answered with {answer.status}{turned}.")


def _document(news: AlarmNews, link: str) -> dict[str, object]:
    return {
        "id": news.id,
        "text": f"{headline(news)}. {news.sentence}",
        "alarm": news.alarm,
        "title": news.title,
        "happening": news.happening,
        "sentence": news.sentence,
        "at": datetime.fromtimestamp(news.at, UTC).isoformat(timespec="seconds"),
        "project": {"id": news.project, "name": news.project_name},
        "link": link,
    }


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    """A connection to the address that was checked.

    Raises
    ------
    OSError
        If there is none.
    DeliveryError
        If the host leads to where webhooks do not go.
    """
    encrypted = scheme == "https"
    number = port or (443 if encrypted else 80)
    address = _checked_address(host, number)
    connecting = socket.create_connection((address, number), timeout=_PATIENCE)
    try:
        if encrypted:
            connecting = ssl.create_default_context().wrap_socket(connecting, server_hostname=host)
    except BaseException:
        connecting.close()
        raise
    connection = http.client.HTTPConnection(host, number, timeout=_PATIENCE)
    connection.sock = connecting
    return connection


def _checked_address(host: str, port: int) -> str:
    found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for told in found:
        address = ipaddress.ip_address(told.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None) or address
        if mapped.is_link_local or mapped.is_multicast or mapped.is_unspecified or mapped.is_reserved:
            raise DeliveryError("The host of the webhook leads to an address that webhooks do not call.")
        if mapped.is_loopback and host not in LOOPBACK:
            raise DeliveryError(
                "The host of the webhook leads back to this machine; name it 127.0.0.1 if that is meant."
            )
    return found[0]
