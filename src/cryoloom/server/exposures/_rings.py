"""The spectrum of a micrograph beside its fitted rings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.data import CTF, Micrograph
from cryoloom.protocols.pictures import png_of
from cryoloom.server.models import EllipseDocument, RingsDocument
from cryoloom.server.pictures import only_image

if TYPE_CHECKING:
    from cryoloom.engine.ctf import RingView
    from cryoloom.engine.optics import ContrastTransfer
    from cryoloom.server._places import Places

_BEYOND_FIT = 1.25  # of the spectrum that is shown
_FINEST_SHOWN = 4.0  # Å, at least
_COARSEST_FIT = 20.0  # Å, of fits that say nothing
_FINEST_FIT = 1.0  # Å, finer than any
_MOST_POINTS = 600
_MOST_RINGS = 24
_PICTURE = 296  # pixels, twice what it takes on the page, for fine screens


def view_of(places: Places, micrograph: Micrograph, ctf: CTF) -> RingView:
    """Measure the rings of a micrograph again.

    Raises
    ------
    NotAllowedError
        If the image does not lie where anything is read for who asks.
    NotFoundError
        If the image is not there any more.
    InputError
        If it cannot be read.
    """
    from cryoloom.engine.ctf import Tilt, view_rings

    tilted = ctf.tilt_angle is not None and ctf.tilt_axis is not None
    return view_rings(
        only_image(places, micrograph.file, (micrograph.height, micrograph.width)),
        _transfer(ctf),
        pixel_size=micrograph.pixel_size,
        fit_resolution=_fit_resolution(ctf),
        tilt=Tilt(ctf.tilt_angle, ctf.tilt_axis) if tilted else None,  # type: ignore[arg-type]
    )


def rings_picture(view: RingView, ctf: CTF) -> bytes:
    """The spectrum as PNG, out to the edge that `rings_document` tells."""
    return png_of(view.picture(_edge(view, ctf), _PICTURE))


def rings_document(view: RingView, ctf: CTF) -> RingsDocument:
    """The curves of a spectrum and its fit, and where the rings vanish."""
    import numpy as np

    edge = _edge(view, ctf)
    shown = np.flatnonzero(view.frequencies <= edge)[:: max(1, len(view.frequencies) // _MOST_POINTS)]
    return RingsDocument(
        edge=edge,
        fit_resolution=ctf.fit_resolution,
        angle=ctf.defocus_angle,
        zeros=_zeros(ctf),
        frequencies=_rounded(view.frequencies[shown]),
        measured=_rounded(view.measured[shown]),
        fitted=_rounded(view.fitted[shown]),
        agreement=_rounded(view.agreement[shown]),
    )


def _rounded(values: object) -> list[float]:
    import numpy as np

    return [round(float(one), 4) for one in np.asarray(values)]


def _zeros(ctf: CTF) -> list[EllipseDocument]:
    """Where the transfer function vanishes, as far as it was fitted; the first ones, if there are many."""
    from cryoloom.engine.ctf import zeros_along

    transfer, finest = _transfer(ctf), _fit_resolution(ctf)
    along = zeros_along(transfer, ctf.defocus_angle, finest)
    across = zeros_along(transfer, ctf.defocus_angle + 90.0, finest)
    pairs = list(zip(along, across, strict=False))[:_MOST_RINGS]
    return [EllipseDocument(along=round(float(one), 5), across=round(float(other), 5)) for one, other in pairs]


def _edge(view: RingView, ctf: CTF) -> float:
    half = (view.spectrum.shape[1] - 1) / view.extent
    return float(min(half, max(1.0 / _FINEST_SHOWN, _BEYOND_FIT / _fit_resolution(ctf))))


def _fit_resolution(ctf: CTF) -> float:
    found = ctf.fit_resolution
    return min(max(found, _FINEST_FIT), _COARSEST_FIT) if found is not None and found > 0 else _COARSEST_FIT


def _transfer(ctf: CTF) -> ContrastTransfer:
    from cryoloom.engine.optics import ContrastTransfer

    optics = ctf.optics
    return ContrastTransfer(
        voltage=optics.voltage,
        spherical_aberration=optics.spherical_aberration,
        amplitude_contrast=optics.amplitude_contrast,
        defocus_u=ctf.defocus_u,
        defocus_v=ctf.defocus_v,
        defocus_angle=ctf.defocus_angle,
        phase_shift=ctf.phase_shift,
    )
