"""Write EER movies, so that readers of them can be tested without a camera.

No sample movie may be freely passed on, and no open library encodes the format; this encoder follows the published
description (Guo et al. 2020, IUCrJ 7, 860-869).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SUBPIXEL_BITS = 2
_COMPRESSION_OF_RUN_BITS = {7: 65001, 8: 65000}


@dataclass(frozen=True, slots=True)
class ElectronEvents:
    """Where electrons hit the sensor in one raw frame, at most one in each pixel.

    Parameters
    ----------
    y, x : position in quarters of a pixel, counted from 0 at the first edge, not from a pixel's centre
    """

    y: NDArray[np.integer[Any]]
    x: NDArray[np.integer[Any]]


def write_eer(
    path: Path | str,
    frames: Iterable[ElectronEvents],
    *,
    shape: tuple[int, int] = (4096, 4096),
    pixel_size: float | None = None,
    run_bits: int = 7,
    explicit_code: bool = False,
    items: Mapping[str, str] | None = None,
) -> None:
    """Write a movie of electron events as a BigTIFF, one page a raw frame.

    Parameters
    ----------
    path : the file
    frames : the events of each raw frame
    shape : (y, x) of the sensor
    pixel_size : at the specimen, in Å, for the XML block of the first page
    run_bits : 7 or 8, the length of a run of empty pixels
    explicit_code : use compression 65002, in which tags name the sizes of the codes
    items : further items of the XML block
    """
    described = dict(items or {})
    if pixel_size is not None:
        described |= {
            "sensorPixelSize.width": f"{pixel_size * 1e-10}",
            "sensorPixelSize.height": f"{pixel_size * 1e-10}",
        }
    entries = "".join(f'<item name="{name}">{text}</item>' for name, text in described.items())
    metadata = f"<metadata>{entries}</metadata>".encode()
    with Path(path).open("wb") as file:
        file.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0))
        link = 8  # where the offset of the next directory is to be written
        for number, events in enumerate(frames):
            stream = encode_events(events, shape, run_bits)
            stream_offset = file.tell()
            file.write(stream)
            metadata_offset = file.tell()
            if number == 0:
                file.write(metadata)
            tags = [
                (256, 4, 1, shape[1]),
                (257, 4, 1, shape[0]),
                (259, 3, 1, 65002 if explicit_code else _COMPRESSION_OF_RUN_BITS[run_bits]),
                (262, 3, 1, 1),
                (273, 16, 1, stream_offset),
                (278, 4, 1, shape[0]),
                (279, 16, 1, len(stream)),
            ]
            if number == 0:
                tags.append((65001, 7, len(metadata), metadata_offset))
            if explicit_code:
                tags += [(65007, 3, 1, run_bits), (65008, 3, 1, _SUBPIXEL_BITS), (65009, 3, 1, _SUBPIXEL_BITS)]
            directory = file.tell()
            file.write(struct.pack("<Q", len(tags)) + b"".join(struct.pack("<HHQQ", *tag) for tag in tags))
            next_link = file.tell()
            file.write(bytes(8))
            file.seek(link)
            file.write(struct.pack("<Q", directory))
            file.seek(0, 2)
            link = next_link


def encode_events(events: ElectronEvents, shape: tuple[int, int], run_bits: int = 7) -> bytes:
    """Encode one raw frame.

    Each electron becomes the number of empty pixels before it, in groups of `run_bits` bits of which all but the last
    are full, then two bits for the position inside the pixel in x and two in y, the higher of each inverted. The lowest
    bit of a byte comes first. The stream ends with a run up to the last pixel and is padded to four bytes.
    """
    pixel = (events.y // 4).astype(np.int64) * shape[1] + events.x // 4
    order = np.argsort(pixel, kind="stable")
    pixel = pixel[order]
    if pixel.size and (pixel[0] < 0 or pixel[-1] >= shape[0] * shape[1] or (np.diff(pixel) == 0).any()):
        raise ValueError("events must lie on the sensor, at most one in a pixel")
    inside_x, inside_y = events.x[order] % 4 ^ 2, events.y[order] % 4 ^ 2

    longest = (1 << run_bits) - 1
    gaps = np.diff(pixel, prepend=-1) - 1
    full_groups, rest = gaps // longest, gaps % longest
    bits_each = full_groups * run_bits + run_bits + 2 * _SUBPIXEL_BITS
    starts = np.cumsum(bits_each) - bits_each
    tail = shape[0] * shape[1] - 1 - (pixel[-1] if pixel.size else -1)
    begin_of_tail = int(bits_each.sum())
    tail_bits = (tail // longest + 1) * run_bits

    toggles = np.zeros(begin_of_tail + int(tail_bits) + 1, np.int8)  # set bits of full groups, by their ends
    np.add.at(toggles, starts, 1)
    np.add.at(toggles, starts + full_groups * run_bits, -1)
    toggles[begin_of_tail] += 1
    toggles[begin_of_tail + int(tail // longest) * run_bits] -= 1
    bits = np.cumsum(toggles, dtype=np.int8)[:-1].astype(np.uint8)

    codes = rest | inside_x.astype(np.int64) << run_bits | inside_y.astype(np.int64) << run_bits + _SUBPIXEL_BITS
    for bit in range(run_bits + 2 * _SUBPIXEL_BITS):
        bits[starts + full_groups * run_bits + bit] = codes >> bit & 1
    for bit in range(run_bits):
        bits[begin_of_tail + int(tail // longest) * run_bits + bit] = int(tail % longest) >> bit & 1
    stream = np.packbits(bits, bitorder="little").tobytes()
    return stream + bytes(-len(stream) % 4)
