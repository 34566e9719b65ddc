"""Who may call which route: one rule for all of them, and the few that ask for more."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Request

from cryoloom.auth import SAFE_METHODS, Caller, Right
from cryoloom.errors import NotAllowedError
from cryoloom.server._context import Context, ContextOfCall

_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


def may_call(request: Request, context: ContextOfCall) -> None:
    """Refuse what the caller may not do.

    In a project, looking needs the right to read, and everything else the right to write; outside of projects, who may
    only look changes nothing.

    Raises
    ------
    NotFoundError
        If it is about a project that is not shared with the caller.
    NotAllowedError
        If it is about one that is shared for reading only, or the caller may only look.
    """
    ulid = request.path_params.get("project")
    looks = request.method in SAFE_METHODS
    if ulid is None:
        if not looks:
            _check_may_change(context.caller)
    elif _ULID.fullmatch(ulid):  # else the route says what is wrong with it
        _check_right(context, ulid, Right.READ if looks else Right.WRITE)


def by_browser(context: ContextOfCall) -> None:
    """Refuse scripts.

    Raises
    ------
    NotAllowedError
        If a token was shown.
    """
    if context.caller.is_script:
        raise NotAllowedError("A token does not do that; sign in with a browser.")


BrowserOnly = Depends(by_browser)


def _owner(project: str, context: ContextOfCall) -> None:
    by_browser(context)
    if _ULID.fullmatch(project):
        _check_right(context, project, Right.OWN)


OwnerOnly = Depends(_owner)


def _admin(context: ContextOfCall) -> Context:
    by_browser(context)
    if not context.caller.may_administer:
        raise NotAllowedError("Only administrators of this server may do that.")
    return context


AdminContext = Annotated[Context, Depends(_admin)]


def _check_right(context: Context, ulid: str, wanted: Right) -> None:
    standing = context.shelf.standing(context.shelf.project(ulid))
    if standing.right >= wanted:
        return
    owner = standing.sharing.owner
    if wanted is Right.OWN:
        name = "its owner" if owner is None else f"its owner, {owner.name},"
        raise NotAllowedError(f"Only {name} and administrators of this server may do that.")
    _check_may_change(context.caller)
    raise NotAllowedError(f"{standing.only_reads} Ask its owner for the right to change it.")


def _check_may_change(caller: Caller) -> None:
    """Refuse who changes nothing in any project."""
    if caller.read_only:
        raise NotAllowedError(f"The token {caller.by!r} only looks; use one that changes things, too.")
    if not caller.may_change:
        raise NotAllowedError("You may look at what is shared with you, not change anything.")
