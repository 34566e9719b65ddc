"""The detector that recorded the particles of a map, and how its damping is undone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.errors import FormatError, InputError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryoloom.data import Table, Volume
    from cryoloom.engine.validation import DetectorResponse


@dataclass(frozen=True)
class OwnDetector:
    """What is known of the detector that recorded the particles of a map.

    Parameters
    ----------
    mtf_file : STAR file of its modulation transfer function, empty if not known
    pixel_size : of the movies, in Å; None if not known
    differs : particles come from detectors, or magnifications, of which more than one function is known
    """

    mtf_file: str = ""
    pixel_size: float | None = None
    differs: bool = False

    @classmethod
    def of_particles(cls, table: Table) -> OwnDetector:
        """What the optics groups of particles have in common."""
        used = set(table.frame["optics_group"]) if "optics_group" in table.frame.columns else set()
        groups = [group for identity, group in table.optics_groups.items() if identity in used]
        if not any(group.mtf_file for group in groups):
            return cls()
        told = {(group.mtf_file, group.detector_pixel_size) for group in groups}
        return cls(*told.pop()) if len(told) == 1 else cls(differs=True)

    @classmethod
    def of_volume(cls, volume: Volume) -> OwnDetector:
        """What a map says of its particles."""
        return cls(volume.mtf_file or "", volume.detector_pixel_size, bool(volume.mtf_differs))

    @property
    def columns(self) -> dict[str, Any]:
        """The same as columns of a volume."""
        told = {"mtf_file": self.mtf_file or None, "mtf_differs": self.differs or None}
        return {**told, "detector_pixel_size": self.pixel_size}

    def response(
        self,
        resolve: Callable[[str], Path],
        *,
        pixel_size: float | None = None,
        names: tuple[str, str] = ("mtf", "detector_pixel_size"),
    ) -> tuple[DetectorResponse | None, str]:
        """What to divide a map by, and if it is known to have been damped but not by what, a sentence.

        Parameters
        ----------
        resolve : gives the place of the file
        pixel_size : of the movies in Å, which goes before what is known
        names : of the parameters by which a person gives function and pixel size
        """
        by_hand = f"with {names[0]} and {names[1]}"
        size = pixel_size or self.pixel_size
        if self.differs:
            return None, (
                "The particles of this map were recorded by detectors, or at pixel sizes, that damp differently; the "
                f"damping of none of them was undone. Choose one {by_hand}."
            )
        if not self.mtf_file:
            return None, ""
        if size is None:
            return None, (
                f"The damping of the detector ({self.mtf_file}) was not undone: the pixel size of its movies is not "
                f"known. Give it with {names[1]}."
            )
        try:
            path = resolve(self.mtf_file)
            if path.is_file():
                return read_detector(path, pixel_size=size), ""
            fault = f"there is no file {path}"
        except (FormatError, InputError, ParameterError) as error:
            fault = str(error).rstrip(".")
        return None, (
            f"The damping of the detector was not undone: {fault}. Name the file of its modulation transfer function "
            f"{by_hand}."
        )


def detector_for(
    volume: Volume, parameters: Any, resolve: Callable[[str], Path]
) -> tuple[DetectorResponse | None, str]:
    """What to divide a map by: the detector that a person names, else that of its particles unless it is not wanted.

    Parameters
    ----------
    volume : the map
    parameters : with ``mtf``, ``detector_pixel_size`` and ``undo_detector``
    resolve : gives the place of a file that a set names

    Returns
    -------
    The detector, and a sentence if the map's own is known to differ, or cannot be used
    """
    if parameters.mtf is not None:
        return read_detector(parameters.mtf, pixel_size=parameters.detector_pixel_size), ""
    if not parameters.undo_detector:
        return None, ""
    return OwnDetector.of_volume(volume).response(resolve, pixel_size=parameters.detector_pixel_size)


def check_detector(mtf: Path | None, pixel_size: float | None) -> None:
    """Refuse a detector of which it is not known at which pixel size it recorded: particles may have been binned since.

    Parameters
    ----------
    mtf : STAR file with a modulation transfer function; None: no detector is given
    pixel_size : of the recorded images, in Å

    Raises
    ------
    ParameterError
        If there is a function without a pixel size.
    """
    if mtf is not None and pixel_size is None:
        raise ParameterError(
            "A modulation transfer function needs the pixel size of the movies, which that of the map need not be; "
            "give the detector's pixel size."
        )


def read_detector(path: Path, *, pixel_size: float) -> DetectorResponse:
    """Read a modulation transfer function, as RELION and camera makers give it.

    Parameters
    ----------
    path : STAR file with the columns rlnResolutionInversePixel and rlnMtfValue
    pixel_size : of the recorded images, in Å

    Raises
    ------
    FormatError
        If there is no such table.
    """
    from cryoloom.engine.validation import DetectorResponse
    from cryoloom.formats import read_star

    names = ("rlnResolutionInversePixel", "rlnMtfValue")
    for block in read_star(path).values():
        if not isinstance(block, dict) and set(names) <= set(block.columns):
            frequency, mtf = (block[name].to_numpy().astype(np.float64) for name in names)
            return DetectorResponse(frequency, mtf, pixel_size)
    raise FormatError(f"{path.name} holds no table with {' and '.join(names)}.", path=path)
