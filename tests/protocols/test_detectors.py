"""What a detector damps is undone by the function that the optics groups of a map's particles name.

The images of these particles show a body that is damped by a known function.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import mrcfile
import numpy as np
import polars as pl
import pytest
from phantom_particles import BOX, DIAMETER, PIXEL, phantom, write_particles

from cryoloom.cli.main import main
from cryoloom.data import Table, Volume
from cryoloom.engine.maps import weight_frequencies
from cryoloom.formats import relion, write_star
from cryoloom.protocols.detectors import OwnDetector
from cryoloom.protocols.particle_images import read_particle_file
from cryoloom.workflow.run import RunState
from cryoloom.workflow.warned import warnings_of

MOVIES = 3.0  # Å, pixel size at which the detector recorded
FREQUENCY = np.linspace(0.0, 0.5, 11)
MTF = 1.0 - 1.2 * FREQUENCY  # 0.7 at the Nyquist frequency of the images, which is half that of the movies
SHELLS = np.arange(2, 13)
NAMED = {"mtf_file": "mtf.star", "detector_pixel_size": MOVIES}


def write_mtf(path: Path, values: np.ndarray) -> Path:
    write_star(path, {"mtf": pl.DataFrame({"rlnResolutionInversePixel": FREQUENCY, "rlnMtfValue": values})})
    return path


def with_groups(table: Table, *told: dict[str, object]) -> Table:
    """The particles in turn in as many groups, each of which says something else of its detector."""
    (one,) = table.optics_groups.values()
    groups = [replace(one, id=1 + number, name=f"g{number}", **each) for number, each in enumerate(told)]
    turns = pl.Series("optics_group", 1 + np.arange(len(table)) % len(groups), pl.UInt64)
    return replace(table.with_frame(table.frame.with_columns(turns)), optics_groups={one.id: one for one in groups})


def amplitudes(volume: np.ndarray) -> np.ndarray:
    """Mean amplitude in each of the shells."""
    spectrum = np.abs(np.fft.fftn(volume))
    axis = np.fft.fftfreq(BOX) * BOX
    radius = np.sqrt(sum(one**2 for one in np.meshgrid(axis, axis, axis))).round()
    return np.array([spectrum[radius == shell].mean() for shell in SHELLS])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("detector")
    damped = weight_frequencies(phantom(), FREQUENCY / MOVIES, MTF, pixel_size=PIXEL)
    star = write_particles(folder, truth=damped, noise=0.05)
    write_mtf(folder / "mtf.star", MTF)
    relion.write_particles(star, with_groups(read_particle_file(star).table, NAMED))
    return folder


@pytest.fixture
def project(make_project, files):
    """1 has imported the particles, 2 reconstructed them."""
    project = make_project()
    runs = [project.add("import-particles", file=files / "particles.star")]
    runs.append(project.add("reconstruct", particles="1.particles"))
    assert {end.state for end in project.drive(*runs)} == {RunState.FINISHED}
    return project


def warned(run) -> str:
    return " ".join(one.sentence for one in warnings_of(run.folder))


def made(project, protocol, **values) -> tuple[Volume, np.ndarray, str]:
    """The map, and what was warned of."""
    run = project.add(protocol, **values)
    (end,) = project.drive(run)
    assert end.state is RunState.FINISHED, end.reason
    (volume,) = run.outputs["volumes"].latest().items()
    return volume, mrcfile.read(project.path / volume.file), warned(run)


def test_a_map_knows_the_detector_of_its_particles_and_is_freed_of_its_damping(project, files):
    (given,) = project.run(2).outputs["volumes"].latest().items()
    assert given.mtf_file == str(files / "mtf.star")
    assert given.detector_pixel_size == MOVIES
    before, truth = amplitudes(mrcfile.read(project.path / given.file)), amplitudes(phantom())
    volume, undone, _ = made(project, "filter-map", volumes="2.volumes", undo_detector=True)
    assert volume.mtf_undone
    # Images without much noise in true poses: what is left is interpolation, a few percent in the last shells.
    assert amplitudes(undone) / truth == pytest.approx(1.0, abs=0.06)
    assert before[-1] / truth[-1] < 0.8
    again = project.add("filter-map", volumes="3.volumes", undo_detector=True)
    project.drive(again)
    assert "was not undone again" in warned(again)


def test_postprocessing_undoes_the_detector_of_the_particles_unless_told_otherwise(project, tmp_path):
    plain = {"volumes": "2.volumes", "b_factor": 0.0}
    own, undone, _ = made(project, "postprocess", **plain)
    none, damped, _ = made(project, "postprocess", **plain, undo_detector=False)
    assert (own.mtf_undone, none.mtf_undone) == (True, None)
    frequency = SHELLS / (BOX * PIXEL)
    # Within a shell of whole Fourier pixels, half a pixel wide on either side, the function changes by 1 %.
    assert amplitudes(damped) / amplitudes(undone) == pytest.approx(
        np.interp(frequency * MOVIES, FREQUENCY, MTF), rel=0.02
    )
    flat = write_mtf(tmp_path / "flat.star", np.ones(len(FREQUENCY)))
    _, chosen, _ = made(project, "postprocess", **plain, mtf=flat, detector_pixel_size=MOVIES)
    assert chosen == pytest.approx(damped, abs=1e-5 * float(damped.std()))


@pytest.mark.parametrize("protocol", ["postprocess", "filter-map"])
def test_a_named_detector_is_not_undone_where_one_was_before(project, files, protocol):
    first, _, _ = made(project, protocol, volumes="2.volumes", undo_detector=True)
    named = {"mtf": files / "mtf.star", "detector_pixel_size": MOVIES}
    again = project.add("filter-map", volumes="3.volumes", **named)
    (end,) = project.drive(again)
    assert end.state is RunState.FAILED
    for part in (Path(first.file).name, "was undone before", "mtf.star", "before that"):
        assert part in str(end.reason) + warned(again)
    volume, _, _ = made(project, "filter-map", volumes="2.volumes", **named)  # which was never divided by one
    assert volume.mtf_undone


def test_what_was_made_of_maps_without_a_detectors_damping_is_marked_as_such(project, files):
    made(project, "filter-map", volumes="2.volumes", undo_detector=True)
    mean, _, _ = made(project, "combine-maps", volumes="3.volumes", others="3.volumes", operation="mean")
    assert mean.mtf_undone
    mixed, _, _ = made(project, "combine-maps", volumes="3.volumes", others="2.volumes", operation="mean")
    assert mixed.mtf_undone  # in a part of it, which must not be divided again
    none, _, _ = made(project, "combine-maps", volumes="2.volumes", others="2.volumes", operation="mean")
    assert not none.mtf_undone


@pytest.mark.parametrize("tool", ["postprocess", "filter-map"])
def test_a_tool_says_that_a_file_does_not_tell_whether_its_detector_was_undone(tool, capsys):
    with pytest.raises(SystemExit):
        main(["tool", tool, "--help"])
    assert "must not have been undone" in " ".join(capsys.readouterr().out.replace("│", " ").split())


def test_a_function_that_is_not_there_is_told_and_the_map_is_made_without(project, files):
    (files / "mtf.star").rename(files / "kept.star")
    try:
        volume, _, said = made(project, "postprocess", volumes="2.volumes")
    finally:
        (files / "kept.star").rename(files / "mtf.star")
    assert not volume.mtf_undone
    assert "damping of the detector was not undone: there is no file" in said


@pytest.mark.parametrize(
    ("told", "known", "said"),
    [
        ([{}], OwnDetector(), ""),
        ([NAMED, NAMED], OwnDetector("mtf.star", MOVIES), None),
        ([NAMED, {}], OwnDetector(differs=True), "damping of none of them was undone"),
        ([NAMED, NAMED | {"detector_pixel_size": 1.5}], OwnDetector(differs=True), "damping of none of them"),
        ([{"mtf_file": "mtf.star"}], OwnDetector("mtf.star"), "pixel size of its movies is not known"),
    ],
    ids=["none", "one", "some", "magnifications", "no pixel size"],
)
def test_what_groups_have_in_common_is_known_of_the_map(files, told, known, said):
    table = read_particle_file(files / "particles.star").table
    nothing: dict[str, object] = {"mtf_file": "", "detector_pixel_size": None}
    found = OwnDetector.of_particles(with_groups(table, *(nothing | each for each in told)))
    assert found == known
    volume = Volume(id=1, file="m.mrc", pixel_size=PIXEL, box_size=BOX, **found.columns)
    assert OwnDetector.of_volume(volume) == known
    response, remark = found.response(lambda name: files / name)
    assert (response is not None) is (said is None)
    assert (said or "") in remark
    assert bool(said) is bool(remark)


def test_a_tool_is_told_the_detector_by_the_particles(project, files, tmp_path, capsys):
    (given,) = project.run(2).outputs["volumes"].latest().items()
    halves = [str(project.path / name) for name in (given.half1_file, given.half2_file)]
    particles = ["--particles", str(files / "particles.star")]
    maps = {}
    for name, words in (
        ("own", particles),
        ("given", ["--mtf", str(files / "mtf.star"), "--detector-pixel-size", str(MOVIES)]),
        ("none", []),
    ):
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(
                ["tool", "postprocess", *halves, "--b-factor", "0", *words, "--output", str(tmp_path / name), "--json"]
            )
        told = capsys.readouterr()
        assert not left.value.code, told.err
        assert json.loads(told.out)["mtf_undone"] is (name != "none")
        maps[name] = mrcfile.read(tmp_path / f"{name}.mrc")
    assert np.array_equal(maps["own"], maps["given"])
    assert not np.allclose(maps["own"], maps["none"])
    with pytest.raises(SystemExit) as left:
        main(["tool", "filter-map", halves[0], *particles, "--output", str(tmp_path / "filtered.mrc")])
    assert not left.value.code
    assert amplitudes(mrcfile.read(tmp_path / "filtered.mrc"))[-1] > 1.2 * amplitudes(mrcfile.read(halves[0]))[-1]


@pytest.mark.parametrize(
    ("protocol", "values"),
    [
        ("abinitio", {"runs": 1, "iterations": 2, "batch_size": 10, "final_resolution": 30.0}),
        ("class3d", {"reference": "2.volumes", "classes": 2, "start_iterations": 2, "iterations": 2}),
        ("refine", {"reference": "2.volumes", "iterations": 2, "trust": "quick"}),
    ],
)
def test_every_protocol_that_makes_maps_passes_the_detector_on(project, files, protocol, values):
    run = project.add(protocol, particles="1.particles", diameter=DIAMETER, **values)
    (end,) = project.drive(run)
    assert end.state is RunState.FINISHED, end.reason
    for volume in run.outputs["volumes"].latest().items():
        assert OwnDetector.of_volume(volume) == OwnDetector(str(files / "mtf.star"), MOVIES)
