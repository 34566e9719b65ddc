"""The motion of one movie as RELION keeps it, so that it can be polished later.

References
----------
Zivanov, Nakane & Scheres (2019), "A Bayesian approach to beam-induced motion correction in cryo-EM single-particle
analysis", IUCrJ 6, 5-17; the layout is that of RELION's ``relion_run_motioncorr``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from cryoloom.errors import FormatError
from cryoloom.formats.star import Block, read_star, write_star

COEFFICIENT_COUNT = 36
_NOT_OBSERVED = -9999


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieMotion:
    """How the frames of a movie have to be moved to lie on one another.

    Parameters
    ----------
    movie_file : the movie
    width, height, frame_count : of the movie, in pixels and frames
    pixel_size : of the movie, in Å
    binning : by which the aligned sum is smaller than the movie
    voltage : in kV
    dose_per_frame, pre_exposure : in e/Å²; a dose of None is not known
    global_shifts : (x, y) of each frame in unbinned pixels, by which it must be moved to lie on the others; None for
        a frame that was not used
    local_model : 36 coefficients of RELION's model version 1, 18 for x and 18 for y; None if there is none
    gain_file, defects_file : empty if none was used
    start_frame : first frame that was used, from 1
    eer_upsampling, eer_frames_per_fraction : None unless the movie is an EER
    hot_pixels : (x, y) of pixels that were replaced
    """

    movie_file: str
    width: int
    height: int
    frame_count: int
    pixel_size: float
    binning: float
    voltage: float
    dose_per_frame: float | None
    pre_exposure: float
    global_shifts: tuple[tuple[float, float] | None, ...]
    local_model: tuple[float, ...] | None = None
    gain_file: str = ""
    defects_file: str = ""
    start_frame: int = 1
    eer_upsampling: int | None = None
    eer_frames_per_fraction: int | None = None
    hot_pixels: tuple[tuple[int, int], ...] = ()


_GENERAL = {
    "width": "rlnImageSizeX",
    "height": "rlnImageSizeY",
    "frame_count": "rlnImageSizeZ",
    "movie_file": "rlnMicrographMovieName",
    "gain_file": "rlnMicrographGainName",
    "defects_file": "rlnMicrographDefectFile",
    "binning": "rlnMicrographBinning",
    "pixel_size": "rlnMicrographOriginalPixelSize",
    "dose_per_frame": "rlnMicrographDoseRate",
    "pre_exposure": "rlnMicrographPreExposure",
    "voltage": "rlnVoltage",
    "start_frame": "rlnMicrographStartFrame",
    "eer_upsampling": "rlnEERUpsampling",
    "eer_frames_per_fraction": "rlnEERGrouping",
}
_TEXT = ("movie_file", "gain_file", "defects_file")
_WHOLE = ("width", "height", "frame_count", "start_frame", "eer_upsampling", "eer_frames_per_fraction")
_KINDS: dict[str, Callable[[Any], Any]] = {
    name: str if name in _TEXT else int if name in _WHOLE else float for name in _GENERAL
}
_MAY_BE_MISSING = {
    "dose_per_frame",
    "gain_file",
    "defects_file",
    "start_frame",
    "eer_upsampling",
    "eer_frames_per_fraction",
}


def write_motion(path: Path | str, motion: MovieMotion) -> None:
    """Write the motion of a movie as RELION does, which reads it for polishing.

    Parameters
    ----------
    path : the file, by RELION's custom beside the aligned sum, with the suffix ``.star``
    motion : of one movie
    """
    general = {label: getattr(motion, name) for name, label in _GENERAL.items()}
    blocks: dict[str, pl.DataFrame | dict[str, object]] = {
        "general": {label: value for label, value in general.items() if value not in (None, "")}
        | {"rlnMotionModelVersion": 0 if motion.local_model is None else 1},
        "global_shift": pl.DataFrame(
            {
                "rlnMicrographFrameNumber": range(1, len(motion.global_shifts) + 1),
                "rlnMicrographShiftX": [_NOT_OBSERVED if s is None else s[0] for s in motion.global_shifts],
                "rlnMicrographShiftY": [_NOT_OBSERVED if s is None else s[1] for s in motion.global_shifts],
            },
            schema_overrides={"rlnMicrographShiftX": pl.Float64, "rlnMicrographShiftY": pl.Float64},
            strict=False,
        ),
    }
    if motion.local_model is not None:
        blocks["local_motion_model"] = pl.DataFrame(
            {"rlnMotionModelCoeffsIdx": range(len(motion.local_model)), "rlnMotionModelCoeff": motion.local_model}
        )
    if motion.hot_pixels:
        blocks["hot_pixels"] = pl.DataFrame(
            {"rlnCoordinateX": [x for x, _ in motion.hot_pixels], "rlnCoordinateY": [y for _, y in motion.hot_pixels]}
        )
    write_star(path, blocks)


def read_motion(path: Path | str) -> MovieMotion:
    """Read the motion of a movie that we or RELION wrote.

    Raises
    ------
    FormatError
        If it is not such a file, or has a local model of another kind.
    """
    path = Path(path)
    blocks = read_star(path)
    general = blocks.get("general")
    if not isinstance(general, dict) or "rlnMotionModelVersion" not in general:
        raise FormatError(f"{path.name}: this is no file of a movie's motion.", path=path)
    missing = [label for name, label in _GENERAL.items() if label not in general and name not in _MAY_BE_MISSING]
    if missing:
        raise FormatError(f"{path.name}: it does not say {missing[0]}.", path=path)
    try:
        known = {name: _KINDS[name](general[label]) for name, label in _GENERAL.items() if label in general}
        version = int(general["rlnMotionModelVersion"])
    except (ValueError, OverflowError) as error:
        raise FormatError(f"{path.name}: something in it is no number ({error}).", path=path) from error
    shifts = _rows(blocks, "global_shift", ("rlnMicrographShiftX", "rlnMicrographShiftY"), path)
    return MovieMotion(
        **{"dose_per_frame": None, **known},
        global_shifts=tuple(None if _NOT_OBSERVED in (x, y) else (float(x), float(y)) for x, y in shifts),
        local_model=_local_model(blocks, version, path),
        hot_pixels=tuple(
            (round(x), round(y)) for x, y in _rows(blocks, "hot_pixels", ("rlnCoordinateX", "rlnCoordinateY"), path)
        )
        if "hot_pixels" in blocks
        else (),
    )


def _local_model(blocks: dict[str, Block], version: int, path: Path) -> tuple[float, ...] | None:
    if version == 0:
        return None
    if version != 1:
        raise FormatError(f"{path.name}: its local motion is of version {version}; only version 1 is known.", path=path)
    rows = sorted(_rows(blocks, "local_motion_model", ("rlnMotionModelCoeffsIdx", "rlnMotionModelCoeff"), path))
    if [index for index, _ in rows] != list(range(COEFFICIENT_COUNT)):
        raise FormatError(f"{path.name}: its local motion has {len(rows)} coefficients, not {COEFFICIENT_COUNT}.")
    return tuple(float(value) for _, value in rows)


def _rows(blocks: dict[str, Block], name: str, labels: tuple[str, str], path: Path) -> list[tuple[float, float]]:
    table = blocks.get(name)
    if not isinstance(table, pl.DataFrame) or not set(labels) <= set(table.columns):
        raise FormatError(f"{path.name}: it has no table data_{name} with {' and '.join(labels)}.", path=path)
    try:
        numbers = table.select(pl.col(label).cast(pl.Float64) for label in labels)
    except pl.exceptions.InvalidOperationError as error:
        raise FormatError(
            f"{path.name}: the table data_{name} holds something that is no number.", path=path
        ) from error
    if not numbers.select(pl.all_horizontal(pl.all().is_finite()).all()).item():
        raise FormatError(f"{path.name}: the table data_{name} holds numbers that are not finite.", path=path)
    return numbers.rows()
