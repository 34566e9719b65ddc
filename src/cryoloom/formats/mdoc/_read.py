"""SerialEM's .mdoc files: sections of keys and values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PureWindowsPath

from cryoloom.errors import FormatError
from cryoloom.formats._acquisition import AcquisitionRecord
from cryoloom.formats._source import ByteSource

_LARGEST = 256 * 2**20
_SECTION = re.compile(r"^\[\s*(\w+)\s*=\s*(.*?)\s*\]$")
_DATES = ("%d-%b-%y  %H:%M:%S", "%d-%b-%Y  %H:%M:%S", "%Y-%b-%d  %H:%M:%S")


@dataclass(frozen=True, slots=True)
class MdocSection:
    """One image, frame set or montage.

    Parameters
    ----------
    kind : ``ZValue``, ``FrameSet`` or ``MontSection``
    number : as SerialEM counts them
    items : key → value as written
    """

    kind: str
    number: int
    items: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Mdoc:
    """A whole file.

    Parameters
    ----------
    items : what stands before the first section
    titles : the lines ``[T = …]`` and ``T = …``
    sections : in the order of the file
    """

    items: Mapping[str, str]
    titles: tuple[str, ...]
    sections: tuple[MdocSection, ...]


def read_mdoc(path: Path | str) -> Mdoc:
    """Read a .mdoc file.

    Raises
    ------
    FormatError
        If a line is neither a section nor a key with a value.
    """
    with ByteSource(path) as source:
        content = source.all_text(_LARGEST)
        name = source.path.name
    header: dict[str, str] = {}
    titles: list[str] = []
    sections: list[MdocSection] = []
    items = header
    for number, raw in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        line = raw.strip("\ufeff \t")
        if not line:
            continue
        match = _SECTION.match(line)
        key, equals, value = (part.strip() for part in line.partition("="))
        if match and match[1] != "T":
            items = {}
            sections.append(MdocSection(match[1], _section_number(match[2], number, name), items))
        elif match or (key == "T" and equals):
            titles.append(match[2] if match else value)
        elif equals and key and not line.startswith("["):
            items[key] = value
        else:
            raise FormatError(f"{name}: line {number} is neither a section nor a value: {line[:60]!r}.", path=path)
    if not header and not sections:
        raise FormatError(f"{name}: this is not an mdoc file.", path=path)
    return Mdoc(header, tuple(titles), tuple(sections))


def _section_number(text: str, line: int, name: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise FormatError(f"{name}: line {line} begins a section without a number: {text[:60]!r}.") from error


def read_acquisitions(path: Path | str) -> tuple[AcquisitionRecord, ...]:
    """The exposures of which an .mdoc file names the movies, in the order of the file.

    Raises
    ------
    FormatError
        If it is no .mdoc file, or a number in it is none.
    """
    mdoc = read_mdoc(path)
    try:
        return tuple(_record(mdoc, section.items) for section in mdoc.sections if "SubFramePath" in section.items)
    except ValueError as error:
        raise FormatError(f"{Path(path).name}: a value is no number ({error}).", path=path) from error


def _record(mdoc: Mdoc, items: Mapping[str, str]) -> AcquisitionRecord:
    def numbers(key: str) -> list[float]:
        return [float(word) for word in (items.get(key) or mdoc.items.get(key, "")).split()]

    def number(key: str) -> float | None:
        values = numbers(key)
        return values[0] if values else None

    doses = numbers("FrameDosesAndNumber")  # dose and number of frames, pair after pair
    stage, shift, defocus = numbers("StagePosition"), numbers("ImageShift"), number("TargetDefocus")
    frames = number("NumSubFrames")
    return AcquisitionRecord(
        movie_name=PureWindowsPath(items["SubFramePath"]).name,
        software=(mdoc.titles[0].split("  ")[0] if mdoc.titles else "SerialEM"),
        acquired_at=_iso_time(items.get("DateTime", "")),
        voltage=number("Voltage"),
        pixel_size=number("PixelSpacing"),
        total_dose=number("ExposureDose") or None,
        dose_per_frame=doses[0] if len(doses) >= 2 and len(set(doses[0::2])) == 1 else None,
        frame_count=None if frames is None else int(frames),
        exposure_time=number("ExposureTime"),
        magnification=number("Magnification"),
        applied_defocus=None if defocus is None else -1e4 * defocus,
        beam_shift=(shift[0], shift[1]) if len(shift) == 2 else None,
        stage=(stage[0], stage[1], number("StageZ") or 0.0) if len(stage) == 2 else None,
        tilt_angle=number("TiltAngle"),
        gain_file=PureWindowsPath(items.get("GainReference", "")).name,
    )


def _iso_time(text: str) -> str:
    for layout in _DATES:
        try:
            return datetime.strptime(text, layout).isoformat()  # noqa: DTZ007  # the file names no time zone
        except ValueError:
            continue
    return text
