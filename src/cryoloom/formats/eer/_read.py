"""EER movies, rendered fraction by fraction."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import FormatError, ParameterError
from cryoloom.formats._image import ImageHeader, ImageKind, ImageStack
from cryoloom.formats._source import ByteSource
from cryoloom.formats.eer._metadata import EERMetadata, parse_metadata
from cryoloom.formats.tiff import Directory, read_first_directory, read_layout

_CODES = {65000: (8, 2, 2), 65001: (7, 2, 2)}
_EXPLICIT = 65002  # the sizes of the codes are in tags
_COMPRESSION, _METADATA = 259, 65001  # tags


@dataclass(frozen=True, slots=True)
class _RawFrame:
    """Where the events of one exposure of the sensor lie."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class _Sensor:
    """What all raw frames have in common: the size of the sensor, and the bits of run, x and y in a code."""

    shape: tuple[int, int]
    code: tuple[int, int, int]


class EERStack(ImageStack):
    """An EER movie rendered into fractions, each when it is asked for.

    Rows are in the order of MRC as they stand: unlike other TIFF files, EER is not turned upside down.

    Parameters
    ----------
    path : the file
    fractions : how many images it is rendered into; every one sums the same number of raw frames. None renders every
        raw frame by itself.
    upsampling : 1 for the grid of the sensor, 2 for one twice as fine

    Attributes
    ----------
    raw_frame_count : int
        Exposures of the sensor in the file.
    frames_per_fraction : int
        Raw frames summed into one image.
    left_over : int
        Raw frames at the end that belong to no fraction.
    metadata : EERMetadata
        What the camera wrote about the movie.

    Raises
    ------
    FormatError
        If it is no EER file.
    IncompleteFileError
        If parts of it lie beyond its end.
    ParameterError
        If it has fewer raw frames than `fractions`, or cannot be upsampled so.
    """

    def __init__(self, path: Path | str, *, fractions: int | None = None, upsampling: int = 1) -> None:
        self._source = ByteSource(path)
        try:
            layout = read_layout(self._source)
            self._sensor, self._raw_frames, skipped = _raw_frames(layout.directories, self._source)
            fractions = len(self._raw_frames) if fractions is None else fractions
            self._check_request(fractions, upsampling)
        except BaseException:
            self._source.close()
            raise
        self.raw_frame_count = len(self._raw_frames)
        self.frames_per_fraction = self.raw_frame_count // fractions
        self.left_over = self.raw_frame_count - fractions * self.frames_per_fraction
        self._upsampling_bits = upsampling.bit_length() - 1
        self.metadata = metadata_of(layout.directories[0])
        remarks = [f"{skipped} pages of another kind were ignored."] if skipped else []
        if self.left_over:
            remarks.append(
                f"The last {self.left_over} of {self.raw_frame_count} raw frames are left out: "
                f"each of the {fractions} fractions sums {self.frames_per_fraction}."
            )
        pixel_size = self.metadata.pixel_size
        self.header = ImageHeader(
            path=self._source.path,
            format="EER",
            kind=ImageKind.STACK,
            shape=(fractions, self._sensor.shape[0] * upsampling, self._sensor.shape[1] * upsampling),
            dtype=np.dtype(np.uint8 if self.frames_per_fraction < 256 else np.uint16),  # one event a pixel and frame
            pixel_size=None if pixel_size is None else pixel_size / upsampling,
            remarks=tuple(remarks),
        )

    def _check_request(self, fractions: int, upsampling: int) -> None:
        name, count = self._source.path.name, len(self._raw_frames)
        if not 1 <= fractions <= count:
            raise ParameterError(
                f"{name}: {count} raw frames cannot be rendered into {fractions} fractions; choose 1 to {count}.",
                path=self._source.path,
            )
        if upsampling not in (1, 2):
            raise ParameterError(
                f"{name}: EER can be rendered with an upsampling of 1 or 2, not {upsampling}.", path=self._source.path
            )

    def section(self, index: int) -> NDArray[Any]:
        """Electron counts of one fraction, shape (y, x)."""
        from cryoloom.formats.eer._decode import add_frames

        first = self._position(index) * self.frames_per_fraction
        frames = self._raw_frames[first : first + self.frames_per_fraction]
        words, starts = self._streams(frames)
        image = np.zeros(self.shape[1:], self.header.dtype)
        sizes = np.array([frame.size for frame in frames])
        damaged = add_frames(words, starts, sizes, (*self._sensor.code, self._upsampling_bits), image)
        if damaged >= 0:
            raise FormatError(
                f"{self._source.path.name}: the electron events of raw frame {first + damaged} are damaged; "
                "copy the file again.",
                path=self._source.path,
            )
        return image

    def _streams(self, frames: list[_RawFrame]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        from cryoloom.formats.eer._decode import PADDING

        lengths = [(frame.size + PADDING + 3) // 4 for frame in frames]
        starts = np.cumsum([0, *lengths], dtype=np.int64)
        words = np.zeros(starts[-1], "<u4")
        content = words.view(np.uint8).data
        for frame, start in zip(frames, starts.tolist(), strict=False):
            self._source.read_into(frame.offset, content[4 * start : 4 * start + frame.size])
        return words, starts[:-1]

    def close(self) -> None:
        """Close the file; doing so twice is harmless."""
        self._source.close()


def is_eer(source: ByteSource) -> bool:
    """Whether an open TIFF file is an EER movie, by the compression of its first page."""
    return _code(read_first_directory(source)) is not None


def metadata_of(directory: Directory) -> EERMetadata:
    """What the camera wrote into a page."""
    block = directory.tags.get(_METADATA)
    return parse_metadata(block) if isinstance(block, bytes) else EERMetadata()


def _raw_frames(directories: tuple[Directory, ...], source: ByteSource) -> tuple[_Sensor, list[_RawFrame], int]:
    sensor: _Sensor | None = None
    frames: list[_RawFrame] = []
    for directory in directories:
        code = _code(directory)
        here = None if code is None else _Sensor((directory.number(257, 0), directory.number(256, 0)), code)
        if here is not None and (sensor is None or here == sensor):
            sensor = here
            frames.append(_raw_frame(directory, sensor, source))
    if sensor is None:
        raise FormatError(f"{source.path.name}: it holds no electron events; it is not an EER file.", path=source.path)
    return sensor, frames, len(directories) - len(frames)


def _code(directory: Directory) -> tuple[int, int, int] | None:
    compression = directory.number(_COMPRESSION, 1)
    if compression == _EXPLICIT:
        return directory.number(65007, 7), directory.number(65008, 2), directory.number(65009, 2)
    return _CODES.get(compression)


def _raw_frame(directory: Directory, sensor: _Sensor, source: ByteSource) -> _RawFrame:
    offsets, sizes = directory.numbers(273), directory.numbers(279)
    run_bits, x_bits, y_bits = sensor.code
    if len(offsets) != 1 or not (2 <= run_bits <= 16 and 1 <= x_bits <= 4 and 1 <= y_bits <= 4):
        raise FormatError(
            f"{source.path.name}: an EER frame in {len(offsets)} strips with codes of {sensor.code} bits is not "
            "supported.",
            path=source.path,
        )
    height, width = sensor.shape
    pixels_at_most = (8 * sizes[0] // run_bits) << run_bits
    if min(height, width) < 1 or height * width > pixels_at_most:
        raise FormatError(
            f"{source.path.name}: an EER frame of {width} × {height} pixels cannot lie in {sizes[0]} bytes.",
            path=source.path,
        )
    return _RawFrame(offsets[0], sizes[0])
