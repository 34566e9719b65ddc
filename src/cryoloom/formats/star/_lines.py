"""The lines of a text file, a few megabytes at a time."""

from __future__ import annotations

from collections.abc import Iterator

from cryoloom.errors import FormatError, IncompleteFileError
from cryoloom.formats._source import ByteSource

_CHUNK = 16 * 2**20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Lines:
    """The lines of a text file, plain or compressed, with a look ahead and their numbers.

    At most some 16 MB of the file are in memory.

    Parameters
    ----------
    source : the open file

    Attributes
    ----------
    ready : list of bytes
        Lines already read from the file, without their ends.
    next : int
        Index in `ready` of the line that is read next.
    quoted : bool
        Whether there is a quote anywhere in `ready`.
    """

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._chunks = self._text(source.chunks(_CHUNK))
        self._rest = b""
        self._before = 0  # lines that have left `ready`
        self.ready: list[bytes] = []
        self.next = 0
        self.quoted = False

    @property
    def number(self) -> int:
        """Number of the line that is read next, counted from 1."""
        return self._before + self.next + 1

    def peek(self) -> bytes | None:
        """The next line, which stays there; None at the end of the file."""
        return self.ready[self.next] if self.next < len(self.ready) or self.refill() else None

    def take(self) -> bytes | None:
        """The next line; None at the end of the file."""
        line = self.peek()
        if line is not None:
            self.next += 1
        return line

    def refill(self) -> bool:
        """Replace the lines that have been read by the next few megabytes; False at the end of the file.

        Must only be called when all of `ready` has been read.
        """
        while True:
            chunk = next(self._chunks, None)
            if chunk is None and not self._rest:
                return False
            text = self._rest + (chunk or b"")
            lines = text.split(b"\n")
            self._rest = lines.pop() if chunk is not None else b""
            if len(self._rest) > _CHUNK:
                raise self.fault("is longer than 16 MB; this is not a text file")
            if lines:
                self._before += len(self.ready)
                self.ready, self.next = lines, 0
                self.quoted = b'"' in text or b"'" in text
                return True

    def take_text(self) -> bytes:
        """Text that begins after a semicolon at the start of the next line and ends before a line with another.

        Raises
        ------
        IncompleteFileError
            If it does not end.
        """
        begin = self.number
        lines = [(self.take() or b"")[1:].rstrip(b"\r")]
        while (line := self.take()) is not None:
            if line.startswith(b";"):
                return b"\n".join(lines)
            lines.append(line.rstrip(b"\r"))
        raise IncompleteFileError(
            f"{self._source.path.name}: the text that begins in line {begin} does not end; the file was cut short.",
            path=self._source.path,
        )

    def fault(self, reason: str, line: int | None = None) -> FormatError:
        """An error that names the file and a line, by default the next."""
        number = self.number if line is None else line
        return FormatError(f"{self._source.path.name}: line {number} {reason}.", path=self._source.path)

    def _text(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        first = True
        for chunk in chunks:
            if b"\0" in chunk or b"\x1f" in chunk or b"\x1e" in chunk:
                raise FormatError(f"{self._source.path.name}: this is not a text file.", path=self._source.path)
            yield chunk.removeprefix(_BYTE_ORDER_MARK) if first else chunk
            first = False
