"""Maps that runs have made: their files, and what is known of how good they are."""

from cryoloom.server.maps._charts import charts_of
from cryoloom.server.maps._curves import corrected_curve, correlation_curves, scaling_curves
from cryoloom.server.maps._guinier import guinier_curves
from cryoloom.server.maps._known import KnownMap, known_map, maps_of
from cryoloom.server.maps._level import Level, first_level
from cryoloom.server.maps._table import curves_table, views_table
from cryoloom.server.maps._views import views_of

__all__ = [
    "KnownMap",
    "Level",
    "charts_of",
    "corrected_curve",
    "correlation_curves",
    "curves_table",
    "first_level",
    "guinier_curves",
    "known_map",
    "maps_of",
    "scaling_curves",
    "views_of",
    "views_table",
]
