"""Turns what the workflow knows into what is answered."""

from cryoloom.server.documents._projects import project_summary
from cryoloom.server.documents._protocols import protocol_document, protocol_summary
from cryoloom.server.documents._runs import run_detail, run_summaries
from cryoloom.server.documents._sets import RowOrders, row_page

__all__ = [
    "RowOrders",
    "project_summary",
    "protocol_document",
    "protocol_summary",
    "row_page",
    "run_detail",
    "run_summaries",
]
