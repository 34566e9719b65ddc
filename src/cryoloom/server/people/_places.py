"""What runs may read of what people name: below the folders that the operator of a server has opened to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from cryoloom.errors import NotAllowedError

if TYPE_CHECKING:
    from cryoloom.workflow.parameters import ProtocolParameters


def check_places(
    declared: type[ProtocolParameters],
    values: Mapping[str, Any],
    *,
    project: Path,
    opened: Iterable[Path],
    closed: Path | None,
) -> None:
    """Refuse files and folders elsewhere, after following links; those of the project itself are always open.

    Parameters
    ----------
    declared : parameters of the protocol
    values : that were given, by name
    project : folder of the project
    opened : folders that are open; if there are none, everything is, but for `closed`
    closed : folder of all projects, if those of others are not to be read

    Raises
    ------
    NotAllowedError
        If one lies elsewhere.
    """
    own, folders = project.resolve(), [folder.resolve() for folder in opened]
    for name, value in values.items():
        field = declared.model_fields.get(name)
        if field is None or not _is_path(field.annotation) or not isinstance(value, str):
            continue
        place = _resolved(value)
        if place.is_relative_to(own):
            continue
        if folders and not any(place.is_relative_to(folder) for folder in folders):
            told = ", ".join(map(str, folders))
            raise NotAllowedError(f"{value} is not below a folder that this server reads from: {told}.")
        projects = None if closed is None else closed.resolve()
        if projects is not None and (place.is_relative_to(projects) or projects.is_relative_to(place)):
            raise NotAllowedError(
                f"{value} holds projects that may not be yours; name a folder or file apart from them."
            )


def _is_path(annotation: Any) -> bool:
    return annotation is Path or any(_is_path(part) for part in get_args(annotation))


def _resolved(value: str) -> Path:
    try:
        return Path(value).resolve()
    except (OSError, ValueError, RuntimeError):  # too long, not text, or a link to itself: in no folder
        return Path("/dev/null")
