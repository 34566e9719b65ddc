"""One face for movies of every format."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from cryoloom.formats._detect import FileFormat, detect_format
from cryoloom.formats._image import ImageStack, check_finite


class Movie:
    """The frames of an exposure, in MRC's order of rows whatever the format.

    Frames keep the type of their file (electron counts are mostly bytes); nothing is read before it is asked for.

    Parameters
    ----------
    stack : the file's sections; closed with the movie
    """

    def __init__(self, stack: ImageStack) -> None:
        self._stack = stack
        self.header = stack.header

    @property
    def path(self) -> Path:
        """The file."""
        return self.header.path

    @property
    def frame_count(self) -> int:
        """Number of frames; of an EER movie the number of fractions it is rendered into."""
        return self.header.shape[0]

    @property
    def raw_frame_count(self) -> int:
        """Exposures of the sensor in the file: of an EER movie more than there are frames."""
        return getattr(self._stack, "raw_frame_count", self.frame_count)

    @property
    def shape(self) -> tuple[int, int]:
        """(y, x) of a frame."""
        return self.header.shape[1:]

    @property
    def pixel_size(self) -> float | None:
        """In Å; None if the file does not say it believably."""
        return self.header.pixel_size

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels."""
        return self.header.dtype

    def frames(self, start: int = 0, stop: int | None = None, *, threads: int = 1) -> Iterator[NDArray[Any]]:
        """The frames from `start` up to but not including `stop`, each of shape (y, x), in order.

        Parameters
        ----------
        start, stop : counted from 0; ``stop=None`` goes to the end
        threads : frames decoded at once; at most ``threads + 1`` are in memory besides those the caller keeps

        Raises
        ------
        FormatError
            If pixels are damaged or not finite.
        """
        chosen = range(self.frame_count)[start:stop]
        if threads == 1:
            for number in chosen:
                yield self._checked_frame(number)
            return
        with ThreadPoolExecutor(threads, thread_name_prefix="frames") as pool:
            waiting: deque[Future[NDArray[Any]]] = deque()
            try:
                for number in chosen:
                    waiting.append(pool.submit(self._checked_frame, number))
                    if len(waiting) > threads:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def _checked_frame(self, number: int) -> NDArray[Any]:
        frame = self._stack.section(number)
        check_finite(frame, self.path, number)
        return frame

    def close(self) -> None:
        """Close the file; doing so twice is harmless."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_movie(path: Path | str, *, eer_fractions: int | None = None, eer_upsampling: int = 1) -> Movie:
    """Open a movie in MRC (also compressed), TIFF, EER or another image format; the content decides which it is.

    Parameters
    ----------
    path : the file
    eer_fractions : how many frames an EER movie is rendered into; its raw frames are shared out evenly, and those left
        over at the end are named in the header's remarks. By default as many as `cryoloom.formats.eer` finds sensible.
    eer_upsampling : 1 renders EER on the grid of the sensor, 2 on one twice as fine

    Raises
    ------
    FormatError
        If the file is of another kind or damaged.
    IncompleteFileError
        If it is shorter than it should be.
    ParameterError
        If an EER movie has fewer raw frames than that.
    """
    path = Path(path)
    kind = detect_format(path)
    if kind is FileFormat.EER:
        from cryoloom.formats.eer import EERStack, sensible_fractions

        fractions = sensible_fractions(path) if eer_fractions is None else eer_fractions
        return Movie(EERStack(path, fractions=fractions, upsampling=eer_upsampling))
    from cryoloom.formats._open import read_stack

    return Movie(read_stack(path))
