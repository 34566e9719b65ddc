"""What the trust page of a refinement says, for machines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryoloom.server.maps._known import KnownMap

_VERSION = 1


def trust_figures(known: KnownMap) -> dict[str, Any]:
    """The figures that lie beside the trust page of a map; nothing if there are none that can be understood."""
    page = known.trust_file()
    if page is None:
        return {}
    try:
        figures = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return figures if isinstance(figures, dict) and figures.get("version") == _VERSION else {}
