"""Which charts there are of a map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.server.maps._curves import corrected_curve
from cryoloom.server.maps._views import posed_particles

if TYPE_CHECKING:
    from cryoloom.server.maps._known import KnownMap
    from cryoloom.server.models import Chart


def charts_of(known: KnownMap) -> list[Chart]:
    """What can be drawn of how good a map is; nothing of it is computed."""
    correlated = corrected_curve(known.run, known.row["id"]) is not None
    halves = bool(known.row.get("half1_file") and known.row.get("half2_file"))
    there: dict[Chart, bool] = {
        "fsc": correlated,
        "views": posed_particles(known.run) is not None,
        "guinier": correlated and halves,
        "scaling": any(known.trust.particle_scaling.resolutions),
    }
    return [chart for chart, is_there in there.items() if is_there]
