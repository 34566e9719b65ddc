"""The pixel size of a file: what a person states goes before what the file says, and a difference is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.errors import InputError

if TYPE_CHECKING:
    from cryoloom.formats import ImageHeader

_TOLERANCE = 0.01  # calibration changes a pixel size by more, and is what people state one for


def believed_pixel_size(header: ImageHeader, stated: float | None) -> float:
    """The pixel size that a tool uses, in Å.

    Parameters
    ----------
    header : of the file
    stated : by a person, in Å; None if nobody did

    Raises
    ------
    InputError
        If neither says it.
    """
    size = stated or header.pixel_size
    if not size:
        raise InputError(
            f"{header.path.name}: the file does not say its pixel size; give --pixel-size.", path=header.path
        )
    return size


def disagreement(stated: float | None, said: float | None) -> str:
    """What follows if a stated pixel size is not the file's, as a sentence; empty if they agree to 1 %.

    Parameters
    ----------
    stated : by a person, in Å, and used; None if nobody did
    said : by the file, in Å; None if it does not say it believably
    """
    if not stated or not said or abs(stated - said) <= _TOLERANCE * said:
        return ""
    lengths = stated / said
    return (
        f"The file says that its pixel size is {said:g} Å, but {stated:g} Å was stated and is used: if the file is "
        f"right, lengths come out {lengths:.3g} times and a fitted defocus {lengths**2:.3g} times as large as they are."
    )
