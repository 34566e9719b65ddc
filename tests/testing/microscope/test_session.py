import json
import threading
import time

import mrcfile
import numpy as np
import pytest
import starfile
import tifffile
from typer.testing import CliRunner

from cryoloom.errors import InputError
from cryoloom.testing.microscope import MicroscopeParameters, SimulatedMicroscope, State, Tier, write_session

EASY = MicroscopeParameters.of_tier(Tier.EASY).resized(width=256, height=192, frame_count=5, particle_count=2)
HARD = MicroscopeParameters.of_tier(Tier.HARD).resized(width=512, height=512, frame_count=3, particle_count=8)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    return write_session(tmp_path_factory.mktemp("session"), seed=4, movies=3, parameters=EASY)


def test_a_session_is_movies_a_gain_reference_and_the_truth(session):
    assert [movie.name for movie in session.movies] == ["movie_0001.tif", "movie_0002.tif", "movie_0003.tif"]
    assert all(movie.parent == session.folder / "movies" for movie in session.movies)
    names = sorted(file.name for file in session.truth_folder.iterdir())
    assert names == ["movie_0001.json", "movie_0002.json", "movie_0003.json", "particles.star", "session.json"]


def test_tiff_movies_are_written_from_the_bottom_up_and_the_gain_is_not(session):
    exposure = SimulatedMicroscope(seed=4, parameters=EASY).expose(seed=2)
    with tifffile.TiffFile(session.movies[1]) as tiff:
        assert tiff.pages[0].compression == tifffile.COMPRESSION.LZW
        stored = tiff.asarray()
    assert np.array_equal(stored[:, ::-1], exposure.counts)
    with mrcfile.open(session.gain) as gain:
        assert np.array_equal(gain.data, exposure.gain)
        assert gain.voxel_size.x == pytest.approx(2.0)


def test_the_truth_can_be_read_back(session):
    document = json.loads((session.truth_folder / "movie_0002.json").read_text())
    truth = session.truths[1]
    assert document["movie"] == "movie_0002.tif"
    assert document["ctf"]["defocus_u"] == truth.defocus_u
    particles = document["particles"]
    assert len(particles) == len(truth.particles)
    assert [one["x"] for one in particles] == pytest.approx(truth.coordinates()[:, 0])
    assert [one["y_in_global_sum"] for one in particles] == pytest.approx(
        truth.coordinates(truth.drift.global_shifts)[:, 1]
    )
    displacement = np.array(document["drift"]["displacement"])
    assert displacement.shape == (5, 49, 2)
    assert truth.drift.error(displacement) == pytest.approx(0.0, abs=1e-9)
    assert document["drift"]["uncorrected_error"] == pytest.approx(truth.drift.error(np.zeros((5, 2))))
    described = json.loads((session.truth_folder / "session.json").read_text())
    assert described["specimen"]["symmetry"] == "C3"
    assert described["parameters"]["detector"]["pixel_size"] == 2.0


def test_the_motion_can_be_had_at_any_point_from_the_document(session):
    document = json.loads((session.truth_folder / "movie_0003.json").read_text())
    model = {name: np.array(values) for name, values in document["drift"]["model"].items()}
    points = np.array([[12.5, 100.0], [200.0, 3.0]])
    waves = np.cos(points @ model["wave_vectors"].T + model["wave_phases"])
    local = np.einsum("nw,fwa->fna", waves, model["wave_amplitudes"])
    assert model["shifts"][:, None] + local == pytest.approx(session.truths[2].drift.displacement(points))


def test_the_star_file_holds_the_particles_to_be_found(session):
    tables = starfile.read(session.truth_folder / "particles.star")
    particles = tables["particles"]
    expected = np.concatenate([truth.coordinates()[truth.to_be_found()] for truth in session.truths])
    assert particles[["rlnCoordinateX", "rlnCoordinateY"]].to_numpy() == pytest.approx(expected, abs=1e-3)
    assert set(particles["rlnMicrographName"]) <= {f"movies/{movie.name}" for movie in session.movies}
    assert tables["optics"]["rlnMicrographPixelSize"].tolist() == [2.0]
    assert "rlnBeamTiltX" not in tables["optics"]


