"""What kind of file is this? The content decides, and the name where the content leaves it open."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

from cryoloom.errors import FormatError, IncompleteFileError
from cryoloom.formats._source import ByteSource

_LOOK = 2**16


class FileFormat(StrEnum):
    """The formats that cryoloom knows."""

    MRC = "MRC"
    TIFF = "TIFF"
    EER = "EER"
    DM = "DM"
    SPIDER = "SPIDER"
    IMAGIC = "IMAGIC"
    STAR = "STAR"
    CS = "CS"
    XMD = "XMD"
    EMX = "EMX"
    MDOC = "MDOC"
    EPU = "EPU"
    PDB = "PDB"
    MMCIF = "MMCIF"

    @property
    def holds_images(self) -> bool:
        """Whether it is a format of images, stacks and volumes."""
        return self in _OF_IMAGES


_OF_IMAGES = frozenset(
    {FileFormat.MRC, FileFormat.TIFF, FileFormat.EER, FileFormat.DM, FileFormat.SPIDER, FileFormat.IMAGIC}
)
_ROOTS = {b"MicroscopeImage": FileFormat.EPU, b"Acquisition": FileFormat.EPU, b"EMX": FileFormat.EMX}
_ROOT = re.compile(rb"<([A-Za-z_][\w.-]*)")
_PDB_LINE = re.compile(
    rb"^(HEADER|OBSLTE|TITLE |SPLIT |CAVEAT|COMPND|SOURCE|KEYWDS|EXPDTA|REMARK|SEQRES|CRYST1|MODEL |ATOM  |HETATM)"
)
_MDOC_LINE = re.compile(rb"^\[(ZValue|FrameSet|MontSection|T)\s*=", re.MULTILINE)


def detect_format(path: Path | str) -> FileFormat:
    """The format of a file, plain or compressed.

    Raises
    ------
    NotFoundError
        If there is no such file.
    FormatError
        If it is of no known kind.
    IncompleteFileError
        If too little of it has been written to tell.
    """
    path = Path(path)
    with ByteSource(path) as source:
        beginning = source.beginning(_LOOK)
        found = _binary_format(source, beginning, path) or (_text_format(beginning) if b"\0" not in beginning else None)
    if found is not None:
        return found
    if not beginning:
        raise IncompleteFileError(f"{path.name}: the file is empty.", path=path)
    raise FormatError(f"{path.name}: this is none of the formats that cryoloom reads.", path=path)


def _binary_format(source: ByteSource, beginning: bytes, path: Path) -> FileFormat | None:
    from cryoloom.formats import tiff

    if tiff.is_tiff(beginning):
        from cryoloom.formats.eer import is_eer

        return FileFormat.EER if is_eer(source) else FileFormat.TIFF
    from cryoloom.formats import cryosparc, dm, imagic, mrc, spider

    pixels_of_imagic = path.suffix == ".img" and path.with_suffix(".hed").is_file()
    tests = {
        FileFormat.CS: cryosparc.is_cs(beginning) and path.suffix != ".npy",
        FileFormat.DM: dm.is_dm(beginning),
        FileFormat.IMAGIC: pixels_of_imagic or imagic.parse_header(beginning) is not None,
        FileFormat.SPIDER: spider.parse_header(beginning) is not None,
        FileFormat.MRC: mrc.looks_like_mrc(beginning),  # last: of these it asks the least
    }
    return next((kind for kind, found in tests.items() if found), None)


def _text_format(beginning: bytes) -> FileFormat | None:
    from cryoloom.formats.xmd import is_xmd

    text = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()
    if is_xmd(text):
        return FileFormat.XMD
    if text.startswith(b"<"):
        return _xml_format(text)
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(b"#")]
    first = lines[0].lstrip() if lines else b""
    if first[:5].lower() == b"data_":
        return FileFormat.MMCIF if re.search(rb"^\s*_(entry|atom_site)\.", text, re.MULTILINE) else FileFormat.STAR
    if _PDB_LINE.match(first):
        return FileFormat.PDB
    return FileFormat.MDOC if _MDOC_LINE.search(text) else None


def _xml_format(text: bytes) -> FileFormat | None:
    without_comments = re.sub(rb"<!--.*?-->|<\?.*?\?>", b"", text, flags=re.DOTALL)
    match = _ROOT.search(without_comments)
    return _ROOTS.get(match[1]) if match else None
