"""The rows of a table in a STAR file."""

from __future__ import annotations

from cryoloom.formats.star._lines import Lines
from cryoloom.formats.star._table import NEW_LINE, SEPARATOR
from cryoloom.formats.star._words import keyword_of, split_words

# A line of which the first word begins with one of these may be something else than a row.
_SUSPICIOUS = frozenset(b"_#;")


def read_rows(lines: Lines, width: int) -> tuple[list[bytes], bool]:
    """Take rows from the lines at hand.

    Parameters
    ----------
    lines : of which the next is not the end of the file
    width : number of columns

    Returns
    -------
    rows : each with its words joined by `SEPARATOR`
    ended : whether the table ends before the next line; otherwise it may go on in lines not read from the file yet

    Raises
    ------
    FormatError
        If a line has another number of values.
    """
    rows: list[bytes] = []
    ready, number, quoted = lines.ready, lines.next, lines.quoted
    while lines.ready is ready and number < len(ready):
        line = ready[number]
        words = line.split()
        if len(words) == width > 1 and words[0][0] not in _SUSPICIOUS and not quoted:
            rows.append(SEPARATOR.join(words))
            number += 1
            continue
        lines.next = number
        if keyword_of(line) is not None or _is_label(line, width):
            return rows, True
        if not words or words[0].startswith(b"#"):
            number += 1
            continue
        rows.append(SEPARATOR.join(_odd_row(lines, width)))
        number = lines.next
    if lines.ready is ready:
        lines.next = number
    return rows, False


def _is_label(line: bytes, width: int) -> bool:
    """Whether a line is an item after the table, and not a row whose first value begins with an underscore."""
    if not line.lstrip().startswith(b"_"):
        return False
    return len(split_words(line)) <= 2 and (width <= 2 or len(split_words(line, width)) < width)


def _odd_row(lines: Lines, width: int) -> list[bytes]:
    """The words of a row with quotes, comments or text of several lines."""
    begin = lines.number
    words = [] if _text_follows(lines) else split_words(lines.take() or b"", width)
    while len(words) < width and _text_follows(lines):
        words.append(lines.take_text().replace(b"\n", NEW_LINE))
        if len(words) < width and not _text_follows(lines):
            words += split_words(lines.take() or b"", width - len(words))
    if len(words) != width:
        raise lines.fault(f"has {len(words)} values, but the table has {width} columns", begin)
    return words


def _text_follows(lines: Lines) -> bool:
    line = lines.peek()
    return line is not None and line.startswith(b";")
