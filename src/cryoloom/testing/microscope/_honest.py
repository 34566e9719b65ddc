"""Movies made from a real micrograph: its own electrons, dealt out to frames that move.

A micrograph that counts electrons (Poisson at the highest frequencies) can be split at random into frames that are as
noisy as real ones and independent of each other. What the detector does to pixels does not move with the specimen, so
it is applied last.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import ParameterError
from cryoloom.testing.microscope import _kernels as kernels
from cryoloom.testing.microscope._detector import Detector, mend
from cryoloom.testing.microscope._motion import Drift, draw_drift
from cryoloom.testing.microscope._parameters import MicroscopeParameters, Tier
from cryoloom.testing.microscope._tiff import encode_tiff

MARGIN = 16
"""Pixels of the micrograph that are cut off on every side, so that what moves in is real too."""

HOT = 9.0
"""Standard deviations above the median from which on a pixel is hot."""


@dataclass(frozen=True)
class HonestMovie:
    """A movie of a real micrograph, of which the motion is known.

    Parameters
    ----------
    counts : (frame, y, x) uint8, in MRC's order of rows
    gain : (y, x) gain reference, to be multiplied with
    drift : where every point was in every frame; the micrograph shows it undisplaced
    margin : pixels of the micrograph left of and above the first pixel
    """

    counts: NDArray[np.uint8]
    gain: NDArray[np.float32]
    drift: Drift
    margin: int = MARGIN


def count_electrons(micrograph: NDArray[np.generic], grey_per_electron: float) -> NDArray[np.float32]:
    """Electrons (y, x) on every pixel of a micrograph in grey values, hot pixels replaced by a median around them."""
    electrons = np.asarray(micrograph, dtype=np.float32) / np.float32(grey_per_electron)
    usual = np.median(electrons)
    return mend(electrons, electrons > usual + HOT * np.sqrt(usual))


def honest_movie(
    electrons: NDArray[np.float32],
    *,
    frame_count: int,
    seed: int,
    number: int = 1,
    drift: Drift | None = None,
    parameters: MicroscopeParameters | None = None,
) -> HonestMovie:
    """Deal the electrons of a micrograph out to frames that move, recorded by a detector with flaws.

    Parameters
    ----------
    electrons : (y, x) of the micrograph; a pixel of a frame holds at most 255
    frame_count : how many frames
    seed : of the detector, and with `number` of the motion and of the dealing
    number : of the movie among those of one micrograph and detector
    drift : of a field that is 32 pixels smaller each way; drawn from `parameters` if not given
    parameters : from which motion and detector are drawn; by default the easy tier's

    Raises
    ------
    ParameterError
        If the micrograph is too small, or the drift is made for another size.
    """
    height, width = (size - 2 * MARGIN for size in electrons.shape)
    if min(height, width) < 64:
        raise ParameterError(
            f"A micrograph of {electrons.shape[1]} × {electrons.shape[0]} px is too small for a movie."
        )
    parameters = (parameters or MicroscopeParameters.of_tier(Tier.EASY)).resized(width=width, height=height)
    detector = Detector.draw(parameters.detector, np.random.default_rng([seed, 3]))
    random = np.random.default_rng([seed, 4, number])
    if drift is None:
        drift = draw_drift(parameters.motion, width=width, height=height, frame_count=frame_count, random=random)
    if (drift.width, drift.height, drift.frame_count) != (width, height, frame_count):
        raise ParameterError(
            f"The drift is that of {drift.frame_count} frames of {drift.width} × {drift.height} px, "
            f"but the movie has {frame_count} of {width} × {height} px."
        )
    y, x = (np.arange(0, size + drift.node_spacing, drift.node_spacing) - MARGIN for size in electrons.shape)
    nodes = drift.local(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float64))
    counts = np.zeros((frame_count, height, width), dtype=np.uint8)
    kernels.spread_electrons(
        electrons,
        drift.shifts,
        nodes.transpose(0, 2, 1).reshape(frame_count, 2, y.size, x.size).astype(np.float32),
        drift.node_spacing,
        MARGIN,
        detector.sensitivity / detector.sensitivity.max(),
        random.integers(0, 2**63, dtype=np.uint64),
        counts,
    )
    for frame in counts:
        detector.heat(int(random.integers(0, 2**63)), frame)
    return HonestMovie(counts, detector.gain, drift)


def write_honest_session(
    folder: Path | str,
    electrons: NDArray[np.float32],
    *,
    pixel_size: float,
    frame_count: int,
    movies: int,
    seed: int,
) -> tuple[HonestMovie, ...]:
    """Write movies of one micrograph as ``movies/movie_0001.tif`` … and their gain reference as ``gain.mrc``.

    Parameters
    ----------
    folder : made if it does not exist
    electrons, frame_count, seed : as for :func:`honest_movie`
    pixel_size : of the micrograph, in Å
    movies : how many
    """
    import mrcfile

    movie_folder = Path(folder) / "movies"
    movie_folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number in range(1, movies + 1):
        movie = honest_movie(electrons, frame_count=frame_count, seed=seed, number=number)
        (movie_folder / f"movie_{number:04d}.tif").write_bytes(encode_tiff(movie.counts))
        made.append(replace(movie, counts=np.empty((0, *movie.gain.shape), dtype=np.uint8)))
    with mrcfile.new(Path(folder) / "gain.mrc", made[0].gain, overwrite=True) as gain:
        gain.voxel_size = pixel_size
    return tuple(made)
