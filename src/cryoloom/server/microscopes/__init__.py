"""Microscopes, as operators define them once, and sessions that visitors begin at them."""

from cryoloom.server.microscopes._begin import begin_session, planned_session
from cryoloom.server.microscopes._kept import MicroscopeBook
from cryoloom.server.microscopes._use import check_template, microscope_document

__all__ = ["MicroscopeBook", "begin_session", "check_template", "microscope_document", "planned_session"]
