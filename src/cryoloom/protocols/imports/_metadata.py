"""What the acquisition software wrote beside a movie."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryoloom.formats import AcquisitionRecord

_FRACTIONS = re.compile(r"_(fractions|eer)$", re.IGNORECASE)


def record_beside(movie: Path) -> AcquisitionRecord | None:
    """The record of one exposure that EPU or SerialEM left beside its movie.

    EPU writes ``NAME.xml`` beside ``NAME_fractions.tiff``, ``NAME_Fractions.mrc`` or ``NAME_EER.eer``; SerialEM writes
    ``NAME.tif.mdoc`` or ``NAME.mdoc``.

    Parameters
    ----------
    movie : the movie's file

    Returns
    -------
    None if there is none.

    Raises
    ------
    FormatError
        If there is one that cannot be read.
    """
    from cryoloom.formats import epu, mdoc

    stem = _FRACTIONS.sub("", movie.stem)
    for path in (movie.with_name(f"{stem}.xml"), movie.with_suffix(".xml")):
        if path.is_file():
            return epu.read_acquisition(path)
    for path in (movie.with_name(f"{movie.name}.mdoc"), movie.with_suffix(".mdoc")):
        if path.is_file():
            records = mdoc.read_acquisitions(path)
            return next((record for record in records if record.movie_name == movie.name), None)
    return None
