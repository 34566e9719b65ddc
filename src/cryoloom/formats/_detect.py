"""What kind of file is this? The content decides, then the name."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from cryoloom.errors import FormatError
from cryoloom.formats._source import ByteSource

_LOOK = 4096


class FileFormat(StrEnum):
    """The formats that cryoloom knows."""

    MRC = "MRC"
    TIFF = "TIFF"
    EER = "EER"
    DM = "DM"


def detect_format(path: Path | str) -> FileFormat:
    """The format of a file, by its first bytes and, where those leave it open, by its suffix.

    Raises
    ------
    FormatError
        If it is of no known kind.
    """
    from cryoloom.formats.dm import is_dm
    from cryoloom.formats.mrc import looks_like_mrc
    from cryoloom.formats.tiff import is_tiff

    with ByteSource(path) as source:
        beginning = source.beginning(_LOOK)
        if is_tiff(beginning):
            from cryoloom.formats.eer import is_eer

            return FileFormat.EER if is_eer(source) else FileFormat.TIFF
    if is_dm(beginning):
        return FileFormat.DM
    if looks_like_mrc(beginning):
        return FileFormat.MRC
    raise FormatError(f"{Path(path).name}: this is none of the formats that cryoloom reads.", path=path)
