"""Lists of runs, quick also for thousands: an index on a local disk that is never the truth."""

from cryoloom.workflow.index._entry import InputLink, RunEntry, read_entry
from cryoloom.workflow.index._index import ProjectIndex, RunListing, default_file, read_runs

__all__ = ["InputLink", "ProjectIndex", "RunEntry", "RunListing", "default_file", "read_entry", "read_runs"]
