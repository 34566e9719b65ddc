"""From movie files to sums and motion files."""

from dataclasses import replace

import mrcfile
import numpy as np
import pytest

from cryoloom.engine.gain import GainOrientation, orient_gain
from cryoloom.engine.motion import LocalModel, Motion, MotionSettings
from cryoloom.errors import CryoloomError, InputError
from cryoloom.formats import open_movie, write_image, write_stack, write_tiff_movie
from cryoloom.formats.gain import read_gain
from cryoloom.formats.relion import read_motion
from cryoloom.protocols.motion._detector import Detector, read_detector
from cryoloom.protocols.motion._files import CorrectedMovie, MovieAcquisition, correct_movie
from cryoloom.protocols.side_by_side import side_by_side
from cryoloom.testing.eer import ElectronEvents, write_eer

ACQUISITION = MovieAcquisition(pixel_size=2.0, voltage=300.0, dose_per_frame=1.5)
SETTINGS = MotionSettings(patches=(3, 3))


@pytest.fixture(scope="module")
def detector(recorded):
    with open_movie(recorded.movie) as movie:
        return read_detector(movie, gain_file=recorded.gain_file)


@pytest.fixture(scope="module")
def corrected(recorded, detector, tmp_path_factory):
    output = tmp_path_factory.mktemp("corrected") / "aligned.mrc"
    return correct_movie(recorded.movie, output, ACQUISITION, SETTINGS, detector=detector)


def test_sums_and_motion_lie_beside_each_other(corrected):
    assert corrected.aligned_dose_weighted == corrected.aligned.with_name("aligned_DW.mrc")
    assert corrected.motion_file == corrected.aligned.with_suffix(".star")
    for path in (corrected.aligned, corrected.aligned_dose_weighted):
        with mrcfile.open(path) as image:
            assert image.data.shape == corrected.shape == (448, 512)
            assert image.voxel_size.x == pytest.approx(2.0)
            assert mrcfile.validate(path)


def test_the_motion_is_right(recorded, corrected):
    found = recorded.drift.error(-corrected.motion.shifts_at(recorded.drift.grid, (448, 512)))
    # a tenth of the area and half of the frames of a usual movie tell a drift of 1.3 px to half of one
    assert found < 0.5 * recorded.drift.error(np.zeros((12, 2)))


def test_the_motion_file_says_what_was_done(recorded, corrected):
    said = read_motion(corrected.motion_file)
    assert (said.width, said.height, said.frame_count) == (512, 448, 12)
    assert said.movie_file == str(recorded.movie)
    assert said.gain_file == str(recorded.gain_file)
    assert (said.voltage, said.dose_per_frame, said.pixel_size, said.binning) == (300.0, 1.5, 2.0, 1.0)
    np.testing.assert_allclose(said.global_shifts, corrected.motion.global_shifts, atol=1e-4)
    if corrected.motion.local is None:
        assert said.local_model is None
    else:
        x, y = np.reshape(said.local_model, (2, 18))
        again = Motion(np.array(said.global_shifts), LocalModel.from_relion(x, y))
        there, here = (one.shifts_at(recorded.drift.grid, (448, 512)) for one in (corrected.motion, again))
        np.testing.assert_allclose(
            here, there, atol=0.3 * np.abs(there - there.mean(axis=1, keepdims=True)).max() + 1e-3
        )


def test_hot_pixels_are_found_and_filled(recorded, corrected):
    assert abs(corrected.repaired - recorded.hot) <= 2
    assert mrcfile.read(corrected.aligned).max() < 0.5 * recorded.counts.sum(axis=0).max()


def test_the_dose_that_the_detector_saw_is_reported(corrected):
    # 1.5 e/Å² on pixels of 4 Å²
    np.testing.assert_allclose(corrected.counts_per_frame, 6.0, rtol=0.02)


def test_threads_change_no_byte(recorded, detector, corrected, tmp_path):
    again = correct_movie(recorded.movie, tmp_path / "aligned.mrc", ACQUISITION, SETTINGS, detector=detector, threads=2)
    for one, two in (
        (corrected.aligned, again.aligned),
        (corrected.aligned_dose_weighted, again.aligned_dose_weighted),
    ):
        assert np.array_equal(mrcfile.read(one), mrcfile.read(two))
    assert again.motion_file.read_bytes() == corrected.motion_file.read_bytes()


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.uint16, np.float32])
def test_the_same_frames_in_mrc_give_the_same_sums(recorded, detector, corrected, tmp_path, dtype):
    write_stack(tmp_path / "movie.mrcs", recorded.counts.clip(max=127).astype(dtype), pixel_size=2.0)
    again = correct_movie(tmp_path / "movie.mrcs", tmp_path / "aligned.mrc", ACQUISITION, SETTINGS, detector=detector)
    np.testing.assert_array_equal(again.motion.global_shifts, corrected.motion.global_shifts)
    np.testing.assert_array_equal(mrcfile.read(again.aligned), mrcfile.read(corrected.aligned))


