"""Filters of a map, the same for protocol and tool."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.engine.validation import DetectorResponse
    from cryoloom.protocols.map_files import MapFile


@dataclass(frozen=True)
class FilterSettings:
    """What is done: the detector first, then B-factor, high-pass and low-pass.

    Parameters
    ----------
    low_pass : finer details are left out, in Å
    high_pass : coarser details are left out, in Å
    b_factor : that is applied, in Å²; negative sharpens
    mtf : STAR file of a detector, whose damping is undone
    detector_pixel_size : at which it recorded, in Å
    undo_detector : without such a file, the damping of the detector that recorded the map's particles is undone
    """

    low_pass: float | None = None
    high_pass: float | None = None
    b_factor: float | None = None
    mtf: Path | None = None
    detector_pixel_size: float | None = None
    undo_detector: bool = False

    def __post_init__(self) -> None:
        from cryoloom.protocols.detectors import check_detector

        check_detector(self.mtf, self.detector_pixel_size)
        asked = (self.low_pass, self.high_pass, self.b_factor, self.mtf)
        if all(one is None for one in asked) and not self.undo_detector:
            raise ParameterError("No filter is given; give a low-pass, a high-pass, a B-factor or a detector's MTF.")
        if self.low_pass is not None and self.high_pass is not None and self.low_pass >= self.high_pass:
            raise ParameterError(
                f"Nothing is left of a map without what is finer than {self.low_pass:g} Å and coarser than "
                f"{self.high_pass:g} Å; the low-pass must be the smaller number."
            )


def filtered(
    given: MapFile, settings: FilterSettings, detector: DetectorResponse | None = None, *, threads: int = 1
) -> NDArray[np.float32]:
    """The map after all filters.

    Parameters
    ----------
    given : the map
    settings : which filters
    detector : whose damping is undone
    threads : threads to use; the result does not depend on it
    """
    from cryoloom.engine import maps

    result, size = given.volume, given.pixel_size
    if detector is not None:
        result = maps.divide_by_mtf(
            result,
            detector.frequency,
            detector.mtf,
            pixel_size=size,
            detector_pixel_size=detector.pixel_size,
            threads=threads,
        )
    if settings.b_factor is not None:
        result = maps.apply_b_factor(result, settings.b_factor, pixel_size=size, threads=threads)
    if settings.high_pass is not None:
        result = maps.high_pass(result, settings.high_pass, pixel_size=size, threads=threads)
    if settings.low_pass is not None:
        result = maps.low_pass(result, settings.low_pass, pixel_size=size, threads=threads)
    return result
