"""Signing in by OpenID Connect: authorisation code with PKCE, state and nonce; discovery, keys, and signing out.

Authlib speaks OAuth 2 and knows the claims, joserfc the signatures; here stands what a server has to insist on.
"""

from cryoloom.auth.oidc._admission import Admission
from cryoloom.auth.oidc._flow import Flow, inner_address
from cryoloom.auth.oidc._problems import SignInError, Why
from cryoloom.auth.oidc._provider import Arrival, Client, Provider, is_confidential

__all__ = [
    "Admission",
    "Arrival",
    "Client",
    "Flow",
    "Provider",
    "SignInError",
    "Why",
    "inner_address",
    "is_confidential",
]