def test_a_hard_session_states_a_wrong_pixel_size_and_its_truth_the_aberrations(tmp_path):
    session = write_session(tmp_path, tier="hard", seed=1, movies=2, parameters=HARD)
    assert session.pixel_size == pytest.approx(2.0 * 1.015)
    with mrcfile.open(session.gain) as gain:
        assert gain.voxel_size.x == pytest.approx(2.0 * 1.015)
    tables = starfile.read(session.truth_folder / "particles.star")
    optics = tables["optics"]
    assert optics["rlnOpticsGroup"].tolist() == [1, 2]
    assert optics["rlnMicrographPixelSize"].tolist() == [2.0, 2.0]
    tilts = np.hypot(optics["rlnBeamTiltX"], optics["rlnBeamTiltY"])
    assert tilts.to_numpy() == pytest.approx([0.5, 0.5], abs=1e-3)
    stretch = np.linalg.svd(optics[[f"rlnMagMat{n}" for n in ("00", "01", "10", "11")]].to_numpy()[0].reshape(2, 2))[1]
    assert stretch[0] / stretch[1] == pytest.approx(1.01, abs=1e-4)
    truth = session.truths[0]
    heights = truth.particles.heights[truth.to_be_found()]
    mine = tables["particles"][tables["particles"]["rlnMicrographName"] == "movies/movie_0001.tif"]
    assert mine["rlnDefocusU"].to_numpy() == pytest.approx(truth.defocus_u + heights, abs=1e-3)
    assert np.all(truth.particles.states[truth.to_be_found()] == State.INTACT)


def test_a_folder_with_movies_is_not_written_into(session):
    with pytest.raises(InputError, match="not empty"):
        write_session(session.folder, movies=1, parameters=EASY)


def test_threads_change_nothing(session, tmp_path):
    again = write_session(tmp_path, seed=4, movies=3, parameters=EASY, threads=2)
    assert [movie.read_bytes() for movie in again.movies] == [movie.read_bytes() for movie in session.movies]
    assert (again.truth_folder / "particles.star").read_text() == (session.truth_folder / "particles.star").read_text()


def test_movies_appear_one_by_one_at_their_interval(tmp_path):
    times = []
    began = time.monotonic()
    write_session(
        tmp_path,
        seed=4,
        movies=3,
        parameters=EASY,
        interval_seconds=0.4,
        on_movie=lambda movie, truth: times.append((time.monotonic() - began, movie.stat().st_size, truth.defocus_u)),
    )
    assert len(times) == 3
    # Two intervals lie between the starts of writing; told is its end, and one file takes longer than another.
    assert times[2][0] - times[0][0] >= 0.6
    assert all(size > 10_000 for _, size, _ in times)


def test_a_stalling_writer_leaves_half_a_file_for_a_while(tmp_path):
    writer = threading.Thread(
        target=write_session, args=(tmp_path,), kwargs={"movies": 1, "parameters": EASY, "stall_seconds": 1.5}
    )
    writer.start()
    movie, sizes = tmp_path / "movies" / "movie_0001.tif", set()
    while writer.is_alive():
        if movie.exists():
            sizes.add(movie.stat().st_size)
        time.sleep(0.02)
    writer.join()
    whole = movie.stat().st_size
    assert whole // 2 in sizes
    assert len(tifffile.imread(movie)) == 5


def test_the_shell_writes_a_session(tmp_path, monkeypatch):
    import typer

    from cryoloom.cli.tool.simulate import simulate

    monkeypatch.setattr(MicroscopeParameters, "of_tier", staticmethod({Tier.EASY: EASY}.get))
    application = typer.Typer()
    application.command()(simulate)
    result = CliRunner().invoke(application, [str(tmp_path / "out"), "--movies", "1", "--seed", "4", "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["movies"] == [str(tmp_path / "out" / "movies" / "movie_0001.tif")]
    assert (tmp_path / "out" / "truth" / "particles.star").is_file()


def test_the_shell_refuses_an_unknown_tier(tmp_path):
    import typer

    from cryoloom.cli.tool.simulate import simulate

    application = typer.Typer()
    application.command()(simulate)
    result = CliRunner().invoke(application, [str(tmp_path), "--tier", "trivial"])
    assert result.exit_code == 2