def test_binning_makes_pixels_larger(recorded, detector, tmp_path):
    made = correct_movie(
        recorded.movie, tmp_path / "a.mrc", ACQUISITION, MotionSettings(patches=None), detector=detector, binning=2.0
    )
    assert made.shape == (224, 256)
    with mrcfile.open(made.aligned) as image:
        assert image.data.shape == (224, 256)
        assert image.voxel_size.x == pytest.approx(4.0)
    assert read_motion(made.motion_file).binning == 2.0


class TestTheGain:
    @pytest.mark.parametrize(
        "lies", [GainOrientation.AS_IS, GainOrientation.FLIP_Y, GainOrientation.QUARTER_TURN, GainOrientation.TRANSPOSE]
    )
    def test_the_movie_tells_how_it_lies(self, recorded, tmp_path, lies):
        stored = next(
            candidate
            for undo in GainOrientation
            if np.array_equal(orient_gain(candidate := orient_gain(recorded.gain, undo), lies), recorded.gain)
        )
        write_image(tmp_path / "gain.mrc", stored, pixel_size=2.0)
        with open_movie(recorded.movie) as movie:
            detector = read_detector(movie, gain_file=tmp_path / "gain.mrc")
        assert detector.orientation is lies
        np.testing.assert_array_equal(detector.gain, recorded.gain)

    def test_an_unrelated_one_is_shown_with_its_scores(self, recorded, tmp_path):
        other = np.random.default_rng(1).normal(1, 0.03, (448, 512)).astype(np.float32)
        write_image(tmp_path / "gain.mrc", other, pixel_size=2.0)
        with (
            open_movie(recorded.movie) as movie,
            pytest.raises(InputError, match=r"does not tell clearly .*flip-x -?0\..*, with --gain-orientation\."),
        ):
            read_detector(movie, gain_file=tmp_path / "gain.mrc")

    def test_a_divisor_is_recognised(self, recorded, tmp_path):
        write_image(tmp_path / "gain.mrc", 1.0 / recorded.gain, pixel_size=2.0)
        with open_movie(recorded.movie) as movie, pytest.raises(InputError, match="it has to divide"):
            read_detector(movie, gain_file=tmp_path / "gain.mrc")

    def test_beside_eer_relion_is_given_a_divisor(self, recorded, detector, tmp_path):
        gain = recorded.gain.copy()
        gain[3, 4] = 0.0
        replace(detector, gain=gain, is_eer=True).write_gain_for_relion(tmp_path / "gain.mrc")
        again = read_gain(tmp_path / "gain.mrc", movies_are_eer=True)
        good = ~again.defects
        assert np.argwhere(again.defects).tolist() == np.argwhere(gain <= 0).tolist()
        ratio = again.factors[good] / gain[good]
        np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-5)  # all that the counts' level may change

    @pytest.mark.parametrize("orientation", [None, GainOrientation.AS_IS])
    def test_another_detectors_is_refused(self, recorded, tmp_path, orientation):
        write_image(tmp_path / "gain.mrc", np.ones((512, 512), np.float32), pixel_size=2.0)
        with open_movie(recorded.movie) as movie, pytest.raises(InputError, match="512 × 512 pixels"):
            read_detector(movie, gain_file=tmp_path / "gain.mrc", orientation=orientation)

    def test_a_turn_that_does_not_fit_is_refused(self, recorded):
        with open_movie(recorded.movie) as movie, pytest.raises(InputError, match="448 × 512 pixels as it lies"):
            read_detector(movie, gain_file=recorded.gain_file, orientation=GainOrientation.QUARTER_TURN)


def test_listed_defects_are_filled(recorded, detector, tmp_path):
    (tmp_path / "defects.txt").write_text("10 20 3 4\n100 0 1 448\n")
    with open_movie(recorded.movie) as movie:
        with_defects = read_detector(
            movie,
            gain_file=recorded.gain_file,
            orientation=GainOrientation.AS_IS,
            defects_file=tmp_path / "defects.txt",
        )
    assert np.count_nonzero(with_defects.defects) == 12 + 448
    assert with_defects.defects[20:24, 10:13].all()
    broken = recorded.counts.copy()
    broken[:, with_defects.defects] = 0
    write_tiff_movie(tmp_path / "movie.tif", broken, pixel_size=2.0)
    made = correct_movie(
        tmp_path / "movie.tif", tmp_path / "a.mrc", ACQUISITION, MotionSettings(patches=None), detector=with_defects
    )
    assert made.repaired >= 12 + 448
    image = mrcfile.read(made.aligned)
    assert image[:, 100].mean() == pytest.approx(image.mean(), rel=0.05)
    assert read_motion(made.motion_file).defects_file == str(tmp_path / "defects.txt")


