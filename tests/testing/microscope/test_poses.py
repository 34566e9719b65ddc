import numpy as np
import pytest

from cryoloom.engine.motion import LocalModel, Motion
from cryoloom.formats.relion import MovieMotion
from cryoloom.testing.microscope import displacement_corrected


@pytest.mark.parametrize("local", [True, False])
def test_what_a_correction_found_is_what_the_engine_moved_frames_by(local):
    random = np.random.default_rng(4)
    shifts, coefficients = random.normal(size=(6, 2)), 0.1 * random.normal(size=(2, 18))
    motion = MovieMotion(
        movie_file="movie.tif",
        width=400,
        height=300,
        frame_count=6,
        pixel_size=1.0,
        binning=1.0,
        voltage=300.0,
        dose_per_frame=1.0,
        pre_exposure=0.0,
        global_shifts=tuple(map(tuple, shifts)),
        local_model=tuple(coefficients.ravel()) if local else None,
    )
    points = random.uniform(0, 300, (9, 2))
    moved = Motion(shifts, LocalModel.from_relion(*coefficients) if local else None).shifts_at(points, (300, 400))
    assert displacement_corrected(motion, points) == pytest.approx(-moved, abs=1e-12)
