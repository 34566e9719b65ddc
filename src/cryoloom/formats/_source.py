"""Random access to the bytes of a file, whether or not it is compressed."""

from __future__ import annotations

import bz2
import gzip
import os
import stat
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from cryoloom.errors import FormatError, IncompleteFileError, NotFoundError

GZIP_MAGIC = b"\x1f\x8b\x08"
BZIP2_MAGIC = b"BZh"

# A compressed file may claim to hold far more than it does. Real maps compress at most some hundredfold (a mask).
_LARGEST_EXPANSION = 2000
_ALWAYS_ALLOWED = 256 * 2**20

_CHUNK = 2**30  # the kernel reads a little less than 2 GiB at once


class ByteSource:
    """A file opened for reading at any offset.

    Plain files are read by position, so that threads may share one source. Files compressed with gzip or bzip2,
    recognised by their first bytes, are decompressed as they are read; reading forwards is cheap, going back starts
    again from the beginning.

    Parameters
    ----------
    path : the file

    Attributes
    ----------
    stored_size : int
        Bytes on the disk.
    compression : str or None
        ``"gzip"``, ``"bzip2"`` or None.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._file = open_binary(self.path)
        self.stored_size = os.fstat(self._file.fileno()).st_size
        self.compression = compression_of(os.pread(self._file.fileno(), 4, 0))
        self._lock = threading.Lock()
        self._stream: gzip.GzipFile | bz2.BZ2File | None = None
        if self.compression == "gzip":
            self._stream = gzip.GzipFile(fileobj=self._file)
        elif self.compression == "bzip2":
            self._stream = bz2.BZ2File(self._file)

    def beginning(self, size: int) -> bytes:
        """The first `size` bytes, fewer if the file is shorter."""
        buffer = bytearray(size)
        return bytes(buffer[: self._read(0, memoryview(buffer))])

    def chunks(self, size: int) -> Iterator[bytes]:
        """The whole content from the beginning, in pieces of `size` bytes."""
        offset = 0
        while True:
            buffer = bytearray(size)
            if self.compression is not None:
                self.check_extent(offset)
            done = self._read(offset, memoryview(buffer))
            if not done:
                return
            offset += done
            yield bytes(memoryview(buffer)[:done])

    def all_text(self, largest: int) -> bytes:
        """The whole content, refused if it is longer than `largest` bytes or holds a zero byte, as no text does.

        Raises
        ------
        FormatError
            If it is refused.
        """
        pieces: list[bytes] = []
        for piece in self.chunks(2**20):
            pieces.append(piece)
            if b"\0" in piece or 2**20 * len(pieces) > largest + 2**20:
                raise FormatError(f"{self.path.name}: this is not a text file of the size expected.", path=self.path)
        return b"".join(pieces)

    def stored_tail(self, size: int) -> bytes:
        """The last `size` bytes as they lie on the disk, still compressed if they are."""
        return os.pread(self._file.fileno(), size, max(0, self.stored_size - size))

    def read_at(self, offset: int, size: int) -> bytearray:
        """Exactly `size` bytes from `offset` on.

        Raises
        ------
        IncompleteFileError
            If the file ends earlier.
        FormatError
            If it promises more than a file of its size can hold, or its compressed data are damaged.
        """
        self.check_extent(offset + size)
        buffer = bytearray(size)
        self.read_into(offset, memoryview(buffer))
        return buffer

    def read_into(self, offset: int, target: memoryview) -> None:
        """Fill `target` (contiguous bytes) from `offset` on."""
        target = target.cast("B")
        self.check_extent(offset + target.nbytes)
        done = self._read(offset, target)
        if done < target.nbytes:
            raise IncompleteFileError(
                f"{self.path.name}: the file ends after {offset + done} of {offset + target.nbytes} bytes: "
                "it is still being written or was cut short; wait for it or copy it again.",
                path=self.path,
            )

    def check_extent(self, end: int) -> None:
        """Refuse to look for bytes that the file cannot hold, before anything is allocated for them."""
        if self._stream is None:
            if end > self.stored_size:
                raise IncompleteFileError(
                    f"{self.path.name}: its header promises {end} bytes, but the file has {self.stored_size}: "
                    "it is still being written or was cut short; wait for it or copy it again.",
                    path=self.path,
                )
        elif end > max(_ALWAYS_ALLOWED, _LARGEST_EXPANSION * self.stored_size):
            raise FormatError(
                f"{self.path.name}: its header promises {end} bytes, which {self.stored_size} compressed bytes cannot "
                "hold; decompress the file by hand if you trust it.",
                path=self.path,
            )

    def _read(self, offset: int, target: memoryview) -> int:
        if self._stream is None:
            return self._read_plain(offset, target)
        return self._read_stream(self._stream, offset, target)

    def _read_plain(self, offset: int, target: memoryview) -> int:
        done = 0
        while done < target.nbytes:
            count = os.preadv(self._file.fileno(), [target[done : done + _CHUNK]], offset + done)
            if count == 0:
                break
            done += count
        return done

    def _read_stream(self, stream: gzip.GzipFile | bz2.BZ2File, offset: int, target: memoryview) -> int:
        done = 0
        with self._lock:
            try:
                stream.seek(offset)
                while done < target.nbytes:
                    count = stream.readinto(target[done : done + _CHUNK])
                    if not count:
                        break
                    done += count
            except EOFError as error:
                raise IncompleteFileError(
                    f"{self.path.name}: its {self.compression} data end too early: it is still being written or was "
                    "cut short; wait for it or copy it again.",
                    path=self.path,
                ) from error
            except (OSError, zlib.error, ValueError) as error:
                raise FormatError(
                    f"{self.path.name}: its {self.compression} data are damaged ({error}); copy the file again.",
                    path=self.path,
                ) from error
        return done

    def close(self) -> None:
        """Close the file; doing so twice is harmless."""
        if self._stream is not None:
            self._stream.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_binary(path: Path) -> IO[bytes]:
    """Open a regular file for reading.

    Raises
    ------
    NotFoundError
        If there is no such file.
    FormatError
        If it is a folder, a pipe or a device, or may not be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise NotFoundError(f"{path}: there is no such file.", path=path) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise FormatError(
            f"{path}: it cannot be read ({reason}); check its path and permissions.", path=path
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FormatError(f"{path}: this is not a regular file; give the path of a file.", path=path)
    return os.fdopen(descriptor, "rb")


def compression_of(beginning: bytes) -> str | None:
    """``"gzip"`` or ``"bzip2"`` if a file that begins like this is compressed so, else None."""
    if beginning.startswith(GZIP_MAGIC):
        return "gzip"
    if beginning.startswith(BZIP2_MAGIC):
        return "bzip2"
    return None
