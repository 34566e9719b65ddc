"""The memory that motion correction declares, against what a process of its own takes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cryoloom.data import Movie
from cryoloom.formats import write_image, write_stack, write_tiff_movie
from cryoloom.protocols.motion import CorrectMotion

# The system's own peak of the new program: `resource` would count that of the process it was forked from.
PROGRAM = """
import sys
from pathlib import Path
from cryoloom.engine.motion import MotionSettings
from cryoloom.protocols.motion._detector import read_detector
from cryoloom.protocols.motion._files import MovieAcquisition, correct_movie
movie, gain, pixel_size, dose = Path(sys.argv[1]), sys.argv[2] or None, float(sys.argv[3]), float(sys.argv[4]) or None
acquisition = MovieAcquisition(pixel_size=pixel_size, voltage=300.0, dose_per_frame=dose)
with acquisition.open(movie) as opened:
    from cryoloom.engine.gain import GainOrientation
    detector = read_detector(opened, gain_file=gain, orientation=GainOrientation.AS_IS)
correct_movie(movie, movie.with_name("sum.mrc"), acquisition, MotionSettings(), detector=detector, threads=2)
print(1024 * int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    ("shape", "frames", "pixel_size", "dose", "dtype"),
    [
        pytest.param((1536, 1536), 24, 2.0, 1.5, np.uint8, id="coefficients of patches lead"),
        pytest.param((2560, 2560), 6, 0.8, 4.0, np.uint16, id="sums of frames lead"),
        pytest.param((1536, 1792), 8, 1.0, None, np.float32, id="no dose"),
    ],
)
def test_what_is_declared_is_what_is_taken(tmp_path, shape, frames, pixel_size, dose, dtype):
    random = np.random.default_rng(0)
    texture = random.poisson(3.0 * np.kron(random.uniform(0.5, 1.5, [size // 8 for size in shape]), np.ones((8, 8))))
    raw = (np.roll(texture, 7 * frame, axis=0).astype(dtype) for frame in range(frames))
    movie, gain = tmp_path / "movie.tif", tmp_path / "gain.mrc"
    if dtype is np.float32:
        movie = tmp_path / "movie.mrcs"
        write_stack(movie, np.stack(list(raw)), pixel_size=pixel_size)
    else:
        write_tiff_movie(movie, raw, pixel_size=pixel_size)
    write_image(gain, np.ones(shape, np.float32), pixel_size=pixel_size)
    words = [movie, gain, pixel_size, dose or 0]
    done = subprocess.run([sys.executable, "-c", PROGRAM, *map(str, words)], check=True, capture_output=True, text=True)
    item = Movie(
        id=1,
        file=str(movie),
        frame_count=frames,
        width=shape[1],
        height=shape[0],
        bytes_per_pixel=np.dtype(dtype).itemsize,
        pixel_size=pixel_size,
        dose_per_frame=dose,
        gain_file=str(gain),
    )
    declared = CorrectMotion().resources(item, CorrectMotion.Parameters(threads=2)).memory
    assert declared == pytest.approx(int(done.stdout), rel=0.2)  # what lanes rely on
