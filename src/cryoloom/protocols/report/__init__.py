"""The report of a session: one page with pictures, distributions, failures and methods."""

from cryoloom.protocols.report._findings import Exposure, Failure, Findings, Warned, exposures_of
from cryoloom.protocols.report._page import STYLE, report_page
from cryoloom.protocols.report._pictures import micrograph_picture
from cryoloom.protocols.report._protocol import Report, write_report
from cryoloom.protocols.report._reconstruction import Reconstruction
from cryoloom.protocols.report._validation_section import VALIDATED_KINDS

__all__ = [
    "STYLE",
    "VALIDATED_KINDS",
    "Exposure",
    "Failure",
    "Findings",
    "Reconstruction",
    "Report",
    "Warned",
    "exposures_of",
    "micrograph_picture",
    "report_page",
    "write_report",
]
