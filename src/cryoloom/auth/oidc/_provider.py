"""An identity provider: what it offers, its keys, and what it answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.common.urls import add_params_to_uri
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from cryoloom.auth.oidc._flow import Flow
from cryoloom.auth.oidc._problems import SignInError

_LEEWAY = 120  # seconds by which clocks may differ
_KNOWN_FOR = 3600  # seconds, after which what the provider offers is read again
_PATIENCE = 10  # seconds
_SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures that only the provider can make: ``none`` is none, and those with a shared secret could be ours."""


@dataclass(frozen=True, slots=True)
class Client:
    """As what a server is known to a provider.

    Parameters
    ----------
    id, secret : that the provider has given
    address : of the server, as browsers reach it
    scopes : that are asked for
    """

    id: str
    secret: str = field(repr=False)
    address: str
    scopes: tuple[str, ...] = ("openid", "profile", "email")

    @property
    def returns_to(self) -> str:
        """Where the provider sends people back to."""
        return f"{self.address}/signed-in"


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody whom the provider vouches for.

    Parameters
    ----------
    claims : that it makes, checked
    id_token : by which it knows the session again when that is ended
    """

    claims: Mapping[str, Any]
    id_token: str = field(repr=False)


class Provider:
    """Speaks to one provider.

    Parameters
    ----------
    issuer : its address, exactly as it calls itself
    client : as what it knows us
    transport : in place of the network, for tests
    """

    def __init__(self, issuer: str, client: Client, *, transport: httpx2.BaseTransport | None = None) -> None:
        self.issuer = issuer
        self.client = client
        self._transport = transport
        self._lock = threading.Lock()
        self._offered: tuple[float, dict[str, Any]] | None = None
        self._keys: KeySet | None = None

    def way_in(self, flow: Flow) -> str:
        """Address of the provider to send a browser to.

        Raises
        ------
        SignInError
            If the provider does not answer as it should.
        """
        with self._session() as session:
            address, _ = session.create_authorization_url(
                self._place("authorization_endpoint"),
                state=flow.state,
                nonce=flow.nonce,
                code_verifier=flow.verifier,
            )
        return str(address)

    def arrival(self, flow: Flow, code: str, *, issuer: str = "") -> Arrival:
        """Who has come back with a code.

        Parameters
        ----------
        flow : that the same browser has begun
        code : from the address
        issuer : who says to have sent it, if that is told (RFC 9207)

        Raises
        ------
        SignInError
            If it cannot be trusted, or the provider does not answer.
        """
        if issuer and issuer != self.issuer:
            raise SignInError("token", f"The answer comes from {issuer!r}, not from {self.issuer}.")
        with self._session() as session:
            try:
                token = session.fetch_token(
                    self._place("token_endpoint"),
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=flow.verifier,
                )
            except (AuthlibBaseError, httpx2.HTTPError, ValueError) as error:
                raise SignInError("provider", f"{self.issuer} gives nothing for the code: {error}") from error
            claims = self._checked(token, flow.nonce)
            told = self._userinfo(session, str(claims["sub"]))
        return Arrival({**told, **claims}, str(token["id_token"]))

    def way_out(self, id_token: str) -> str:
        """Where the provider ends its own session, and comes back from; empty if it has no such place, or is away."""
        try:
            if not self._offers().get("end_session_endpoint"):
                return ""
            place = self._place("end_session_endpoint")
        except SignInError:
            return ""
        told = {"client_id": self.client.id, "post_logout_redirect_uri": f"{self.client.address}/"}
        if id_token:
            told["id_token_hint"] = id_token
        return str(add_params_to_uri(place, list(told.items())))

    def check(self) -> None:
        """Make sure that the provider answers as it should.

        Raises
        ------
        SignInError
            If it does not.
        """
        for place in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            self._place(place)

    def _checked(self, token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """Claims of the identity token: signed by the provider, for us, now, in answer to this sign-in."""
        try:
            decoded = self._decoded(str(token.get("id_token", "")))
            wanted = {
                "iss": {"essential": True, "value": self.issuer},
                "aud": {"essential": True, "value": self.client.id},
                "sub": {"essential": True},
                "exp": {"essential": True},
                "nonce": {"essential": True, "value": nonce},
            }
            told = {"nonce": nonce, "client_id": self.client.id, "access_token": token.get("access_token")}
            claims = CodeIDToken(decoded.claims, decoded.header, wanted, told)
            claims.validate(leeway=_LEEWAY)
        except (JoseError, ValueError, TypeError) as error:
            raise SignInError("token", f"The identity token of {self.issuer} cannot be trusted: {error}") from error
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise SignInError("token", f"The identity token of {self.issuer} does not say who it is about.")
        return dict(claims)

    def _decoded(self, id_token: str) -> jwt.Token:
        offered = self._offers().get("id_token_signing_alg_values_supported") or ["RS256"]
        accepted = [name for name in _SIGNED_BY if name in offered]
        if not accepted:
            raise ValueError("it offers no signature that only the provider can make")
        registry = JWSRegistry(algorithms=accepted, strict_check_header=False)
        try:
            return jwt.decode(id_token, self._key_set(), registry=registry)
        except InvalidKeyIdError:  # the provider may have new keys
            return jwt.decode(id_token, self._key_set(anew=True), registry=registry)

    def _userinfo(self, session: OAuth2Client, subject: str) -> dict[str, Any]:
        if not self._offers().get("userinfo_endpoint"):
            return {}
        try:
            answer = session.get(self._place("userinfo_endpoint"))
            answer.raise_for_status()
            told = answer.json()
        except (AuthlibBaseError, httpx2.HTTPError, ValueError) as error:
            raise SignInError("provider", f"{self.issuer} does not tell who has come: {error}") from error
        if not isinstance(told, dict) or told.get("sub") != subject:
            raise SignInError("token", f"{self.issuer} tells of somebody else than who has come.")
        return told

    def _key_set(self, *, anew: bool = False) -> KeySet:
        with self._lock:
            if self._keys is None or anew:
                self._keys = KeySet.import_key_set(self._fetched(self._place("jwks_uri")))  # type: ignore[arg-type]
            return self._keys

    def _offers(self) -> dict[str, Any]:
        """What the provider says of itself."""
        known = self._offered
        if known is not None and time.monotonic() - known[0] < _KNOWN_FOR:
            return known[1]
        told = self._fetched(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if told.get("issuer") != self.issuer:
            raise SignInError(
                "provider", f"The provider at {self.issuer} calls itself {told.get('issuer')!r}; give that as --oidc."
            )
        self._offered = (time.monotonic(), told)
        return told

    def _place(self, name: str) -> str:
        place = self._offers().get(name)
        if not isinstance(place, str) or not is_confidential(place):
            raise SignInError("provider", f"The {name} of {self.issuer} is {place!r}, which is no address by HTTPS.")
        return place

    def _fetched(self, address: str) -> dict[str, Any]:
        if not is_confidential(address):
            raise SignInError("provider", f"{address} is no address by HTTPS.")
        try:
            with httpx2.Client(transport=self._transport, timeout=_PATIENCE) as client:
                answer = client.get(address)
                answer.raise_for_status()
                told = answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise SignInError("provider", f"{address} does not answer as it should: {error}") from error
        if not isinstance(told, dict):
            raise SignInError("provider", f"{address} does not answer as it should.")
        return told

    def _session(self) -> OAuth2Client:
        methods = self._offers().get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        basic = "client_secret_basic" in methods
        return OAuth2Client(
            self.client.id,
            self.client.secret,
            token_endpoint_auth_method="client_secret_basic" if basic else "client_secret_post",
            scope=" ".join(self.client.scopes),
            redirect_uri=self.client.returns_to,
            code_challenge_method="S256",
            leeway=0,  # some providers' tokens are good for a minute only
            transport=self._transport,
            timeout=_PATIENCE,
        )


def is_confidential(address: str) -> bool:
    """Whether nobody on the way can read or change what is said: by HTTPS, or on this machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    here = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and here))
