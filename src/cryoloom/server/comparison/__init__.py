"""Runs beside each other: what was asked of them, what they made, and what of it is the same."""

from cryoloom.server.comparison._document import comparison_of
from cryoloom.server.comparison._overlaid import overlaid_correlations, overlaid_histogram
from cryoloom.server.comparison._overlap import overlap_of
from cryoloom.server.comparison._sets import set_of

__all__ = ["comparison_of", "overlaid_correlations", "overlaid_histogram", "overlap_of", "set_of"]
