"""Classes, what a person decides about them, and what may follow."""

from __future__ import annotations

import threading

from fastapi import APIRouter

from cryoloom.server._context import ContextOfCall, RunOfCall
from cryoloom.server.documents import check_seen, class_wall, next_steps, run_detail, why_read_only
from cryoloom.server.models import ClassWall, NewDecision, NextStep, RunDetail

router = APIRouter(prefix="/api/projects/{project}/runs/{run}", tags=["classes"])

_DECIDING: dict[str, threading.Lock] = {}  # by run; of two who have seen the same, only one decides


@router.get("/classes")
def read_classes(run: RunOfCall, context: ContextOfCall) -> ClassWall:
    """The 2D classes that a run chooses among, or has made."""
    wall = class_wall(run)
    why = wall.only_shown or why_read_only(run.project, context.shelf.standing(run.project))
    return wall.model_copy(update={"only_shown": why})


@router.put("/decision")
def decide(new: NewDecision, run: RunOfCall) -> RunDetail:
    """Decide, unless what was looked at has changed since; the run applies it to what has come and what comes."""
    with _DECIDING.setdefault(run.ulid, threading.Lock()):
        check_seen(run, new)
        run.decide(new.decision)
    return run_detail(run)


@router.get("/next")
def read_next(run: RunOfCall) -> list[NextStep]:
    """Runs that may follow, with inputs and values that are known already."""
    return next_steps(run)
