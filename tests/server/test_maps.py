"""Maps through the interface: files as they are, and what is told of them against what is known of them."""

from __future__ import annotations

import csv
import io
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from cryoloom.data import FSC, Particle, SetWriter, Volume
from cryoloom.formats import write_volume
from cryoloom.runtime import Project
from cryoloom.server.maps import first_level
from cryoloom.workflow.driver import drive_run
from cryoloom.workflow.graph import RunGraph

BOX, PIXEL, B_FACTOR = 48, 1.5, -60.0


def address(project: Project, number: int) -> str:
    return f"/api/projects/{project.record.ulid}/runs/{project.run(number).ulid}"


def item_of(project: Project, number: int) -> str:
    (volume,) = project.run(number).outputs["volumes"].latest().items()
    return f"{volume.id:016x}"


def volume_address(project: Project, number: int) -> str:
    return f"{address(project, number)}/outputs/volumes/volumes/{item_of(project, number)}"


def ball(radius: float) -> np.ndarray:
    axis = np.arange(BOX) - BOX // 2
    return np.sqrt((axis**2)[:, None, None] + (axis**2)[:, None] + axis**2) <= radius


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two half maps whose amplitudes fall by a B-factor and which share all but a little noise, their mean, a mask."""
    folder = tmp_path_factory.mktemp("maps")
    random = np.random.default_rng(11)
    frequency = np.fft.fftfreq(BOX, PIXEL)
    squared = (frequency**2)[:, None, None] + (frequency**2)[:, None] + frequency**2
    shape = np.exp(0.25 * B_FACTOR * squared)

    def damped(volume: np.ndarray) -> np.ndarray:
        return np.fft.ifftn(np.fft.fftn(volume) * shape).real.astype(np.float32)

    signal = random.normal(size=(BOX,) * 3) * ball(14)
    halves = [damped(signal + 0.05 * random.normal(size=signal.shape)) for _ in range(2)]
    maps = {"half1": halves[0], "half2": halves[1], "map": 0.5 * (halves[0] + halves[1]), "mask": ball(18)}
    for name, volume in maps.items():
        write_volume(folder / f"{name}.mrc", volume.astype(np.float32), pixel_size=PIXEL)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Path:
    """A project with an imported map, which was sharpened, and whose local resolution was measured."""
    project = Project.create(tmp_path_factory.mktemp("made") / "maps", "Maps")
    given = {name: files / f"{name}.mrc" for name in ("half1", "half2", "mask")}
    for run in (
        project.add("import-volume", file=files / "map.mrc", symmetry="C2", **given),
        project.add("postprocess", volumes="1.volumes"),
        project.add("local-resolution", volumes="1.volumes"),
    ):
        drive_run(project.path, run.folder.path, project.environment)
    return project.path


@pytest.fixture
def project(shelf: Path, made: Path) -> Project:
    """A copy of it that a test may change."""
    return Project.open(shutil.copytree(made, shelf / "maps"))


def replace_volume(project: Project, **changes: object) -> None:
    run = project.run(1)
    (volume,) = run.outputs["volumes"].latest().items()
    SetWriter.open(run.folder.outputs / "volumes", Volume.kind).commit([replace(volume, **changes)], reopen=True)


@pytest.mark.parametrize("which", ["map", "half1", "half2", "mask"])
def test_a_file_is_given_as_it_is(browser: TestClient, project: Project, files: Path, which: str) -> None:
    content = (files / f"{which}.mrc").read_bytes()
    where = f"{volume_address(project, 1)}/file"
    answer = browser.get(where, params={"which": which})
    assert (answer.status_code, answer.content == content) == (200, True)
    assert f'filename="{which}.mrc"' in answer.headers["content-disposition"]
    part = browser.get(where, params={"which": which}, headers={"Range": "bytes=1000-1999"})
    assert (part.status_code, part.content == content[1000:2000]) == (206, True)
    again = browser.get(where, params={"which": which}, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    beyond = browser.get(where, params={"which": which}, headers={"Range": f"bytes={len(content)}-"})
    assert beyond.status_code == 416


def test_local_resolution_is_found_for_a_map_and_for_what_was_sharpened_of_it(
    browser: TestClient, project: Project
) -> None:
    (measured,) = project.run(3).outputs["resolutions"].latest().items()
    content = (project.path / measured.file).read_bytes()
    for number in (1, 2):
        answer = browser.get(f"{volume_address(project, number)}/file", params={"which": "local_resolution"})
        assert (answer.status_code, answer.content == content) == (200, True)
        told = browser.get(volume_address(project, number)).json()["local_resolution"]
        assert (told["run_number"], told["median"]) == (3, pytest.approx(measured.median))


def test_local_resolution_of_a_map_elsewhere_does_not_colour_it(browser: TestClient, project: Project) -> None:
    turned = project.add("invert-hand", volumes="1.volumes")
    drive_run(project.path, turned.folder.path, project.environment)
    answer = browser.get(f"{volume_address(project, 4)}/file", params={"which": "local_resolution"})
    assert (answer.status_code, "no such file" in answer.json()["message"]) == (404, True)


def test_a_run_tells_its_maps_and_one_that_measured_a_map_tells_that(browser: TestClient, project: Project) -> None:
    for number, maker in ((1, 1), (2, 2), (3, 1)):
        (told,) = browser.get(f"{address(project, number)}/maps").json()
        assert told == {
            "run": project.run(maker).ulid,
            "output": "volumes",
            "item": item_of(project, maker),
            "name": "Map 1",
            "file": told["file"],
        }


def test_what_is_known_of_a_map_is_told(browser: TestClient, project: Project) -> None:
    imported = browser.get(volume_address(project, 1)).json()
    assert (imported["box_size"], imported["pixel_size"], imported["symmetry"]) == (BOX, PIXEL, "C2")
    assert {one["which"] for one in imported["files"]} == {"map", "half1", "half2", "mask", "local_resolution"}
    assert (imported["headline"], imported["trusted"]) == ("Its resolution has not been measured.", False)
    sharpened = browser.get(volume_address(project, 2)).json()
    (volume,) = project.run(2).outputs["volumes"].latest().items()
    assert sharpened["resolution"] == pytest.approx(volume.resolution)
    assert sharpened["b_factor"] == pytest.approx(volume.b_factor)
    assert sharpened["headline"].startswith(f"{volume.resolution:.2f} Å")
    assert "0.143" in sharpened["resolution_rule"]
    assert (imported["charts"], sharpened["charts"]) == ([], ["fsc", "guinier"])


def test_the_first_level_encloses_the_molecule(tmp_path: Path) -> None:
    """Of a smooth blob, the level that encloses two fifths of a mask is the value at that radius."""
    axis = np.arange(BOX) - BOX // 2
    radius = np.sqrt((axis**2)[:, None, None] + (axis**2)[:, None] + axis**2)
    write_volume(tmp_path / "blob.mrc", (BOX - np.minimum(radius, 20)).astype(np.float32), pixel_size=1.0)
    write_volume(tmp_path / "mask.mrc", (radius <= 20).astype(np.float32), pixel_size=1.0)
    level = first_level(tmp_path / "blob.mrc", tmp_path / "mask.mrc")
    assert BOX - level.value == pytest.approx(20 * 0.4 ** (1 / 3), abs=0.2)  # in voxels; less than half a voxel
    alone = first_level(tmp_path / "blob.mrc", None)
    assert BOX - alone.value == pytest.approx((0.02 * BOX**3 * 0.75 / np.pi) ** (1 / 3), abs=0.2)


def test_the_first_level_stays_above_the_noise_of_the_solvent(tmp_path: Path) -> None:
    """Of a small ball of 1 in noise of 0.1, within a mask that is much larger, noise is the brightest two fifths."""
    noise = np.random.default_rng(6).normal(scale=0.1, size=(BOX,) * 3)
    write_volume(tmp_path / "ball.mrc", (noise + ball(6)).astype(np.float32), pixel_size=1.0)
    write_volume(tmp_path / "mask.mrc", ball(18).astype(np.float32), pixel_size=1.0)
    level = first_level(tmp_path / "ball.mrc", tmp_path / "mask.mrc")
    assert level.value == pytest.approx(0.5, abs=0.01)  # five deviations, told by some 80 000 voxels
    assert "solvent" in level.rule


def test_the_curves_are_those_of_the_set(browser: TestClient, project: Project) -> None:
    told = browser.get(f"{address(project, 2)}/curves/fsc").json()
    held = {curve.curve: curve for curve in project.run(2).outputs["fscs"] if isinstance(curve, FSC)}
    assert {line["name"] for line in told["lines"]} == set(held)
    for line in told["lines"]:
        curve = held[line["name"]]
        assert line["x"] == list(curve.frequency[1:])
        assert line["y"] == list(curve.correlation[1:])
    assert {(mark["axis"], mark["words"]) for mark in told["marks"]} >= {("y", "0.143")}
    nothing = browser.get(f"{address(project, 1)}/curves/fsc")
    assert (nothing.status_code, nothing.json()["message"]) == (404, "Run 1 has made no correlation curves.")


def test_the_guinier_plot_tells_the_b_factor_that_was_put_in(browser: TestClient, project: Project) -> None:
    told = browser.get(f"{address(project, 2)}/curves/guinier").json()
    (line,) = (one for one in told["lines"] if one["drawn"] == "fit")
    slope = (line["y"][1] - line["y"][0]) / (line["x"][1] - line["x"][0])
    # of 24 shells, the first of which hold few coefficients: their scatter moves the slope by some Å²
    assert 4 * slope == pytest.approx(B_FACTOR, abs=6)
    (volume,) = project.run(2).outputs["volumes"].latest().items()
    assert 4 * slope == pytest.approx(volume.b_factor, abs=0.01)  # the same line as by postprocess


def test_tables_hold_the_same_numbers(browser: TestClient, project: Project) -> None:
    for curve in ("fsc", "guinier"):
        told = browser.get(f"{address(project, 2)}/curves/{curve}").json()
        answer = browser.get(f"{address(project, 2)}/curves/{curve}/table")
        assert answer.headers["content-type"].startswith("text/csv")
        heading, *rows = csv.reader(io.StringIO(answer.text))
        assert heading == [
            f"{told['x']['label']} ({told['x']['unit']})",
            *(line["name"] for line in told["lines"]),
        ]
        for place, line in enumerate(told["lines"], start=1):
            assert [(float(row[0]), float(row[place])) for row in rows if row[place]] == list(
                zip(line["x"], line["y"], strict=True)
            )


def test_views_are_counted_where_they_are(browser: TestClient, shelf: Path) -> None:
    """Particles that are all seen along z, up to a degree, lie at the upper rim of the map of directions."""
    project = Project.create(shelf / "views", "Views")
    (shelf / "particles.star").touch()
    run = project.add("import-particles", file=shelf / "particles.star")
    random = np.random.default_rng(2)
    particles = [
        Particle(id=number + 1, file="p.mrcs", index=number, pixel_size=1.0, box_size=8,
                 rot=float(random.uniform(0, 360)), tilt=1.0, psi=0.0)
        for number in range(100)
    ]  # fmt: skip
    writer = SetWriter.open(run.folder.outputs / "particles", Particle.kind)
    writer.commit([*particles, Particle(id=200, file="p.mrcs", index=0, pixel_size=1.0, box_size=8)], close=True)
    told = browser.get(f"{address(project, 1)}/views").json()
    assert (told["particle_count"], told["counted"], told["symmetry"]) == (100, 100, "C1")
    density = np.array(told["density"], dtype=float)
    assert np.nansum(density[0]) == pytest.approx(np.nansum(density))
    assert "unevenly" in told["said"]
    heading, *rows = csv.reader(io.StringIO(browser.get(f"{address(project, 1)}/views/table").text))
    assert len(heading) == 3
    assert len(rows) == np.isfinite(density).sum()
    assert max(rows, key=lambda row: float(row[2]))[1] == str(1 - 1 / len(density))


def test_the_trust_page_is_shown_as_it_is_and_can_do_nothing(browser: TestClient, project: Project) -> None:
    folder = project.run(1).folder.path / "files" / "trust"
    folder.mkdir(parents=True)
    (folder / "page.html").write_text("<!doctype html><script>alert(1)</script>", encoding="utf-8")
    (folder / "page.json").write_text(
        '{"version": 1, "headline": {"resolution": 4.2, "sentence": "4.20 Å, and no more."}, "particle_scaling":'
        ' {"counts": [100, 200, 400], "resolutions": [6.0, 5.0, 4.4], "b_factor": 1.0}}',
        encoding="utf-8",
    )
    replace_volume(project, trust_file=(folder / "page.html").relative_to(project.path).as_posix(), resolution=4.2)
    page = browser.get(f"{volume_address(project, 1)}/trust")
    assert page.content == (folder / "page.html").read_bytes()
    policy = page.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script" not in policy
    assert "frame-ancestors 'self'" in policy
    told = browser.get(volume_address(project, 1)).json()
    assert (told["trusted"], told["headline"]) == (True, "4.20 Å, and no more.")
    scaling = browser.get(f"{address(project, 1)}/curves/scaling").json()
    points, line = scaling["lines"]
    assert points["x"] == [100, 200, 400]
    assert points["y"] == pytest.approx([6.0**-2, 5.0**-2, 4.4**-2])
    slope, intercept = np.polyfit(np.log(points["x"]), points["y"], 1)
    assert line["y"] == pytest.approx(intercept + slope * np.log(points["x"]))


def test_a_map_without_trust_page_has_none(browser: TestClient, project: Project) -> None:
    answer = browser.get(f"{volume_address(project, 1)}/trust")
    assert (answer.status_code, answer.json()["message"]) == (404, "The map of run 1 has no trust page.")
    assert browser.get(f"{address(project, 1)}/curves/scaling").status_code == 404


def test_only_maps_that_a_set_names_are_given(browser: TestClient, project: Project, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret" * 400, encoding="utf-8")
    replace_volume(project, half1_file=str(secret), half2_file="../../outside.mrc", mask_file=None)
    where = f"{volume_address(project, 1)}/file"
    for which, status in (("half1", 422), ("half2", 422), ("mask", 404), ("../map", 422)):
        answer = browser.get(where, params={"which": which})
        assert (answer.status_code, "secretsecret" in answer.text) == (status, False), which
    told = browser.get(volume_address(project, 1)).json()
    assert {one["which"] for one in told["files"]} == {"map", "local_resolution"}
    assert len(told["missing"]) == 2


def test_a_map_that_is_gone_gives_one_sentence(browser: TestClient, project: Project) -> None:
    (volume,) = project.run(2).outputs["volumes"].latest().items()
    (project.path / volume.file).unlink()
    for where in (volume_address(project, 2), f"{volume_address(project, 2)}/file"):
        answer = browser.get(where)
        assert (answer.status_code, "is not there any more" in answer.json()["message"]) == (404, True)


def test_what_is_no_map_is_said(browser: TestClient, project: Project) -> None:
    run = address(project, 1)
    for where, status in (
        (f"{run}/outputs/volumes/volumes/{'0' * 16}", 404),
        (f"{run}/outputs/volumes/volumes/7", 422),
        (f"{run}/outputs/maps/volumes/{item_of(project, 1)}", 404),
        (f"{run}/curves/fsc?map={'0' * 16}", 404),
        (f"{run}/curves/other", 422),
        (f"{run}/views", 404),
    ):
        assert browser.get(where).status_code == status, where


def test_a_map_is_shown_when_what_it_was_made_from_is_removed(browser: TestClient, project: Project) -> None:
    shutil.rmtree(project.run(1).folder.path)
    assert browser.get(address(project, 2)).status_code == 200
    (entry,) = browser.get(f"{address(project, 2)}/maps").json()
    told = browser.get(volume_address(project, 2))
    assert (told.status_code, told.json()["entry"]) == (200, entry)
    assert told.json()["particle_count"] is None
    assert told.json()["local_resolution"]["run_number"] == 3  # of the map that is gone, on the same voxels
    for which in ("map", "local_resolution"):
        assert browser.get(f"{volume_address(project, 2)}/file", params={"which": which}).status_code == 200
    for curve in ("fsc", "guinier"):
        assert browser.get(f"{address(project, 2)}/curves/{curve}").status_code == 200
    views = browser.get(f"{address(project, 2)}/views")
    assert (views.status_code, "no particles that have poses" in views.json()["message"]) == (404, True)
    assert browser.get(f"{address(project, 3)}/maps").json() == []
    assert browser.get(f"{address(project, 3)}/picture").status_code == 200


def test_the_runs_of_a_project_are_read_once_for_a_map(
    browser: TestClient, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, read, asked = volume_address(project, 2), RunGraph.read, []

    def counted(*given: object) -> RunGraph:
        asked.append(given)
        return read(*given)

    monkeypatch.setattr(RunGraph, "read", counted)
    for question, times in ((where, 1), (f"{where}/file?which=local_resolution", 1), (f"{where}/file?which=map", 0)):
        asked.clear()
        assert browser.get(question).status_code == 200
        assert len(asked) == times, question


def test_correlations_of_two_runs_are_laid_over_each_other(browser: TestClient, project: Project) -> None:
    other = project.add("postprocess", volumes="1.volumes", label="Once more")
    drive_run(project.path, other.folder.path, project.environment)
    runs = [project.run(2).ulid, other.ulid]
    where = f"/api/projects/{project.record.ulid}/comparison"
    told = browser.get(f"{where}/correlation", params={"run": [project.run(1).ulid, *runs]}).json()
    assert told["runs"] == runs  # what was imported has no curves
    assert [line["name"] for line in told["lines"]] == ["2 postprocess", "4 Once more"]
    for run, line in zip((project.run(2), other), told["lines"], strict=True):
        (held,) = [curve for curve in run.outputs["fscs"].latest().items() if curve.curve == "corrected"]
        assert line["y"] == pytest.approx(held.correlation[1:])
    table = browser.get(f"{where}/correlation/table", params={"run": runs}).text.splitlines()
    assert table[0] == "spatial frequency (1/Å),2 postprocess,4 Once more"
    assert len(table) == 1 + len(told["lines"][0]["x"])
    compared = browser.get(where, params={"run": runs}).json()
    assert compared["has_correlation"]
    assert [one["run"] for one in compared["maps"]] == runs
    (resolution,) = [row for row in compared["figures"] if row["name"] == "resolution"]
    assert (resolution["differs"], " Å" in resolution["values"][0]) == (False, True)
