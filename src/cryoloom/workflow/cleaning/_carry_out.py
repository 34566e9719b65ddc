"""Carrying a cleaning out, exactly as it was previewed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryoloom.workflow.cleaned import CleaningRecord, record_cleaning
from cryoloom.workflow.cleaning._candidates import TRASH
from cryoloom.workflow.cleaning._confined import Found, delete
from cryoloom.workflow.cleaning._plan import CleaningPlan, Share
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.run import HeartbeatWatch, RunFolder, standing


@dataclass(frozen=True, slots=True)
class Left:
    """Something that was to go and stayed.

    Parameters
    ----------
    path : below the project's folder
    why : it stayed
    """

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class CleaningResult:
    """What a cleaning did.

    Parameters
    ----------
    files : that are gone, links included
    bytes : that the disk got back
    left : what stayed although it was previewed
    """

    files: int
    bytes: int
    left: tuple[Left, ...]


def carry_out(
    project: ProjectFolder, plan: CleaningPlan, *, actor: str = "", watch: HeartbeatWatch | None = None
) -> CleaningResult:
    """Delete what a plan says, file by file, if it is still what was seen.

    What has been written, changed or replaced since the preview stays, and everything of a run that has been started
    meanwhile. Links are deleted, never followed. Each run keeps a record of what was removed from it.

    Parameters
    ----------
    project : its folder
    plan : made by `plan_cleaning` for this project
    actor : who asked for it
    watch : as for `plan_cleaning`
    """
    files, freed, left = 0, 0, []
    by_run: dict[str, list[tuple[Share, Sequence[Found]]]] = {}
    for share, found in zip(plan.goes, plan.found, strict=True):
        by_run.setdefault("" if share.category == TRASH else share.path.split("/")[1], []).append((share, found))
    for name, parts in by_run.items():
        folder = RunFolder(project.runs / name) if name else None
        if folder is not None and standing(folder, watch).state.active:
            left += [Left(share.path, f"run {share.number} has been started since the preview") for share, _ in parts]
            continue
        deletion = delete(project.path, [one for _, found in parts for one in found])
        files += deletion.deleted
        freed += deletion.freed
        left += [Left(path, why) for path, why in deletion.left.items()]
        if folder is not None and deletion.deleted:
            categories = [share.category for share, _ in parts]
            record = CleaningRecord(
                categories=categories, files=deletion.deleted, freed_bytes=deletion.freed, actor=actor
            )
            record_cleaning(folder, record)
    return CleaningResult(files, freed, tuple(left))
