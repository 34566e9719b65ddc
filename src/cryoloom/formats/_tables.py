"""Particles of whatever format a file has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.errors import FormatError
from cryoloom.formats._detect import FileFormat, detect_format

if TYPE_CHECKING:
    from cryoloom.formats._imported import Imported
    from cryoloom.formats.relion import AssumedAcquisition


def read_particles(
    path: Path | str, *, assumed: AssumedAcquisition | None = None, passthrough: Path | str | None = None
) -> Imported:
    """Read particles from RELION's STAR or cryoSPARC's .cs files; the content decides which it is.

    Parameters
    ----------
    path : the file
    assumed : for what a STAR file does not say
    passthrough : for a .cs file, the one with the fields that its job did not change

    Raises
    ------
    FormatError
        If it lists no particles.
    """
    kind = detect_format(path)
    if kind is FileFormat.CS:
        from cryoloom.formats import cryosparc

        return cryosparc.read_particles(path, passthrough=passthrough)
    if kind is FileFormat.STAR:
        from cryoloom.formats import relion

        return relion.read_particles(path, assumed=assumed or relion.AssumedAcquisition())
    raise FormatError(f"{Path(path).name}: a {kind} file lists no particles that can be read.", path=path)
