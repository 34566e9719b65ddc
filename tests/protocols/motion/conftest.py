"""One small simulated movie, written in several ways."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from cryoloom.formats import write_image, write_tiff_movie
from cryoloom.protocols.motion._files import MovieAcquisition
from cryoloom.testing.microscope import Drift, MicroscopeParameters, SimulatedMicroscope

ACQUISITION = MovieAcquisition(pixel_size=2.0, voltage=300.0, dose_per_frame=1.5)


@dataclass(frozen=True)
class Recorded:
    """A movie on the disk, and the truth about it."""

    movie: Path
    gain_file: Path
    counts: np.ndarray
    gain: np.ndarray
    hot: int
    drift: Drift


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded")
    parameters = MicroscopeParameters.of_tier("easy").resized(width=512, height=448, frame_count=12)
    microscope = SimulatedMicroscope(seed=5, parameters=parameters)
    exposure = microscope.expose(seed=1)
    write_tiff_movie(folder / "movie.tif", exposure.counts, pixel_size=2.0)
    write_image(folder / "gain.mrc", microscope.gain, pixel_size=2.0)
    return Recorded(
        folder / "movie.tif",
        folder / "gain.mrc",
        exposure.counts,
        microscope.gain,
        parameters.detector.hot_pixel_count,
        exposure.truth.drift,
    )
