"""XML, read without trust: no entities, no document types, nothing from outside."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from cryoloom.errors import FormatError
from cryoloom.formats._source import ByteSource

_LARGEST = 64 * 2**20


def read_xml(path: Path | str) -> Element:
    """The root element of an XML file, plain or compressed, with the namespaces taken off all names.

    Raises
    ------
    FormatError
        If it is not well formed, larger than 64 MB, or declares entities.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    with ByteSource(path) as source:
        content = source.all_text(_LARGEST)
        name = source.path.name
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise FormatError(f"{name}: it declares a document type or entities, which are not read.", path=path) from error
    except (ParseError, ValueError, LookupError) as error:
        raise FormatError(f"{name}: it is not well-formed XML ({error}); copy the file again.", path=path) from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def text_at(element: Element, path: str) -> str:
    """The text of an element below `element`; empty if it is not there."""
    found = element.find(path)
    return "" if found is None or found.text is None else found.text.strip()


def number_at(element: Element, path: str) -> float | None:
    """The number in an element below `element`; None if it is not there or no number."""
    try:
        return float(text_at(element, path))
    except ValueError:
        return None


def pair_at(element: Element, path: str, x: str = "_x", y: str = "_y") -> tuple[float, float] | None:
    """Two numbers in children of an element below `element`; None unless both are there."""
    first, second = number_at(element, f"{path}/{x}"), number_at(element, f"{path}/{y}")
    return None if first is None or second is None else (first, second)
