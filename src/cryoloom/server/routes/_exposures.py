"""Exposures: all of a set of micrographs, and each with its image, spectrum, drift and picks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Response

from cryoloom.errors import NotFoundError
from cryoloom.server._context import ContextOfCall, PlacesOfCall, RunOfCall
from cryoloom.server._places import Places
from cryoloom.server._turns import Kept, Turns
from cryoloom.server.exposures import (
    ExposureSets,
    exposure_document,
    exposure_sets,
    exposure_table,
    grey_bytes,
    rings_document,
    rings_picture,
    spectrum_thumbnail,
    thumbnail_of,
    view_of,
)
from cryoloom.server.models import ExposureDocument, ExposureTable, NewVerdict, RingsDocument, VerdictDocument
from cryoloom.server.routes._known import if_known, tag_of
from cryoloom.server.routes._pictures import PNG
from cryoloom.server.session import deciding, set_verdict, verdict_document

router = APIRouter(prefix="/api/projects/{project}/runs/{run}/outputs/{output}/exposures", tags=["exposures"])

_ASK_AGAIN = "private, no-cache"
_DRAWING = Turns(2, waiting=16)
_THUMBNAILS = Turns(2, waiting=30)
_IMAGES: Kept[tuple[object, ...], bytes] = Kept(8, _DRAWING)  # of 4 MB in general
_RINGS: Kept[tuple[object, ...], Any] = Kept(16, Turns(1, waiting=8))
_NOT_CHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "It has not changed."}}
_PNG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {}}, "description": "A PNG."},
    **_NOT_CHANGED,
}
_GREY: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/octet-stream": {}},
        "description": "Grey values, a byte each, row by row: 127.5 is the mean, 0 and 255 are 5 deviations from it.",
    },
    **_NOT_CHANGED,
}
_Known = Annotated[str, Header(alias="If-None-Match", description="ETag of what is known.")]


def _sets(run: RunOfCall, output: str) -> ExposureSets:
    return exposure_sets(run.output(output))


def _exposure(item: Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="Identity of the micrograph.")]) -> int:
    return int(item, 16)


SetsOfCall = Annotated[ExposureSets, Depends(_sets)]
ExposureOfCall = Annotated[int, Depends(_exposure)]


@router.get("")
def read_exposures(sets: SetsOfCall, context: ContextOfCall) -> ExposureTable:
    """Every exposure, with what is measured of it."""
    return exposure_table(sets, context.held.exposures)


@router.get("/{item}")
def read_exposure(sets: SetsOfCall, places: PlacesOfCall, exposure: ExposureOfCall) -> ExposureDocument:
    """All that is known of an exposure."""
    return exposure_document(sets, places, exposure)


@router.get("/{item}/verdict")
def read_verdict(sets: SetsOfCall, exposure: ExposureOfCall) -> VerdictDocument:
    """Whether an exposure is kept, and who says so."""
    return verdict_document(sets, exposure)


@router.put("/{item}/verdict")
def decide_verdict(new: NewVerdict, sets: SetsOfCall, exposure: ExposureOfCall) -> VerdictDocument:
    """Keep an exposure or leave it out, whatever thresholds say; all that is made of what is kept follows."""
    with deciding(sets.micrographs.run.project):
        set_verdict(sets, exposure, new)
    return verdict_document(sets, exposure)


@router.get("/{item}/image", response_class=Response, responses=_GREY)
def read_image(
    sets: SetsOfCall,
    places: PlacesOfCall,
    exposure: ExposureOfCall,
    scale: Annotated[int, Query(ge=1, le=64, description="By how much it is made smaller.")] = 2,
    low_pass: Annotated[float | None, Query(gt=0, le=1000, description="In Å.")] = None,
    known: _Known = "",
) -> Response:
    """The image of an exposure in grey, as a page draws it with any contrast."""
    micrograph = sets.micrograph(exposure)
    file = micrograph.dose_weighted_file or micrograph.file
    asked = (micrograph, *_stamp(places, file), scale, low_pass)

    def draw() -> bytes:
        return grey_bytes(places, micrograph, scale, low_pass)

    def content() -> Response:
        if scale == 1:  # so large that few of them fill the memory
            with _DRAWING.turn():
                return Response(draw(), media_type="application/octet-stream")
        return Response(_IMAGES.of(asked, draw), media_type="application/octet-stream")

    return _answer(asked, known, content)


@router.get("/{item}/thumbnail", response_class=PNG, responses=_PNG)
def read_thumbnail(
    sets: SetsOfCall,
    places: PlacesOfCall,
    exposure: ExposureOfCall,
    of: Annotated[Literal["micrograph", "spectrum"], Query(description="What it shows.")] = "micrograph",
    known: _Known = "",
) -> Response:
    """A small picture of an exposure, or of its spectrum beside the fit."""
    if of == "spectrum":
        ctf = sets.ctf(exposure)
        if not ctf.spectrum_picture:
            raise NotFoundError("No picture of the spectrum of this micrograph was drawn.")
        stamp = _stamp(places, ctf.spectrum_picture)
        return _answer(("spectrum", *stamp), known, lambda: _drawn(spectrum_thumbnail, places, ctf))
    micrograph = sets.micrograph(exposure)
    stamp = _stamp(places, micrograph.thumbnail or micrograph.dose_weighted_file or micrograph.file)
    return _answer(("micrograph", *stamp), known, lambda: _drawn(thumbnail_of, places, micrograph))


@router.get("/{item}/rings")
def read_rings(sets: SetsOfCall, places: PlacesOfCall, exposure: ExposureOfCall) -> RingsDocument:
    """The spectrum of an exposure along its rings, beside the fit; it is measured again when it is asked for."""
    return rings_document(_view(sets, places, exposure), sets.ctf(exposure))


@router.get("/{item}/rings/picture", response_class=PNG, responses=_PNG)
def read_rings_picture(
    sets: SetsOfCall, places: PlacesOfCall, exposure: ExposureOfCall, known: _Known = ""
) -> Response:
    """The spectrum of an exposure, whole."""
    asked = _asked_of(sets, places, exposure)
    return _answer(asked, known, lambda: PNG(rings_picture(_view(sets, places, exposure), sets.ctf(exposure))))


def _view(sets: ExposureSets, places: Places, exposure: int) -> Any:
    micrograph, ctf = sets.micrograph(exposure), sets.ctf(exposure)
    return _RINGS.of(_asked_of(sets, places, exposure), lambda: view_of(places, micrograph, ctf))


def _asked_of(sets: ExposureSets, places: Places, exposure: int) -> tuple[object, ...]:
    """All that the rings of an exposure depend on."""
    micrograph, ctf = sets.micrograph(exposure), sets.ctf(exposure)
    return micrograph, ctf, ctf.attached_optics, *_stamp(places, micrograph.file)


def _drawn(draw: Callable[..., bytes], *what: Any) -> Response:
    with _THUMBNAILS.turn():
        return PNG(draw(*what))


def _stamp(places: Places, file: str) -> tuple[object, ...]:
    """What changes when a file is written anew; refuses what is not read for who asks."""
    state = places.of_images(file).stat()
    return str(places.project), file, state.st_size, state.st_mtime_ns


def _answer(question: tuple[object, ...], known: str, content: Callable[[], Response]) -> Response:
    """What is worked out only if the browser has it not already, as this version does it."""
    headers = {"ETag": tag_of(*question), "Cache-Control": _ASK_AGAIN}
    there = if_known(known, headers)
    if there is not None:
        return there
    answer = content()
    answer.headers.update(headers)
    return answer
