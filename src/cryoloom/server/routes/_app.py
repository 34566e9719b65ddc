"""The files of the built web app."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fastapi.responses import FileResponse, HTMLResponse

if TYPE_CHECKING:
    from fastapi import FastAPI

_NOT_BUILT = (
    "<!doctype html><html lang='en'><title>cryoloom</title><p>The web app has not been built here: "
    "<code>make web</code> in the source folder does that. What programs can ask is told at "
    "<a href='/openapi.json'>openapi.json</a>.</html>"
)
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_ASK_AGAIN = {"Cache-Control": "no-cache"}


def app_files(application: FastAPI, folder: Path | None) -> None:
    """Serve the app below ``/``: files with a digest in their name for ever, and its page for every other address.

    Parameters
    ----------
    application : that serves it
    folder : of the built app; None if it was not built
    """
    files = _files_below(folder)

    @application.get("/{address:path}", include_in_schema=False, response_model=None)
    def read_file(address: str) -> FileResponse | HTMLResponse:
        if folder is None:
            return HTMLResponse(_NOT_BUILT, 200 if not address else 404)
        file = files.get(address, folder / "index.html")
        if address.startswith("assets/") and address not in files:  # of a former build: no page, which is no script
            return HTMLResponse("There is no such file; load the page anew.", 404)
        return FileResponse(file, headers=_FOR_EVER if file.parent.name == "assets" else _ASK_AGAIN)


def _files_below(folder: Path | None) -> dict[str, Path]:
    """Address → file; only what is there when the server starts, and no links, so that no address leads elsewhere."""
    if folder is None:
        return {}
    found = (file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    return {file.relative_to(folder).as_posix(): file for file in found}
