"""What runs may read of what people name: below the folders that the operator of a server has opened to them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from cryoloom.server._places import Places
    from cryoloom.workflow.parameters import ProtocolParameters


def check_places(declared: type[ProtocolParameters], values: Mapping[str, Any], places: Places) -> None:
    """Refuse files and folders elsewhere, after following links; those of the project itself are always open.

    Parameters
    ----------
    declared : parameters of the protocol
    values : that were given, by name
    places : from which is read for who gives them

    Raises
    ------
    NotAllowedError
        If one lies elsewhere.
    """
    for name, value in values.items():
        field = declared.model_fields.get(name)
        if field is not None and _is_path(field.annotation) and isinstance(value, str):
            places.check(value, Path(value))


def _is_path(annotation: Any) -> bool:
    return annotation is Path or any(_is_path(part) for part in get_args(annotation))
