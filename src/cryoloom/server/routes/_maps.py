"""Maps: which there are, what is known of one, and its files as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse, HTMLResponse

from cryoloom.server._context import PlacesOfCall, RunOfCall
from cryoloom.server.documents import map_entries, volume_document
from cryoloom.server.maps import KnownMap, known_map
from cryoloom.server.models import MapEntry, VolumeDocument, WhichMap
from cryoloom.server.routes._known import if_known

router = APIRouter(prefix="/api/projects/{project}/runs/{run}", tags=["maps"])

_MRC: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The file as it is, or the range asked for."},
    206: {"description": "A range of it."},
    304: {"description": "It has not changed."},
    416: {"description": "It has no such range."},
}
_ALONE = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'"
    ),
    "X-Frame-Options": "SAMEORIGIN",
    "Cache-Control": "private, no-cache",
}
"""A page that a run has written runs no script, asks for nothing, and is shown within the app."""


def _known(
    run: RunOfCall,
    places: PlacesOfCall,
    output: str,
    item: Annotated[str, InPath(pattern="^[0-9a-f]{16}$", description="Identity of the map.")],
) -> KnownMap:
    return known_map(run, places, output, item)


class MapResponse(FileResponse):
    """A map, in pieces that are large enough for the disk."""

    chunk_size = 4 * 2**20


MapOfCall = Annotated[KnownMap, Depends(_known)]


@router.get("/maps")
def list_maps(run: RunOfCall, places: PlacesOfCall) -> list[MapEntry]:
    """The maps that a run has made, or measured."""
    return map_entries(run, places)


@router.get("/outputs/{output}/volumes/{item}")
def read_volume(known: MapOfCall) -> VolumeDocument:
    """What is known of a map."""
    return volume_document(known)


@router.get("/outputs/{output}/volumes/{item}/file", response_class=Response, responses=_MRC)
def read_map_file(
    known: MapOfCall,
    which: Annotated[WhichMap, Query(description="Of the files that belong to the map.")] = "map",
    at_hand: Annotated[str, Header(alias="If-None-Match", description="ETag of the file that is at hand.")] = "",
) -> Response:
    """A map, a half map, its mask or its local resolution as the file is; ranges of it can be asked for."""
    path = known.file(which)
    headers = {"ETag": _tag(path), "Cache-Control": "private, no-cache"}
    return if_known(at_hand, headers) or MapResponse(
        path, media_type="application/octet-stream", filename=path.name, headers=headers
    )


@router.get("/outputs/{output}/volumes/{item}/trust", response_class=HTMLResponse)
def read_trust_page(known: MapOfCall) -> FileResponse:
    """The page that tells how far the refinement of a map can be believed, as its run has written it."""
    return FileResponse(known.trust_page(), media_type="text/html; charset=utf-8", headers=_ALONE)


def _tag(path: Path) -> str:
    stat = path.stat()
    return f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
