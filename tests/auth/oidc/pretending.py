"""A provider that answers what a test wants, wrong things above all."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import RSAKey

ISSUER = "https://id.example.org/realm"
CLIENT = "cryoloom"
SECRET = "the secret of the client"


class Pretending(httpx2.BaseTransport):
    """Stands in for the network.

    Attributes `claims`, `header`, `key`, `userinfo` and `offers` may be changed to pretend something else; `asked` is
    what it was sent.
    """

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})
        self.published = [self.key]
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "1"}
        self.claims: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.nonce = ""
        self.sign: Callable[[dict[str, Any]], str] = self._signed
        self.asked: list[httpx2.Request] = []
        self.offers: dict[str, Any] = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/auth",
            "token_endpoint": f"{ISSUER}/token",
            "userinfo_endpoint": f"{ISSUER}/me",
            "jwks_uri": f"{ISSUER}/keys",
            "end_session_endpoint": f"{ISSUER}/leave",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one request."""
        self.asked.append(request)
        path = request.url.path
        if path.endswith("openid-configuration"):
            return httpx2.Response(200, json=self.offers)
        if path.endswith("/keys"):
            return httpx2.Response(200, json={"keys": [key.as_dict(private=False) for key in self.published]})
        if path.endswith("/token"):
            return httpx2.Response(
                200,
                json={
                    "access_token": "opaque",
                    "token_type": "Bearer",
                    "expires_in": 60,
                    "id_token": self.sign(self.told),
                },
            )
        if path.endswith("/me"):
            return httpx2.Response(200, json={"sub": self.told.get("sub"), **self.userinfo})
        return httpx2.Response(404)

    @property
    def told(self) -> dict[str, Any]:
        """The claims of the identity token; None takes one out."""
        now = int(time.time())
        honest = {"iss": ISSUER, "aud": CLIENT, "sub": "17", "iat": now, "exp": now + 300, "nonce": self.nonce}
        return {name: value for name, value in (honest | self.claims).items() if value is not None}

    def follow(self, address: str) -> str:
        """Take a browser that was sent here, and give the state that it brings back."""
        sent = parse_qs(urlsplit(address).query)
        self.nonce = sent["nonce"][0]
        return sent["state"][0]

    def sent(self, path: str) -> dict[str, list[str]]:
        """The form that was sent to a place."""
        (request,) = [one for one in self.asked if one.url.path.endswith(path)]
        return parse_qs(request.content.decode())

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode(self.header, claims, self.key)


def unsigned(claims: dict[str, Any], header: dict[str, Any], signature: str = "") -> str:
    """A token whose signature is what one likes."""
    import base64

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part(header)}.{part(claims)}.{signature}"
