"""Sets of any size as tables: pages of rows, files of them, and what their columns tell against each other."""

from cryoloom.server.tables._files import csv_of, star_of
from cryoloom.server.tables._pages import RowOrder, RowOrders, RowPages, check_column, row_page, rows_in_order

__all__ = ["RowOrder", "RowOrders", "RowPages", "check_column", "csv_of", "row_page", "rows_in_order", "star_of"]
