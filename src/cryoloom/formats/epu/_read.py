"""The XML files that EPU writes beside each exposure."""

from __future__ import annotations

import math
import re
from pathlib import Path
from xml.etree.ElementTree import Element

from cryoloom.errors import FormatError
from cryoloom.formats._acquisition import AcquisitionRecord
from cryoloom.formats._xml import number_at, pair_at, read_xml, text_at

_FOIL_HOLE = re.compile(r"FoilHole_(\d+)_")
_GRID_SQUARE = re.compile(r"GridSquare_(\d+)")
_METRES_PER_ANGSTROM = 1e-10


def read_acquisition(path: Path | str) -> AcquisitionRecord:
    """What EPU says of one exposure.

    EPU writes one file for the exposure (``FoilHole_….xml``), and for movies of older Falcon cameras one for the frames
    (``FoilHole_…_Fractions.xml``). Names of grid square and foil hole are taken from folder and file.

    Parameters
    ----------
    path : either file

    Raises
    ------
    FormatError
        If it is neither.
    """
    path = Path(path)
    root = read_xml(path)
    if root.tag == "MicroscopeImage":
        return _exposure(root, path)
    if root.tag == "Acquisition" and root.find("Fractions") is not None:
        return _fractions(root, path)
    raise FormatError(f"{path.name}: an XML file of {root.tag} is none that EPU writes for an exposure.", path=path)


def _exposure(root: Element, path: Path) -> AcquisitionRecord:
    data = root.find("microscopeData")
    if data is None:
        raise FormatError(f"{path.name}: it holds no microscopeData; it is not EPU's.", path=path)
    custom = _pairs(root.find("CustomData"))
    camera = _pairs(data.find("acquisition/camera/CameraSpecificInput"))
    voltage = number_at(data, "gun/AccelerationVoltage")
    pixel_size = number_at(root, "SpatialScale/pixelSize/x/numericValue")
    dose, defocus = _number(custom.get("Dose")), _number(custom.get("AppliedDefocus"))
    position = [number_at(data, f"stage/Position/{axis}") for axis in "XYZ"]
    tilt = number_at(data, "stage/Position/A")
    counting = camera.get("ElectronCountingEnabled")
    return AcquisitionRecord(
        movie_name=path.stem,
        software=f"EPU {text_at(data, 'core/ApplicationSoftwareVersion')}".strip(),
        acquired_at=text_at(data, "acquisition/acquisitionDateTime"),
        voltage=None if voltage is None else voltage / 1e3,
        pixel_size=None if pixel_size is None else float(f"{pixel_size / _METRES_PER_ANGSTROM:.6g}"),
        total_dose=None if dose is None else dose * _METRES_PER_ANGSTROM**2,
        frame_count=_fraction_count(root),
        exposure_time=number_at(data, "acquisition/camera/ExposureTime"),
        magnification=number_at(data, "optics/TemMagnification/NominalMagnification"),
        applied_defocus=None if defocus is None else -defocus / _METRES_PER_ANGSTROM,
        beam_shift=pair_at(data, "optics/BeamShift"),
        beam_tilt=pair_at(data, "optics/BeamTilt"),
        stage=None if None in position else tuple(1e6 * value for value in position),  # type: ignore[arg-type, operator]
        tilt_angle=None if tilt is None else math.degrees(tilt),
        detector=text_at(data, "acquisition/camera/Name"),
        counting=None if counting is None else counting.lower() == "true",
        grid_square=_grid_square(path),
        foil_hole=_foil_hole(path),
    )


def _fractions(root: Element, path: Path) -> AcquisitionRecord:
    fractions = root.findall("Fractions/Fraction")
    times = [number_at(fraction, "ExposureTime") or 0.0 for fraction in fractions]
    return AcquisitionRecord(
        movie_name=path.stem,
        software=f"EPU {text_at(root, 'Info/FileVersion')}".strip(),
        acquired_at=text_at(root, "Info/DateTimeWithTimeZone"),
        frame_count=len(fractions),
        exposure_time=sum(times) or None,
        detector=text_at(root, "Info/Detector"),
        counting=text_at(root, "Info/ElectronCounting") == "On",
        grid_square=_grid_square(path),
        foil_hole=_foil_hole(path),
    )


def _grid_square(path: Path) -> str:
    return next((match[1] for part in reversed(path.parts[:-1]) if (match := _GRID_SQUARE.search(part))), "")


def _foil_hole(path: Path) -> str:
    match = _FOIL_HOLE.search(path.name)
    return match[1] if match else ""


def _pairs(element: Element | None) -> dict[str, str]:
    if element is None:
        return {}
    return {text_at(pair, "Key"): text_at(pair, "Value") for pair in element if pair.find("Key") is not None}


def _fraction_count(root: Element) -> int | None:
    settings = root.find("microscopeData/acquisition/camera/CameraSpecificInput")
    count = (
        0 if settings is None else sum(1 for _ in settings.iter("DoseFractions") for _ in _.iter("StartFrameNumber"))
    )
    return count or None


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
