"""Differences of halves, views, resolutions by direction and models, as runs, and what the report shows of them."""

from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np
import polars as pl
import pytest
from PIL import Image

from cryoloom.cli.main import main
from cryoloom.engine.fourier import forward_transform, inverse_transform
from cryoloom.engine.maps import low_pass, soft_sphere
from cryoloom.formats.star import write_star
from cryoloom.protocols.report import report_page
from cryoloom.runtime import findings_of
from cryoloom.workflow.predicting import predicted
from cryoloom.workflow.run import RunState

BOX, PIXEL = 48, 3.0
ORIGIN = (11.0, -7.0, 30.0)
PLACE = (20, 27, 22)  # z, y, x where the halves differ


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Halves that lack a cone of their transform about Z, one that is else in one place, a model, and views."""
    folder = tmp_path_factory.mktemp("validation")
    random = np.random.default_rng(3)
    texture = low_pass(random.normal(size=(BOX,) * 3).astype(np.float32), 7.0, pixel_size=PIXEL)
    mask = soft_sphere(BOX, 13.0, 4.0)
    k = np.meshgrid(np.fft.fftfreq(BOX), np.fft.fftfreq(BOX), np.fft.rfftfreq(BOX), indexing="ij")
    radius = np.sqrt(sum(one**2 for one in k))
    missing = (np.abs(k[0]) > np.cos(np.pi / 4) * radius) & (radius > PIXEL / 24)
    signal = inverse_transform(forward_transform(mask * texture, dimensions=3) * ~missing, (BOX,) * 3)
    halves = [signal + random.normal(0, 1.2 * signal.std(), signal.shape).astype(np.float32) for _ in range(2)]
    z, y, x = PLACE
    other = halves[0].copy()
    other[z - 2 : z + 3, y - 2 : y + 3, x - 2 : x + 3] += 20 * signal.std()
    maps = {"half1": halves[0], "half2": halves[1], "other": other, "map": halves[0] + halves[1], "mask": mask}
    for name, volume in maps.items():
        with mrcfile.new(folder / f"{name}.mrc", volume.astype(np.float32)) as file:
            file.voxel_size = PIXEL
            file.header.origin = ORIGIN
    angles = random.uniform([-180, 0, -180], [180, 12, 180], (300, 3))  # from near the top
    write_views(folder / "views.star", angles)
    mrcfile.write(folder / "s.mrcs", np.zeros((300, 8, 8), np.float32), voxel_size=PIXEL)
    write_model(folder, random)
    return folder


def write_model(folder: Path, random: np.random.Generator) -> None:
    """Carbon atoms, and a map of Gaussians where they are, as its header tells where it lies."""
    places = random.normal(0.5 * BOX * PIXEL, 12.0, (80, 3))
    width = 2.5
    parts = [np.exp(-((np.arange(BOX) * PIXEL - one[:, None]) ** 2) / (2 * width**2)) for one in places.T]
    with mrcfile.new(folder / "atoms.mrc", np.einsum("nx,ny,nz->zyx", *parts).astype(np.float32)) as file:
        file.voxel_size = PIXEL
        file.header.origin = ORIGIN
    rows = [
        f"ATOM  {n:5d}  CA  ALA A{n:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00 20.00           C"
        for n, (x, y, z) in enumerate(places + ORIGIN, 1)
    ]
    (folder / "model.pdb").write_text("\n".join([*rows, "END\n"]))


def write_views(path: Path, angles: np.ndarray) -> None:
    optics = {"rlnOpticsGroup": 1, "rlnOpticsGroupName": "one", "rlnVoltage": 300.0, "rlnSphericalAberration": 2.7}
    optics |= {"rlnAmplitudeContrast": 0.1, "rlnImagePixelSize": PIXEL, "rlnImageSize": 8, "rlnImageDimensionality": 2}
    names = ("rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi")
    columns: dict[str, object] = dict(zip(names, angles.T, strict=True))
    columns["rlnImageName"] = [f"{n:06d}@s.mrcs" for n in range(1, len(angles) + 1)]
    columns["rlnOpticsGroup"] = [1] * len(angles)
    write_star(path, {"optics": pl.DataFrame([optics]), "particles": pl.DataFrame(columns)})


@pytest.fixture
def project(make_project, files):
    project = make_project()
    halves = {"half1": files / "half1.mrc", "half2": files / "half2.mrc", "mask": files / "mask.mrc"}
    runs = [
        project.add("import-volume", file=files / "map.mrc", **halves),
        project.add("import-particles", file=files / "views.star"),
        project.add("import-volume", file=files / "atoms.mrc"),
    ]
    assert {end.state for end in project.drive(*runs)} == {RunState.FINISHED}
    return project


def finished(project, protocol: str, **values):
    """The only item that the run gives, its warnings, and what it says in the end."""
    run = project.add(protocol, **values)
    (end,) = project.drive(run)
    assert end.state is RunState.FINISHED, end.reason
    assert run.methods().text
    (output,) = run.outputs.values()
    (item,) = output.latest().items()
    return item, " ".join(one.sentence for one in run.warnings()), end.reason


def page_of(project) -> str:
    return report_page(findings_of(project), picture_of=lambda _: None, drift_of=lambda _: [])


def test_halves_that_differ_in_one_place_are_told(project, files, capsys, tmp_path):
    source = project.add(
        "import-volume",
        file=files / "map.mrc",
        half1=files / "other.mrc",
        half2=files / "half2.mrc",
        mask=files / "mask.mrc",
    )
    project.drive(source)
    volumes = source.outputs["volumes"]
    item, warned, said = finished(project, "half-map-difference", volumes=volumes, resolution=9.0)
    difference = mrcfile.read(project.path / item.file)
    assert np.unravel_index(difference.argmax(), difference.shape) == pytest.approx(PLACE, abs=1)
    assert item.largest > 10
    assert f"{item.largest:.1f}" in said
    assert item.inside > 2
    assert "more than noise" in warned
    page = page_of(project)
    assert "Central sections of the difference of the half maps" in page
    assert f"at most by {item.largest:.1f}" in page
    output = tmp_path / "tool.mrc"
    options = ["--mask", files / "mask.mrc", "--resolution", 9, "--output", output]
    with pytest.raises(SystemExit, match="0"):
        main(["tool", "difference", *map(str, [files / "other.mrc", files / "half2.mrc", *options])])
    assert f"at most by {item.largest:.1f}" in capsys.readouterr().out
    with mrcfile.open(output) as file:
        assert file.header.origin.item() == ORIGIN
        assert np.array_equal(file.data, difference)


def test_local_resolution_says_beforehand_what_it_takes(project):
    told = predicted(project.add("local-resolution", volumes="1.volumes"))
    assert told is not None
    assert told.seconds > 0.0
    assert told.memory > 4 * 16 * BOX**3


def test_missing_directions_are_told_and_shown_where_they_are(project):
    item, _, said = finished(project, "directional-resolution", volumes="1.volumes")
    assert item.finest < 12 < 18 < item.coarsest  # nothing beyond 24 Å is there about Z
    assert item.area_ratio < 0.6
    assert f"{item.coarsest:.1f} Å" in said
    picture = np.asarray(Image.open(project.path / item.picture))
    height, width = picture.shape
    assert picture[0, 0] == 0  # outside of the map
    assert picture[height // 2, width // 4 : 3 * width // 4].mean() > 1.5 * picture[height // 60, width // 2]
    assert f"from {item.finest:.1f} to {item.coarsest:.1f} Å" in page_of(project)


def test_views_are_shown_from_where_they_are(project):
    item, warned, _ = finished(project, "views", particles="2.particles")
    assert item.particle_count == 300
    # Slices seen from within 12° of the top reach directions within 12° of the equator, which are sin 12° of all.
    assert item.poorly_sampled == pytest.approx(1 - np.sin(np.radians(12)), abs=0.07)
    assert "views are missing" in warned
    picture = np.asarray(Image.open(project.path / item.picture)).astype(int)
    top, rest = picture[: picture.shape[0] // 6], picture[picture.shape[0] // 3 :]
    assert top.max() == 255 > rest.max()
    assert "seen from all sides that look alike under C1" in page_of(project)
    from_all_sides, _, said = finished(project, "views", particles="2.particles", symmetry="O")
    assert from_all_sides.poorly_sampled < 0.7 * item.poorly_sampled
    assert "compensation" in said


def test_a_model_agrees_with_the_map_that_it_lies_in(project, files):
    item, warned, said = finished(project, "model-fsc", volumes="3.volumes", model=files / "model.pdb")
    assert item.resolution == pytest.approx(2 * PIXEL)
    assert warned == ""
    assert "6.00 Å" in said
    assert "agrees with model.pdb up to 6.00 Å" in page_of(project)
    elsewhere, warned, said = finished(project, "model-fsc", volumes="1.volumes", model=files / "model.pdb")
    assert elsewhere.resolution is None or elsewhere.resolution > 20
    assert ("agree nowhere" in warned) == (elsewhere.resolution is None)
