"""SerialEM's .mdoc files."""

from cryoloom.formats.mdoc._read import Mdoc, MdocSection, read_acquisitions, read_mdoc

__all__ = ["Mdoc", "MdocSection", "read_acquisitions", "read_mdoc"]
