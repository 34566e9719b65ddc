"""The session of a project, watched as it goes, and the thresholds by which its exposures are kept."""

from cryoloom.server.session._choosing import deciding
from cryoloom.server.session._document import session_document
from cryoloom.server.session._pace import pace_of
from cryoloom.server.session._parts import SessionParts, session_parts
from cryoloom.server.session._thresholds import set_thresholds
from cryoloom.server.session._verdicts import set_verdict, verdict_document

__all__ = [
    "SessionParts",
    "deciding",
    "pace_of",
    "session_document",
    "session_parts",
    "set_thresholds",
    "set_verdict",
    "verdict_document",
]
