"""Who is let in, and who is an administrator, by what the provider tells of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

from cryoloom.auth._people import Person, Role
from cryoloom.auth.oidc._problems import SignInError

_LONGEST = 200  # letters of a name


@dataclass(frozen=True, slots=True)
class Admission:
    """The rules of a server.

    Parameters
    ----------
    issuer : address of the provider, exactly as it calls itself
    admins : e-mail addresses of administrators; they count only where the provider has confirmed them
    admin_claim, admin_values : whoever has one of the values in that claim is an administrator too
    member_claim, member_values : if given, only who has one of the values in that claim is let in
    first_role : of who comes for the first time, until an administrator decides otherwise
    """

    issuer: str
    admins: tuple[str, ...] = ()
    admin_claim: str = ""
    admin_values: tuple[str, ...] = ()
    member_claim: str = ""
    member_values: tuple[str, ...] = ()
    first_role: Role = Role.USER

    @property
    def digest(self) -> str:
        """Changes with the rules; who came in by others has to sign in again."""
        return hashlib.blake2b(repr(astuple(self)).encode(), digest_size=8).hexdigest()

    def person(self, claims: Mapping[str, Any]) -> Person:
        """Who it is.

        Parameters
        ----------
        claims : that the provider makes, checked

        Raises
        ------
        SignInError
            If they are not let in.
        """
        subject = _text(claims.get("sub"))
        email = _text(claims.get("email")) if claims.get("email_verified") is True else ""
        name = _text(claims.get("name")) or _text(claims.get("preferred_username")) or email or subject
        appointed = email.casefold() in {one.casefold() for one in self.admins if one} or _has(
            claims, self.admin_claim, self.admin_values
        )
        if self.member_claim and not appointed and not _has(claims, self.member_claim, self.member_values):
            raise SignInError("member", f"{name} ({subject}) has none of the wanted values of {self.member_claim}.")
        return Person(self.issuer, subject, name, email, appointed=appointed, rules=self.digest)


def _text(value: object) -> str:
    """One line of bounded length; whatever else a provider tells is no name."""
    if not isinstance(value, str):
        return ""
    return " ".join("".join(letter for letter in value if letter.isprintable()).split())[:_LONGEST]


def _has(claims: Mapping[str, Any], claim: str, wanted: tuple[str, ...]) -> bool:
    told = claims.get(claim) if claim else None
    values = [told] if isinstance(told, str) else told if isinstance(told, list) else []
    return any(isinstance(value, str) and value in wanted for value in values)
