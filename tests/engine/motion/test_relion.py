"""RELION on the same movies: the same signs, the same meaning of its local model, the same dose weights."""

import shutil
import subprocess

import mrcfile
import numpy as np
import pytest
import starfile
from scipy.ndimage import gaussian_filter

from cryoloom.engine.fourier import forward_transform, radial_frequency
from cryoloom.engine.motion import (
    DetectorFrames,
    Exposure,
    LocalModel,
    Motion,
    MotionSettings,
    estimate_motion,
    sum_aligned,
)

pytestmark = pytest.mark.skipif(
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
og1 1 2.0 {voltage} 2.7 0.1

data_movies

loop_
_rlnMicrographMovieName #1
_rlnOpticsGroup #2
movie.mrc 1
"""


def run_relion(folder, counts, options, voltage=300.0):
    """Correct a movie with RELION's own implementation; returns its motion file."""
    mrcfile.write(folder / "movie.mrc", counts.astype(np.float32), voxel_size=2.0)
    (folder / "movies.star").write_text(MOVIE_STAR.format(voltage=voltage))
    subprocess.run(
        [
            "relion_run_motioncorr",
            "--use_own",
            "--i",
            "movies.star",
            "--o",
            "out/",
            "--bfactor",
            "150",
            *options.split(),
        ],
        cwd=folder,
        check=False,  # it writes its results and may then fail on a plot
        capture_output=True,
    )
    return starfile.read(folder / "out" / "movie.star", always_dict=True)


def relions_motion(blocks):
    shifts = blocks["global_shift"][["rlnMicrographShiftX", "rlnMicrographShiftY"]].to_numpy(float)
    if "local_motion_model" not in blocks:
        return Motion(shifts)
    coefficients = blocks["local_motion_model"]["rlnMotionModelCoeff"].to_numpy(float)
    return Motion(shifts, LocalModel.from_relion(coefficients[:18], coefficients[18:]))


@pytest.fixture(scope="module")
def strong_scene(film):
    """So much contrast that RELION's fit, too, is good."""
    return film(51, local=2.0, contrast=0.4, detail=2.5)


@pytest.fixture(scope="module")
def locally(strong_scene, tmp_path_factory):
    folder = tmp_path_factory.mktemp("relion")
    return folder, run_relion(folder, strong_scene.counts, "--patch_x 3 --patch_y 3")


def test_our_shifts_have_relions_sign_and_size(strong_scene, locally):
    theirs = relions_motion(locally[1]).global_shifts
    ours = estimate_motion(
        DetectorFrames.of(strong_scene.counts), MotionSettings(patches=None), pixel_size=2.0
    ).global_shifts
    for axis in range(2):
        slope, _ = np.polyfit(theirs[:, axis], ours[:, axis], 1)
        assert slope == pytest.approx(1.0, abs=0.05)  # each is right to about 0.1 of 4 pixels
        assert np.corrcoef(theirs[:, axis], ours[:, axis])[0, 1] > 0.99


def test_we_read_relions_local_model_as_relion_does(strong_scene, locally):
    folder, blocks = locally
    theirs = mrcfile.read(folder / "out" / "movie.mrc")
    motion = relions_motion(blocks)
    frames = DetectorFrames.of(strong_scene.counts)

    def likeness(motion):
        ours = sum_aligned(frames, motion, pixel_size=2.0).plain
        inside = np.s_[40:-40, 40:-40]
        # RELION interpolates linearly, so only coarse detail can agree closely
        first, second = (gaussian_filter(image.astype(float), 1.5)[inside].ravel() for image in (ours, theirs))
        return 1.0 - np.corrcoef(first, second)[0, 1]

    right = likeness(motion)
    along_x, along_y = motion.local.for_relion()
    assert right < 2e-4
    assert likeness(Motion(motion.global_shifts)) > 5 * right
    assert likeness(Motion(motion.global_shifts, LocalModel.from_relion(-along_x, -along_y))) > 10 * right
    assert likeness(Motion(motion.global_shifts, LocalModel.from_relion(along_y, along_x))) > 5 * right


@pytest.mark.parametrize("voltage", [200.0, 300.0])
def test_dose_weights_are_relions(strong_scene, tmp_path, voltage):
    options = f"--dose_weighting --angpix 2 --voltage {voltage} --dose_per_frame 1.5 --preexposure 2 --save_noDW"
    blocks = run_relion(tmp_path, strong_scene.counts, options, voltage)
    sums = sum_aligned(
        DetectorFrames.of(strong_scene.counts),
        relions_motion(blocks),
        pixel_size=2.0,
        exposure=Exposure(dose_per_frame=1.5, voltage=voltage, pre_exposure=2.0),
    )
    plain = mrcfile.read(tmp_path / "out" / "movie_noDW.mrc")
    weighted = mrcfile.read(tmp_path / "out" / "movie.mrc")

    def amplitudes(image):
        inside = image[40:-40, 40:-40]
        ring = (radial_frequency(inside.shape) / 0.5 * 12).astype(int).ravel()
        return np.sqrt(np.bincount(ring, np.abs(forward_transform(inside - inside.mean())).ravel() ** 2))[:8]

    np.testing.assert_allclose(amplitudes(sums.plain), amplitudes(plain), rtol=1e-3)
    # RELION divides by the root of the sum of squared weights, we keep the level of the plain sum: 16 frames
    np.testing.assert_allclose(amplitudes(sums.dose_weighted) / amplitudes(weighted), np.sqrt(16.0), rtol=2e-3)
