"""The extended header of Thermo Fisher's cameras (types FEI1 and FEI2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from cryoloom.errors import FormatError
from cryoloom.formats._acquisition import AcquisitionRecord
from cryoloom.formats._source import ByteSource
from cryoloom.formats.mrc._header import HEADER_SIZE
from cryoloom.formats.mrc._read import read_mrc_header

_TYPES = ("FEI1", "FEI2")
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001  # the header names no time zone


def read_acquisition(path: Path | str) -> AcquisitionRecord:
    """What the extended header of an MRC file says of the exposure.

    Its defocus is what the software applied, not what a fit of the CTF would find.

    Parameters
    ----------
    path : the file

    Raises
    ------
    FormatError
        If the file has no extended header of this kind.
    """
    from mrcfile.dtypes import get_ext_header_dtype

    with ByteSource(path) as source:
        raw = read_mrc_header(source)
        if raw.extended_type not in _TYPES:
            raise FormatError(f"{source.path.name}: it has no extended header of Thermo Fisher's.", path=source.path)
        dtype = get_ext_header_dtype(raw.extended_type.encode(), raw.byte_order)
        if raw.data_offset - HEADER_SIZE < dtype.itemsize:
            raise FormatError(f"{source.path.name}: its extended header is too short.", path=source.path)
        fields = np.frombuffer(source.read_at(HEADER_SIZE, dtype.itemsize), dtype, 1)[0]
        name = source.path.name
    return _record(fields, name)


def _record(fields: Any, name: str) -> AcquisitionRecord:
    def number(field: str, factor: float = 1.0) -> float | None:
        value = float(fields[field])
        return value * factor if np.isfinite(value) and value != 0.0 else None

    pixel_size, days = number("Pixel size X", 1e10), number("Timestamp")
    defocus = number("Applied defocus", -1e10)
    plausible = days is not None and 0.0 < days < 100_000.0
    return AcquisitionRecord(
        movie_name=name,
        software=f"{_text(fields['Application'])} {_text(fields['Application version'])}".strip(),
        acquired_at=(_DAY_ZERO + timedelta(days=days)).isoformat(timespec="seconds") if days and plausible else "",
        voltage=number("HT", 1e-3),
        pixel_size=float(f"{pixel_size:.6g}") if pixel_size is not None and 0.01 <= pixel_size <= 1e5 else None,
        total_dose=number("Dose", 1e-20),
        exposure_time=number("Integration time"),
        magnification=number("Magnification"),
        applied_defocus=defocus,
        beam_shift=(float(fields["Shift X"]), float(fields["Shift Y"])),
        stage=tuple(1e6 * float(fields[f"{axis}-Stage"]) for axis in "XYZ"),  # type: ignore[arg-type]  # three of them
        tilt_angle=float(fields["Alpha tilt"]),
        detector=_text(fields["Camera name"]),
        counting=bool(fields["Direct detector electron counting"]),
    )


def _text(value: bytes) -> str:
    return value.split(b"\0")[0].decode("latin-1").strip()