def test_a_wrong_gain_is_warned_about(recorded, tmp_path):
    """Half of a column-wise gain left unapplied makes pixels that count far from their neighbours."""
    counts = recorded.counts.copy()
    counts[:, ::17, ::11] = 0
    write_tiff_movie(tmp_path / "movie.tif", counts, pixel_size=2.0)
    made = correct_movie(tmp_path / "movie.tif", tmp_path / "a.mrc", ACQUISITION, MotionSettings(patches=None))
    assert any("count far from what their neighbours do" in warning for warning in made.warnings)


def test_another_voltage_is_warned_about(recorded, detector, tmp_path):
    at_120 = replace(ACQUISITION, voltage=120.0)
    made = correct_movie(recorded.movie, tmp_path / "a.mrc", at_120, MotionSettings(patches=None), detector=detector)
    assert any("120 kV is extrapolated" in warning for warning in made.warnings)


def test_an_empty_movie_is_warned_about(tmp_path):
    frames = np.random.default_rng(8).poisson(6.0, (8, 448, 512)).astype(np.uint8)
    write_tiff_movie(tmp_path / "movie.tif", frames, pixel_size=2.0)
    made = correct_movie(tmp_path / "movie.tif", tmp_path / "a.mrc", ACQUISITION, SETTINGS)
    assert any("Is the movie empty" in warning for warning in made.warnings)
    assert np.array_equal(made.motion.global_shifts, np.zeros((8, 2)))


def test_a_movie_of_nothing_is_refused(tmp_path):
    write_tiff_movie(tmp_path / "movie.tif", np.zeros((4, 256, 256), np.uint8), pixel_size=2.0)
    with pytest.raises(InputError, match="0 counts a pixel"):
        correct_movie(tmp_path / "movie.tif", tmp_path / "a.mrc", ACQUISITION, SETTINGS, detector=Detector())
    assert not (tmp_path / "a.mrc").exists()


def test_one_bad_movie_does_not_stop_the_others(recorded, detector, tmp_path):
    (tmp_path / "broken.tif").write_bytes(recorded.movie.read_bytes()[:2000])
    movies = [recorded.movie, tmp_path / "broken.tif", recorded.movie]

    def correct(movie, output, threads):
        return correct_movie(movie, output, ACQUISITION, MotionSettings(patches=None), detector=detector)

    outputs = [tmp_path / f"{number}.mrc" for number in range(3)]
    first, second, third = side_by_side(movies, outputs, correct, threads=2, memory=2**20)
    assert isinstance(second, CryoloomError)
    assert isinstance(first, CorrectedMovie)
    assert isinstance(third, CorrectedMovie)
    np.testing.assert_array_equal(first.motion.global_shifts, third.motion.global_shifts)


def test_an_eer_movie_is_rendered_and_corrected(recorded, detector, tmp_path):
    """Electrons of the simulated frames, each of which is shared out to four raw frames."""
    random = np.random.default_rng(3)
    raw_frames = []
    for frame in recorded.counts.clip(max=20):
        rows, columns = np.nonzero(frame)
        y, x = (np.repeat(axis, frame[rows, columns]) for axis in (rows, columns))
        part = random.integers(0, 40, len(y))
        for number in range(40):
            pixels = np.unique(y[part == number] * 512 + x[part == number])
            inside = random.integers(0, 4, (2, len(pixels)))
            raw_frames.append(ElectronEvents(pixels // 512 * 4 + inside[0], pixels % 512 * 4 + inside[1]))
    write_eer(tmp_path / "movie.eer", raw_frames, shape=(448, 512), pixel_size=2.0)
    at_eer = replace(ACQUISITION, eer_fractions=12)
    made = correct_movie(
        tmp_path / "movie.eer", tmp_path / "a.mrc", at_eer, MotionSettings(patches=None), detector=detector
    )
    assert made.motion.frame_count == 12
    found = recorded.drift.error(-made.motion.global_shifts)
    assert found < 0.5 * recorded.drift.error(np.zeros((12, 2)))
    said = read_motion(made.motion_file)
    assert (said.eer_upsampling, said.eer_frames_per_fraction) == (1, 40)
