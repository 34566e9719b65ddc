"""What the camera wrote about an EER movie."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class EERMetadata:
    """The items of the XML block in the first frame.

    Parameters
    ----------
    items : name → (text, unit), as written
    """

    items: dict[str, tuple[str, str]] = field(default_factory=dict)

    def number(self, name: str) -> float | None:
        """An item as a number; None if it is missing or no number."""
        try:
            return float(self.items[name][0])
        except (KeyError, ValueError):
            return None

    @property
    def pixel_size(self) -> float | None:
        """Of the sensor's pixels at the specimen, in Å; None if missing or impossible."""
        size = self.number("sensorPixelSize.width")
        scale = {"m": 1e10, "nm": 10.0, "": 1e10}.get(self.items.get("sensorPixelSize.width", ("", ""))[1])
        if size is None or scale is None or not 0.01 <= size * scale <= 1e5:
            return None
        return float(f"{size * scale:.6g}")

    @property
    def total_dose(self) -> float | None:
        """Of the whole exposure, in e/Å²; None if it, or the pixel size, is missing or impossible."""
        electrons, pixel_size = self.number("totalDose"), self.pixel_size  # electrons a pixel
        if electrons is None or pixel_size is None or not 0.1 <= electrons / pixel_size**2 <= 1000:
            return None
        return electrons / pixel_size**2


def parse_metadata(block: bytes) -> EERMetadata:
    """Read the XML block; one that is damaged counts as empty."""
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    begin = block.find(b"<metadata")  # some writers put a malformed declaration before it
    if begin < 0:
        return EERMetadata()
    try:
        root = fromstring(block[begin:].rstrip(b"\0 \r\n"))
    except (ParseError, DefusedXmlException, ValueError):
        return EERMetadata()
    return EERMetadata(
        {
            item.get("name", ""): ((item.text or "").strip(), item.get("unit", ""))
            for item in root.iter("item")
            if item.get("name")
        }
    )
