"""CTF estimation from file to file: a micrograph in, its fit and a picture of it out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.errors import InputError
from cryoloom.protocols.pictures import write_png
from cryoloom.protocols.pixel_sizes import believed_pixel_size

if TYPE_CHECKING:
    from cryoloom.engine.ctf import CTFFit, CTFSettings

_PICTURE_SIZE = 512


@dataclass(frozen=True, kw_only=True)
class MicrographAcquisition:
    """How a micrograph was taken.

    Attributes
    ----------
    pixel_size : in Å; None to believe the file
    voltage : in kV
    spherical_aberration : in mm
    amplitude_contrast : as a fraction
    """

    pixel_size: float | None
    voltage: float
    spherical_aberration: float
    amplitude_contrast: float


@dataclass(frozen=True, kw_only=True)
class FittedMicrograph:
    """What was found out about a micrograph.

    Attributes
    ----------
    micrograph : the file
    pixel_size : that was used, in Å
    fit : its transfer function
    picture : of the spectrum and the fit, or None
    remarks : what the file says that was ignored, and why
    said_pixel_size : by the file, in Å; None if it does not say it
    """

    micrograph: Path
    pixel_size: float
    fit: CTFFit
    picture: Path | None
    remarks: tuple[str, ...]
    said_pixel_size: float | None


def fit_micrograph(
    micrograph: Path,
    acquisition: MicrographAcquisition,
    settings: CTFSettings,
    *,
    picture: Path | None = None,
    threads: int = 1,
) -> FittedMicrograph:
    """Estimate the transfer function of one micrograph.

    Parameters
    ----------
    micrograph : an image in any format, best the sum without dose weighting
    picture : PNG file to draw the spectrum and the fit in; it appears whole or not at all
    threads : threads to use; the result does not depend on it

    Raises
    ------
    InputError
        If the file does not tell the pixel size and the acquisition neither, or if it is no micrograph.
    """
    from cryoloom.engine.ctf import draw_ctf_fit, estimate_ctf
    from cryoloom.formats import read_stack

    with read_stack(micrograph) as stack:
        header = stack.header
        pixel_size = believed_pixel_size(header, acquisition.pixel_size)
        image = stack.only_image()
    try:
        fit = estimate_ctf(
            image,
            pixel_size=pixel_size,
            voltage=acquisition.voltage,
            spherical_aberration=acquisition.spherical_aberration,
            amplitude_contrast=acquisition.amplitude_contrast,
            settings=settings,
            threads=threads,
        )
    except InputError as error:
        raise InputError(f"{micrograph.name}: {error}", path=micrograph) from error
    if picture is not None:
        write_png(picture, draw_ctf_fit(fit, _PICTURE_SIZE))
    return FittedMicrograph(
        micrograph=micrograph,
        pixel_size=pixel_size,
        fit=fit,
        picture=picture,
        remarks=header.remarks,
        said_pixel_size=header.pixel_size,
    )
