"""What movies and micrographs from a folder have in common: how they were taken, and what their files are known by."""

from __future__ import annotations

from typing import Any

from cryoloom.data import USUAL_ABERRATION, USUAL_AMPLITUDE_CONTRAST, OpticsGroup, movie_id_of
from cryoloom.errors import InputError
from cryoloom.protocols.imports._folder import SeenFile
from cryoloom.workflow.parameters import parameter


def pixel_size() -> Any:
    """The parameter that gives the pixel size."""
    return parameter(
        None,
        label="Pixel size",
        section="Microscope",
        help="Of the pixels in the files; goes before what they say, with a warning if it differs. Without it, what "
        "they say is believed if it is plausible.",
        gt=0.01,
        le=100,
    )


def stated_optics(parameters: Any) -> OpticsGroup:
    """The optics group of everything in the folder, with the usual aberration and contrast where none is given."""
    aberration, amplitude_contrast = parameters.spherical_aberration, parameters.amplitude_contrast
    return OpticsGroup.describe(
        name=parameters.optics_group,
        voltage=parameters.voltage,
        spherical_aberration=USUAL_ABERRATION if aberration is None else aberration,
        amplitude_contrast=USUAL_AMPLITUDE_CONTRAST if amplitude_contrast is None else amplitude_contrast,
        detector_pixel_size=parameters.pixel_size,
    )


def pixel_size_of(seen: SeenFile, *stated: float | None) -> float:
    """The first pixel size that is stated, in Å.

    Parameters
    ----------
    seen : the file
    stated : by a person, by what was written beside the file, and by the file; None or 0 where nothing is

    Raises
    ------
    InputError
        If none is.
    """
    for value in stated:
        if value:
            return value
    raise InputError("It states no pixel size; set pixel_size.", path=seen.path)


def columns_of(seen: SeenFile, parameters: Any, optics: OpticsGroup) -> dict[str, Any]:
    """Identity, file and optics group of an item."""
    return {
        "id": movie_id_of(seen.path, parameters.folder.absolute()),
        "file": str(seen.path),
        "size_bytes": seen.size,
        "modified_ns": seen.modified_ns,
        "optics_group": optics.id,
    }
