"""What a browser knows already, and is not sent again."""

from __future__ import annotations

from hashlib import blake2b

from fastapi import Response

from cryoloom import __version__


def tag_of(*question: object) -> str:
    """An ETag of all that an answer depends on, as this version works it out."""
    return f'"{blake2b(repr((__version__, *question)).encode(), digest_size=12).hexdigest()}"'


def if_known(known: str, headers: dict[str, str]) -> Response | None:
    """The answer that nothing has changed; None if the browser does not have it.

    Parameters
    ----------
    known : what the browser says in ``If-None-Match``
    headers : of the answer, with its ``ETag``
    """
    if headers["ETag"] in (one.strip().removeprefix("W/") for one in known.split(",")):
        return Response(status_code=304, headers=headers)
    return None
