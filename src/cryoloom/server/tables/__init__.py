"""Sets of any size as tables: pages of rows, files of them, and what their columns tell against each other."""

from cryoloom.server.tables._files import csv_of, star_of
from cryoloom.server.tables._pages import RowOrder, RowOrders, RowPages, row_page, rows_in_order
from cryoloom.server.tables._plot import DENSITY, MOST_POINTS, Plots, plot_of
from cryoloom.server.tables._subset import keep_as_set

__all__ = [
    "DENSITY",
    "MOST_POINTS",
    "Plots",
    "RowOrder",
    "RowOrders",
    "RowPages",
    "csv_of",
    "keep_as_set",
    "plot_of",
    "row_page",
    "rows_in_order",
    "star_of",
]
