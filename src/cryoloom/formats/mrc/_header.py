"""The 1024 bytes that begin an MRC file, read with suspicion.

References
----------
Cheng et al. (2015), "MRC2014: Extensions to the MRC format header for electron cryo-microscopy and tomography",
J. Struct. Biol. 192, 146-150; for byte modes and 4-bit data the description of IMOD's files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from cryoloom.errors import FormatError

HEADER_SIZE = 1024
ByteOrder = Literal["<", ">"]

_FIELDS: list[tuple[Any, ...]] = [
    ("n", "i4", (3,)),  # columns, rows, sections
    ("mode", "i4"),
    ("nstart", "i4", (3,)),
    ("m", "i4", (3,)),  # samples along the cell's x, y, z
    ("cell", "f4", (3,)),
    ("angles", "f4", (3,)),
    ("map_axes", "i4", (3,)),  # which of x = 1, y = 2, z = 3 runs along columns, rows, sections
    ("minimum", "f4"),
    ("maximum", "f4"),
    ("mean", "f4"),
    ("space_group", "i4"),
    ("extended_size", "i4"),
    ("extra1", "V8"),
    ("extended_type", "S4"),
    ("version", "i4"),
    ("extra2", "V40"),
    ("imod_stamp", "i4"),
    ("imod_flags", "i4"),
    ("extra3", "V36"),
    ("origin", "f4", (3,)),
    ("map", "S4"),
    ("machine_stamp", "u1", (4,)),
    ("rms", "f4"),
    ("label_count", "i4"),
    ("labels", "S80", (10,)),
]

_MODES = {0: "i1", 1: "i2", 2: "f4", 5: "i1", 6: "u2", 12: "f2", 101: "u1"}
_REFUSED_MODES = {3: "a Fourier transform", 4: "a Fourier transform", 16: "a colour picture"}
FOUR_BIT_MODE = 101

_IMOD_STAMP = 1146047817
_IMOD_BYTES_ARE_SIGNED = 1

OUR_LABEL = "cryoloom"


@dataclass(frozen=True, slots=True)
class MRCHeader:
    """The facts of an MRC header.

    Parameters
    ----------
    byte_order : ``"<"`` or ``">"``
    mode : number of the pixel type
    dtype : of a pixel in the file; for mode 101 of an unpacked one
    stored_shape : (sections, rows, columns) as they lie in the file
    stored_axes : which of x = 1, y = 2, z = 3 each of them is
    space_group : 0 for images, 1 for a volume, 401 and above for volumes in a row
    data_offset : first byte of the pixels
    extended_type : four letters that name the kind of extended header
    pixel_size : in Å, or None
    origin : (x, y, z) of the first voxel, in Å
    remarks : what was ignored or assumed, and why
    """

    byte_order: ByteOrder
    mode: int
    dtype: np.dtype[Any]
    stored_shape: tuple[int, int, int]
    stored_axes: tuple[int, int, int]
    space_group: int
    data_offset: int
    extended_type: str
    pixel_size: float | None
    origin: tuple[float, float, float]
    remarks: tuple[str, ...]

    @property
    def section_size(self) -> int:
        """Bytes of one section in the file."""
        _, rows, columns = self.stored_shape
        return rows * ((columns + 1) // 2 if self.mode == FOUR_BIT_MODE else columns * self.dtype.itemsize)

    @property
    def end(self) -> int:
        """Bytes the file must have."""
        return self.data_offset + self.stored_shape[0] * self.section_size

    @property
    def transposition(self) -> tuple[int, int, int]:
        """How the axes of the file must be transposed to become (z, y, x)."""
        z, y, x = (self.stored_axes.index(axis) for axis in (3, 2, 1))
        return z, y, x


def header_dtype(byte_order: ByteOrder) -> np.dtype[Any]:
    """Layout of the 1024 bytes."""
    return np.dtype(_FIELDS).newbyteorder(byte_order)


def looks_like_mrc(beginning: bytes | bytearray) -> bool:
    """Whether a file that begins with these bytes (at least 1024) is an MRC file."""
    return guess_byte_order(beginning) is not None


def guess_byte_order(beginning: bytes | bytearray) -> ByteOrder | None:
    """The byte order in which `beginning` makes sense as an MRC header; None if neither does.

    Sizes and mode decide, for machine stamps are often wrong; the stamp is asked only if both orders make sense.
    """
    if len(beginning) < HEADER_SIZE:
        return None
    orders: tuple[ByteOrder, ByteOrder] = ("<", ">")
    sensible = [order for order in orders if _makes_sense(np.frombuffer(beginning, header_dtype(order), 1)[0])]
    if len(sensible) == 2:
        return ">" if beginning[212] == 0x11 else "<"
    return sensible[0] if sensible else None


def _makes_sense(fields: Any) -> bool:
    known = int(fields["mode"]) in _MODES or int(fields["mode"]) in _REFUSED_MODES
    axes = sorted(fields["map_axes"].tolist())
    mapped = fields["map"][:3] == b"MAP" or axes in ([1, 2, 3], [0, 0, 0])
    return known and mapped and bool((fields["n"] > 0).all()) and bool((fields["n"] <= 2**24).all())


def parse_header(beginning: bytes | bytearray, path: Path) -> MRCHeader:
    """Interpret the first 1024 bytes of the file `path`.

    Raises
    ------
    FormatError
        If they are no MRC header, or of pixels that are not an image.
    """
    order = guess_byte_order(beginning)
    if order is None:
        raise FormatError(f"{path.name}: this is not an MRC file; its header makes no sense.", path=path)
    fields = np.frombuffer(beginning, header_dtype(order), 1)[0]
    remarks = list(_remarks_on_stamps(fields, order))

    mode = int(fields["mode"])
    if mode in _REFUSED_MODES:
        raise FormatError(
            f"{path.name}: it holds {_REFUSED_MODES[mode]} (mode {mode}), not an image; convert it to mode 2 (float).",
            path=path,
        )
    extended_size = int(fields["extended_size"])
    if extended_size < 0:
        raise FormatError(f"{path.name}: its extended header has a size of {extended_size} bytes.", path=path)

    axes = _stored_axes(fields, remarks)
    pixel_size = _believable_pixel_size(fields, axes, remarks)
    columns, rows, sections = fields["n"].tolist()
    return MRCHeader(
        byte_order=order,
        mode=mode,
        dtype=_pixel_dtype(fields, order),
        stored_shape=(sections, rows, columns),
        stored_axes=axes,
        space_group=int(fields["space_group"]),
        data_offset=HEADER_SIZE + extended_size,
        extended_type=bytes(fields["extended_type"]).decode("latin-1").strip("\0 "),
        pixel_size=pixel_size,
        origin=_origin(fields, axes, pixel_size),
        remarks=tuple(remarks),
    )


def _remarks_on_stamps(fields: Any, order: ByteOrder) -> list[str]:
    remarks = []
    if fields["map"] not in (b"MAP ", b"MAP"):
        remarks.append("The letters MAP are missing from the header; its other fields make sense and were used.")
    stamp = tuple(fields["machine_stamp"].tolist()[:2])
    expected = [(0x44, 0x44), (0x44, 0x41)] if order == "<" else [(0x11, 0x11)]
    if stamp not in expected:
        name = "little" if order == "<" else "big"
        remarks.append(
            f"The machine stamp {stamp[0]:02x} {stamp[1]:02x} was ignored: the sizes make sense only as {name}-endian."
        )
    return remarks


def _stored_axes(fields: Any, remarks: list[str]) -> tuple[int, int, int]:
    columns, rows, sections = fields["map_axes"].tolist()
    if sorted((columns, rows, sections)) == [1, 2, 3]:
        return sections, rows, columns
    remarks.append(f"The axis order {columns}, {rows}, {sections} was ignored: it is no order of 1, 2, 3.")
    return 3, 2, 1


def _pixel_dtype(fields: Any, order: ByteOrder) -> np.dtype[Any]:
    dtype = np.dtype(_MODES[int(fields["mode"])]).newbyteorder(order)
    unsigned = int(fields["imod_stamp"]) == _IMOD_STAMP and not int(fields["imod_flags"]) & _IMOD_BYTES_ARE_SIGNED
    return np.dtype("u1") if dtype == np.int8 and unsigned else dtype


def _believable_pixel_size(fields: Any, axes: tuple[int, int, int], remarks: list[str]) -> float | None:
    samples = fields["m"].tolist()
    if min(samples) <= 0:
        lengths = dict(zip(reversed(axes), fields["n"].tolist(), strict=True))
        samples = [lengths[1], lengths[2], lengths[3]]
        remarks.append(f"The sampling {fields['m'].tolist()} was ignored; the number of pixels was used in its place.")
    x, y, z = (float(cell) / count for cell, count in zip(fields["cell"].tolist(), samples, strict=True))
    if not (math.isfinite(x) and math.isfinite(y) and 0.01 <= x <= 1e5 and 0.01 <= y <= 1e5):
        remarks.append(f"The pixel size {x:g} × {y:g} Å was ignored: it is not possible.")
        return None
    if abs(x - y) > 1e-3 * x:
        remarks.append(f"The pixel size {x:g} × {y:g} Å was ignored: pixels must be square.")
        return None
    if int(fields["space_group"]) == 1 and int(fields["n"][2]) > 1 and abs(x - z) > 1e-3 * x:
        remarks.append(f"The section spacing {z:g} Å was ignored: it differs from the pixel size {x:g} Å.")
    size = float(f"{x:.6g}")  # a quotient of two single-precision numbers
    ours = any(OUR_LABEL in label.decode("latin-1") for label in fields["labels"].tolist())
    if size == 1.0 and not ours:
        remarks.append("The pixel size 1 Å was ignored: programs write exactly 1 when they do not know it.")
        return None
    return size


def _origin(fields: Any, axes: tuple[int, int, int], pixel_size: float | None) -> tuple[float, float, float]:
    origin = [float(value) for value in fields["origin"].tolist()]
    if all(math.isfinite(value) for value in origin) and any(origin):
        return origin[0], origin[1], origin[2]
    start = dict(zip(reversed(axes), fields["nstart"].tolist(), strict=True))
    size = pixel_size or 0.0
    return start[1] * size, start[2] * size, start[3] * size
