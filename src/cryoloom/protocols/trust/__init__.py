"""Trust page: how far a refinement can be believed."""

from cryoloom.protocols.trust._assess import Finished, assess, cross_checked, second_refinement
from cryoloom.protocols.trust._cost import trust_seconds
from cryoloom.protocols.trust._document import trust_document
from cryoloom.protocols.trust._failure import PAGE_FAULTS, headline_without_page
from cryoloom.protocols.trust._figures import CrossChecks, Headline, Leak, Micrographs, Trust
from cryoloom.protocols.trust._page import trust_page, write_trust

__all__ = [
    "PAGE_FAULTS",
    "CrossChecks",
    "Finished",
    "Headline",
    "Leak",
    "Micrographs",
    "Trust",
    "assess",
    "cross_checked",
    "headline_without_page",
    "second_refinement",
    "trust_document",
    "trust_page",
    "trust_seconds",
    "write_trust",
]
