"""Freeing space: what would go and what stays is previewed first, and nothing outside the project is ever touched."""

from cryoloom.workflow.cleaning._candidates import OWN_CATEGORIES, TRASH
from cryoloom.workflow.cleaning._carry_out import CleaningResult, Left, carry_out
from cryoloom.workflow.cleaning._disk_use import disk_use
from cryoloom.workflow.cleaning._plan import CleaningPlan, Share
from cryoloom.workflow.cleaning._planner import CLEANED_BY_DEFAULT, plan_cleaning
from cryoloom.workflow.cleaning._removal import RemovalPlan, Removed, plan_removal, remove, restore
from cryoloom.workflow.cleaning._survey import RawData, Survey, survey
from cryoloom.workflow.cleaning._trash import TrashedRun, trashed_runs

__all__ = [
    "CLEANED_BY_DEFAULT",
    "OWN_CATEGORIES",
    "TRASH",
    "CleaningPlan",
    "CleaningResult",
    "Left",
    "RawData",
    "RemovalPlan",
    "Removed",
    "Share",
    "Survey",
    "TrashedRun",
    "carry_out",
    "disk_use",
    "plan_cleaning",
    "plan_removal",
    "remove",
    "restore",
    "survey",
    "trashed_runs",
]
