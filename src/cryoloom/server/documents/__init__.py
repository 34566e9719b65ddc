"""Turns what the workflow knows into what is answered."""

from cryoloom.server.documents._classes import class_wall
from cryoloom.server.documents._decisions import check_seen
from cryoloom.server.documents._maps import map_entries, volume_document
from cryoloom.server.documents._next_steps import next_steps
from cryoloom.server.documents._projects import project_summary, why_read_only
from cryoloom.server.documents._protocols import protocol_document, protocol_summary
from cryoloom.server.documents._runs import run_detail, run_summaries
from cryoloom.server.documents._storage import all_storage, storage_document
from cryoloom.server.documents._values import value_in_words

__all__ = [
    "all_storage",
    "check_seen",
    "class_wall",
    "map_entries",
    "next_steps",
    "project_summary",
    "protocol_document",
    "protocol_summary",
    "run_detail",
    "run_summaries",
    "storage_document",
    "value_in_words",
    "volume_document",
    "why_read_only",
]
