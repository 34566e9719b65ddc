"""The words of one line of a STAR file."""

from __future__ import annotations

import re

_WORD = re.compile(
    rb"""
      "(?P<double>.*?)"(?=\s|$)   # a quote ends only where white space follows
    | '(?P<single>.*?)'(?=\s|$)
    | (?P<comment>\#.*)
    | (?P<bare>\S+)
    """,
    re.VERBOSE,
)


def split_words(line: bytes, wanted: int | None = None) -> list[bytes]:
    """The words of a line without their quotes; a comment ends it.

    Parameters
    ----------
    line : without its end
    wanted : how many words are expected; up to that number one that begins with ``#`` is a value, not a comment
    """
    words: list[bytes] = []
    for match in _WORD.finditer(line):
        if match.lastgroup == "comment":
            if wanted is None or len(words) >= wanted:
                break
            return _with_hashes(line, wanted)
        words.append(match[match.lastgroup or "bare"])
    return words


def _with_hashes(line: bytes, wanted: int) -> list[bytes]:
    words: list[bytes] = []
    position = 0
    while len(words) <= wanted and (match := _WORD.search(line, position)):
        if match.lastgroup != "comment":
            words.append(match[match.lastgroup or "bare"])
            position = match.end()
        elif len(words) == wanted:
            break
        else:
            word = match["comment"].split(maxsplit=1)[0]
            words.append(word)
            position = match.start() + len(word)
    return words


_KEYWORD = re.compile(rb"\s*(data_\S*|loop_|save_\S*|global_|stop_)\s*(#.*)?$", re.IGNORECASE)


def keyword_of(line: bytes) -> bytes | None:
    """The keyword a line consists of (``data_…``, ``loop_``, …), or None."""
    match = _KEYWORD.match(line)
    return match[1] if match else None
