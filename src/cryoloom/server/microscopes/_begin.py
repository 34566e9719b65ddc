"""Beginning a session: a project with the runs of a template, all started."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoloom.errors import InputError, NotFoundError
from cryoloom.server.microscopes._use import KNOWN, check_template, gains_of
from cryoloom.workflow.templates import WorkflowDocument

if TYPE_CHECKING:
    from cryoloom.server.models import Microscope, NewSession
    from cryoloom.workflow.project import Project, Run


@dataclass(frozen=True)
class PlannedSession:
    """What a session begins with.

    Parameters
    ----------
    document : the workflow
    values : of its variables
    lane : where its runs are carried out
    """

    document: WorkflowDocument
    values: dict[str, Any]
    lane: str


def planned_session(new: NewSession, microscope: Microscope) -> PlannedSession:
    """What a session begins with; nothing is made.

    Raises
    ------
    NotFoundError
        If there is no such magnification, folder or gain reference.
    CryoloomError
        If the workflow of the microscope does not fit.
    """
    document = check_template(microscope)
    magnification = next((one for one in microscope.magnifications if one.name == new.magnification), None)
    if magnification is None:
        known = ", ".join(one.name for one in microscope.magnifications)
        raise NotFoundError(f"{microscope.name} has no magnification {new.magnification!r}; it has {known}.")
    _check_folder(new.folder)
    told = {
        "folder": new.folder,
        "voltage": microscope.voltage,
        "spherical_aberration": microscope.spherical_aberration,
        "pixel_size": magnification.pixel_size,
        "dose_per_frame": new.dose_per_frame or magnification.dose_per_frame,
        "diameter": new.diameter,
        "gain": _gain(new, microscope),
        "expect_more": True,
    }
    values = {name: told[name] for name in KNOWN & document.variables.keys() if told[name] is not None}
    return PlannedSession(document, values, microscope.lane)


def begin_session(project: Project, planned: PlannedSession) -> list[Run]:
    """Add the runs of a session to a new project, and start them together.

    Raises
    ------
    CryoloomError
        If a run cannot be made or started.
    """
    from cryoloom.workflow.templates import apply_workflow

    runs = apply_workflow(project, planned.document, planned.values)
    for run in runs:
        run.edit(options={"lane": planned.lane})
    for begun in [run.launch() for run in runs]:
        begun()
    return runs


def _check_folder(folder: str) -> None:
    if not folder.startswith("/"):
        raise InputError(f"{folder!r} is no whole path; it has to begin with /.")
    try:
        mode = Path(folder).stat().st_mode
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no path"
        raise NotFoundError(f"The folder {folder} cannot be found on this machine: {why}.") from None
    if not stat.S_ISDIR(mode):
        raise InputError(f"{folder} is no folder; give the folder that the microscope writes into.")


def _gain(new: NewSession, microscope: Microscope) -> str | None:
    """The reference that was chosen, of those of the microscope, or the newest; None if it has none."""
    if not microscope.gain_folder:
        return None
    try:
        gains = [one.file for one in gains_of(microscope)]
    except OSError as error:
        raise InputError(
            f"The gain folder of {microscope.name}, {microscope.gain_folder}, cannot be read: {error.strerror}."
        ) from None
    if not gains:
        raise NotFoundError(
            f"There is no gain reference in {microscope.gain_folder}; put the newest one of {microscope.name} there."
        )
    if new.gain is None:
        return gains[0]
    if new.gain not in gains:
        raise NotFoundError(f"{new.gain} is none of the gain references of {microscope.name}; choose one of these.")
    return new.gain
