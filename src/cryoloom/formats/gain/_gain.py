"""Gain references of every kind, as factors in the order of rows that frames have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import FormatError
from cryoloom.formats._detect import FileFormat
from cryoloom.formats._open import read_stack


@dataclass(frozen=True, slots=True)
class Gain:
    """A gain reference.

    Parameters
    ----------
    factors : (y, x) float32 by which a raw frame is multiplied; 0 where a pixel is defective
    defects : (y, x), True where a pixel is defective
    remarks : what was converted, one sentence each
    warnings : what a person should look at, one sentence each
    is_plain : whether RELION applies the file as it is described here: it can read it, and every pixel is a factor or
        zero
    """

    factors: NDArray[np.float32]
    defects: NDArray[np.bool_]
    remarks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    is_plain: bool = True

    def repeated(self, times: int) -> Gain:
        """The reference for frames on a finer grid, each pixel repeated `times` along both axes; for EER at 8k."""
        return replace(
            self,
            factors=np.repeat(np.repeat(self.factors, times, 0), times, 1),
            defects=np.repeat(np.repeat(self.defects, times, 0), times, 1),
        )


def read_gain(path: Path | str, *, movies_are_eer: bool = False) -> Gain:
    """Read a gain reference in MRC, TIFF, DM4 or Thermo Fisher's ``.gain``.

    A pixel that is zero, negative or not finite is defective. The reference is not turned: only its rows are brought
    into the order that frames have.

    ===========  =======================  ==============================  ==================
    format       rows                     beside MRC or TIFF movies       beside EER movies
    ===========  =======================  ==============================  ==================
    MRC          as they are              multiplies                      divides
    TIFF, DM4    upside down              multiplies                      divides
    ``.gain``    as they are              multiplies                      multiplies
    ===========  =======================  ==============================  ==================

    What multiplies and what divides is what ``relion_run_motioncorr`` 3.1.3 does with each. A divisor is turned into
    factors with its mean over the good pixels, so that the counts keep their level.

    Parameters
    ----------
    path : the file
    movies_are_eer : whether the movies it belongs to are EER

    Raises
    ------
    FormatError
        If it holds several images, or no good pixel.
    """
    path = Path(path)
    thermo = path.suffix.lower() == ".gain"
    with read_stack(path) as stack:
        if len(stack) != 1:
            raise FormatError(f"{path.name}: a gain reference is one image, this file has {len(stack)}.", path=path)
        values = np.ascontiguousarray(stack.section(0), np.float32)
        is_dm = stack.header.format == FileFormat.DM
    if thermo:
        values = np.ascontiguousarray(values[::-1])  # a TIFF that is not meant upside down, as EER is not
    good = np.isfinite(values) & (values > 0)
    if not good.any():
        raise FormatError(f"{path.name}: no pixel of this gain reference is positive.", path=path)
    remarks, warnings = [], []
    impossible = int(np.count_nonzero(~good & (values != 0)))
    if impossible:
        warnings.append(
            f"{impossible} pixels of the gain reference {path.name} are negative or no numbers; they count as "
            "defective and are filled from their neighbours. Is the file damaged?"
        )
    factors = np.where(good, values, np.float32(0))
    if movies_are_eer and not thermo:
        mean = values[good].mean(dtype=np.float64)
        np.divide(np.float32(mean), values, out=factors, where=good)
        remarks.append("Beside EER movies this reference divides; it was turned into factors.")
    return Gain(factors, ~good, tuple(remarks), tuple(warnings), is_plain=not impossible and not is_dm)
