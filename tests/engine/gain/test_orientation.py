"""The eight orientations of a gain reference, as RELION applies them and as the frames reveal them."""

import shutil
import subprocess

import mrcfile
import numpy as np
import pytest

from cryoloom.engine.gain import GainOrientation, orient_gain, score_gain_orientations, sum_frames
from cryoloom.errors import ParameterError

requires_relion = pytest.mark.skipif(
    shutil.which("relion_run_motioncorr") is None, reason="relion_run_motioncorr is not installed"
)

MOVIE_STAR = """
data_optics

loop_
_rlnOpticsGroupName #1
_rlnOpticsGroup #2
_rlnMicrographOriginalPixelSize #3
_rlnVoltage #4
_rlnSphericalAberration #5
_rlnAmplitudeContrast #6
og1 1 1.0 300 2.7 0.1

data_movies

loop_
_rlnMicrographMovieName #1
_rlnOpticsGroup #2
movie.mrc 1
"""


@pytest.fixture
def random():
    return np.random.default_rng(314)


def detector_gain(random, shape):
    """A gain with pixel-wise spread of 3 %, as counting cameras have."""
    return random.normal(1.0, 0.03, shape).astype(np.float32)


def raw_sum(random, gain, counts):
    """What a detector of that gain counts under an even beam with some contrast."""
    y, x = np.indices(gain.shape)
    beam = counts * (1.0 + 0.2 * np.sin(x / 30.0) * np.cos(y / 47.0))
    return random.poisson(beam / gain).astype(np.float32)


@requires_relion
@pytest.mark.parametrize("flip", [0, 1, 2])
@pytest.mark.parametrize("rotation", [0, 1, 2, 3])
def test_relion_orients_a_gain_in_the_same_way(random, tmp_path, rotation, flip):
    gain = np.ones((64, 64), np.float32)
    gain[4:12, 6:30] = 1.5
    gain[20:26, 50:58] = 0.5
    frames = random.poisson(10, (3, 64, 64)).astype(np.float32)
    mrcfile.write(tmp_path / "movie.mrc", frames, voxel_size=1.0)
    mrcfile.write(tmp_path / "gain.mrc", gain, voxel_size=1.0)
    (tmp_path / "movies.star").write_text(MOVIE_STAR)
    options = f"--use_own --skip_defect --max_iter 0 --gainref gain.mrc --gain_rot {rotation} --gain_flip {flip}"
    subprocess.run(
        ["relion_run_motioncorr", "--i", "movies.star", "--o", "out/", *options.split()],
        cwd=tmp_path,
        check=False,  # it writes the sum and may then fail on a plot
        capture_output=True,
    )
    expected = (frames * orient_gain(gain, GainOrientation.from_rotation_and_flip(rotation, flip))).sum(axis=0)
    # its unaligned sum passes through a Fourier transform in single precision
    np.testing.assert_allclose(mrcfile.read(tmp_path / "out" / "movie.mrc"), expected, atol=1e-3)


def test_all_orientations_differ_and_only_some_exchange_the_axes(random):
    gain = detector_gain(random, (6, 9))
    results = {orientation: orient_gain(gain, orientation) for orientation in GainOrientation}
    assert len({(array.shape, array.tobytes()) for array in results.values()}) == 8
    for orientation, array in results.items():
        assert array.shape == ((9, 6) if orientation.exchanges_axes else (6, 9))
        assert array.flags.c_contiguous


def test_unknown_rotation_is_refused():
    with pytest.raises(ParameterError, match="rotation of 4"):
        GainOrientation.from_rotation_and_flip(4, 0)


@pytest.mark.parametrize("orientation", list(GainOrientation))
def test_the_frames_reveal_the_orientation(random, orientation):
    stored = detector_gain(random, (300, 300))
    scores = score_gain_orientations(raw_sum(random, orient_gain(stored, orientation), 40.0), stored)
    assert scores.best is orientation
    assert scores.is_clear
    assert not scores.looks_like_a_divisor
    # Poisson noise of 1/sqrt(40) against a spread of 0.03
    assert scores.scores[orientation] == pytest.approx(0.03 / np.hypot(0.03, 40**-0.5), abs=0.02)
    wrong = [score for other, score in scores.scores.items() if other is not orientation]
    assert max(np.abs(wrong)) < 5 * scores.standard_error


def test_hot_pixels_do_not_hide_the_orientation(random):
    stored = detector_gain(random, (300, 300))
    counted = raw_sum(random, stored, 40.0)
    counted[random.integers(0, 300, 40), random.integers(0, 300, 40)] = 1e5
    scores = score_gain_orientations(counted, stored)
    assert scores.best is GainOrientation.AS_IS
    assert scores.is_clear


def test_a_rectangular_detector_leaves_four_orientations(random):
    gain = detector_gain(random, (200, 320))
    scores = score_gain_orientations(raw_sum(random, orient_gain(gain, GainOrientation.TRANSVERSE), 40.0), gain)
    assert len(scores.scores) == 4
    assert scores.best is GainOrientation.TRANSVERSE
    assert scores.is_clear


def test_a_symmetric_gain_is_ambiguous(random):
    half = detector_gain(random, (300, 150))
    symmetric = np.concatenate([half, half[:, ::-1]], axis=1)
    almost = symmetric + random.normal(0, 0.002, symmetric.shape).astype(np.float32)
    scores = score_gain_orientations(raw_sum(random, almost, 40.0), almost)
    assert not scores.is_clear


def test_an_unrelated_gain_is_not_accepted(random):
    scores = score_gain_orientations(
        raw_sum(random, detector_gain(random, (300, 300)), 40.0), detector_gain(random, (300, 300))
    )
    assert not scores.is_clear
    assert not scores.looks_like_a_divisor


def test_a_gain_of_ones_lies_right_in_every_orientation(random):
    flat = np.ones((300, 300), np.float32)
    assert score_gain_orientations(raw_sum(random, flat, 40.0), flat).is_clear


def test_a_divisor_is_recognised(random):
    gain = detector_gain(random, (300, 300))
    scores = score_gain_orientations(raw_sum(random, gain, 40.0), 1.0 / gain)
    assert scores.looks_like_a_divisor
    assert not scores.is_clear


def test_a_gain_of_another_detector_is_refused():
    with pytest.raises(ParameterError, match=r"300 × 200 pixels and fits frames of 300 × 300 in no orientation"):
        score_gain_orientations(np.ones((300, 300)), np.ones((200, 300), np.float32))


def test_a_sum_of_no_frames_is_refused():
    with pytest.raises(ParameterError, match="without frames"):
        sum_frames([])
