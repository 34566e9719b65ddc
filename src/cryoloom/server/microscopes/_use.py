"""What can be done at a microscope now: its template, its lane and its gain references."""

from __future__ import annotations

import os
from pathlib import Path

from cryoloom.errors import CryoloomError, ParameterError
from cryoloom.runtime import InstalledEnvironment, find_workflow
from cryoloom.server.models import GainFile, Microscope, MicroscopeDocument
from cryoloom.workflow.templates import WorkflowDocument

_GAINS = (".mrc", ".gain", ".tif", ".tiff", ".dm4", ".mrcs")
_MOST_GAINS = 20
_MOST_SEEN = 5000  # files of a folder
KNOWN = frozenset(
    {"folder", "voltage", "spherical_aberration", "pixel_size", "dose_per_frame", "diameter", "gain", "expect_more"}
)
"""Variables of a template that a session gives values to."""


def check_template(microscope: Microscope) -> WorkflowDocument:
    """The workflow that sessions at a microscope begin with, if they can.

    Raises
    ------
    CryoloomError
        If there is none of that name, it asks for what no session tells, or there is no such lane.
    """
    document = find_workflow(Path(microscope.template))
    asked = [name for name, one in document.variables.items() if one.required and one.default is None]
    unknown = sorted(set(asked) - KNOWN)
    if unknown:
        raise ParameterError(
            f"The workflow {microscope.template} asks for {', '.join(unknown)}, which no session tells."
        )
    if "folder" not in document.variables:
        raise ParameterError(f"The workflow {microscope.template} does not ask for the folder of the movies.")
    InstalledEnvironment().lane(microscope.lane)
    return document


def microscope_document(microscope: Microscope) -> MicroscopeDocument:
    """A microscope, and what can be done at it now."""
    troubles = []
    try:
        check_template(microscope)
    except CryoloomError as error:
        troubles.append(str(error))
    gains: list[GainFile] = []
    if microscope.gain_folder:
        try:
            gains = gains_of(microscope)
        except OSError as error:
            troubles.append(f"The gain folder {microscope.gain_folder} cannot be read: {error.strerror}.")
    known = microscope.model_dump(exclude={"magnifications"})
    return MicroscopeDocument(
        **known, magnifications=list(microscope.magnifications), gains=gains, trouble=" ".join(troubles)
    )


def gains_of(microscope: Microscope) -> list[GainFile]:
    """Files that may be gain references, the newest first."""
    found = []
    with os.scandir(microscope.gain_folder) as entries:
        for entry, _ in zip(entries, range(_MOST_SEEN), strict=False):
            if entry.name.lower().endswith(_GAINS) and not entry.name.startswith(".") and entry.is_file():
                found.append(GainFile(file=entry.path, modified=entry.stat().st_mtime))
    return sorted(found, key=lambda one: one.modified, reverse=True)[:_MOST_GAINS]
