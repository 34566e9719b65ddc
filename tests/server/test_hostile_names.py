"""Whatever a set or record names, nothing foreign is given away, no request hangs, and the answer is a sentence."""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from starlette.testclient import TestClient
from tests.server.made_sets import BOX, EVEN, ITEM, OTHERS, add_run, address_of

from cryoloom.data import (
    CTF,
    FSC,
    Class2D,
    Class3D,
    Coordinate,
    DirectionalResolution,
    HalfMapDifference,
    Item,
    LocalResolution,
    Mask,
    Micrograph,
    Movie,
    Particle,
    SetWriter,
    ViewDistribution,
    Volume,
)
from cryoloom.errors import FormatError
from cryoloom.formats import write_volume
from cryoloom.runtime import Project
from cryoloom.workflow.project import Run
from cryoloom.workflow.run import RunRecord, read_record

pytestmark = pytest.mark.timeout(120)  # a pipe that is opened without care is waited for without end

MARK = "foreign" * 40


@dataclass(frozen=True)
class Named:
    """A column that names a file, and where what it names is asked for."""

    kind: type[Item]
    column: str
    suffix: str
    asked: tuple[str, ...]


_PICTURES = ("/picture", "/picture?size=panel")
_IMAGES = (*_PICTURES, "/outputs/made/images")
_VOLUME = f"/outputs/made/volumes/{ITEM}"
NAMED = (
    Named(Volume, "file", ".mrc", (f"{_VOLUME}/file", _VOLUME, *_PICTURES)),
    Named(Volume, "half1_file", ".mrc", (f"{_VOLUME}/file?which=half1",)),
    Named(Volume, "half2_file", ".mrc", (f"{_VOLUME}/file?which=half2",)),
    Named(Volume, "mask_file", ".mrc", (f"{_VOLUME}/file?which=mask",)),
    Named(Volume, "trust_file", ".html", (f"{_VOLUME}/trust", "/curves/scaling")),
    Named(Class3D, "file", ".mrc", (f"{_VOLUME}/file", *_PICTURES)),
    Named(LocalResolution, "file", ".mrc", _PICTURES),
    Named(Mask, "file", ".mrc", _PICTURES),
    Named(HalfMapDifference, "file", ".mrc", _PICTURES),
    Named(Class2D, "file", ".mrcs", _IMAGES),
    Named(Particle, "file", ".mrcs", _IMAGES),
    Named(Movie, "file", ".tif", _PICTURES),
    Named(Micrograph, "file", ".mrc", _PICTURES),
    Named(Micrograph, "dose_weighted_file", ".mrc", _PICTURES),
    Named(Micrograph, "thumbnail", ".png", _PICTURES),
    Named(CTF, "spectrum_picture", ".png", _PICTURES),
    Named(ViewDistribution, "picture", ".png", _PICTURES),
    Named(DirectionalResolution, "picture", ".png", _PICTURES),
)


def _absolute(_project: Path, foreign: Path) -> str:
    return str(foreign)


def _upwards(project: Path, foreign: Path) -> str:
    return os.path.relpath(foreign, project)


def _passwd(_project: Path, _foreign: Path) -> str:
    return "/etc/passwd"


def _link(project: Path, foreign: Path) -> str:
    (project / f"link{foreign.suffix}").symlink_to(foreign)
    return f"link{foreign.suffix}"


def _loop(project: Path, foreign: Path) -> str:
    (project / f"loop{foreign.suffix}").symlink_to(project / f"loop{foreign.suffix}")
    return f"loop{foreign.suffix}"


def _pipe(project: Path, foreign: Path) -> str:
    os.mkfifo(project / f"pipe{foreign.suffix}")
    return f"pipe{foreign.suffix}"


def _folder(project: Path, foreign: Path) -> str:
    (project / f"folder{foreign.suffix}").mkdir()
    return f"folder{foreign.suffix}"


def _record(_project: Path, _foreign: Path) -> str:
    return "project.json"


def _empty(_project: Path, _foreign: Path) -> str:
    return ""


def _long(_project: Path, foreign: Path) -> str:
    return "x" * 5000 + foreign.suffix


def _zero(_project: Path, foreign: Path) -> str:
    return f"a\0b{foreign.suffix}"


def _name(one: str | Callable[[Path, Path], str]) -> str:
    return one if isinstance(one, str) else one.__name__.strip("_")


HOSTILE = (_absolute, _upwards, _passwd, _link, _loop, _pipe, _folder, _record, _empty, _long, _zero)


@pytest.fixture
def project(shelf: Path) -> Project:
    project = Project.create(shelf / "hostile", "Hostile")
    ramp = np.arange(BOX**3, dtype=np.float32).reshape((BOX,) * 3)
    write_volume(project.path / "map.mrc", ramp, pixel_size=1.0)
    return project


@pytest.fixture
def foreign(tmp_path: Path) -> Callable[[str], Path]:
    """Makes a file outside of the projects that is what its suffix says, but no image of a microscope."""

    def make(suffix: str) -> Path:
        path = tmp_path / f"foreign{suffix}"
        if suffix == ".png":
            told = PngImagePlugin.PngInfo()
            told.add_text("Comment", MARK)
            Image.fromarray(np.eye(64, dtype=np.uint8) * 255).save(path, pnginfo=told)
        elif suffix == ".json":
            path.write_text(json.dumps({"version": 1, "headline": {"sentence": MARK}}), encoding="utf-8")
        else:
            path.write_text(MARK, encoding="utf-8")
        return path

    return make


@pytest.mark.parametrize("hostile", HOSTILE, ids=_name)
def test_no_column_of_a_set_gives_away_what_it_should_not(
    browser: TestClient, project: Project, foreign: Callable[[str], Path], hostile: Callable[[Path, Path], str]
) -> None:
    made = {suffix: hostile(project.path, foreign(suffix)) for suffix in {named.suffix for named in NAMED}}
    for named in NAMED:
        run = add_run(project, [named.kind(**{**OTHERS[named.kind], named.column: made[named.suffix]})])
        for asked in named.asked:
            if named.column in {"thumbnail", "dose_weighted_file"} and not made[named.suffix]:
                continue  # an empty name is none: the micrograph itself is drawn
            answer = browser.get(f"{address_of(project, run)}{asked}")
            where = (named.kind.kind, named.column, asked, answer.text[:300])
            assert 400 <= answer.status_code < 500, where
            assert answer.json()["message"], where
            assert MARK not in answer.text, where
            assert "root:" not in answer.text, where


@pytest.mark.parametrize("hostile", HOSTILE, ids=_name)
def test_what_belongs_to_a_map_is_left_out_and_the_map_is_shown(
    browser: TestClient, project: Project, foreign: Callable[[str], Path], hostile: Callable[[Path, Path], str]
) -> None:
    image, page = hostile(project.path, foreign(".mrc")), hostile(project.path, foreign(".html"))
    names = {"half1_file": image, "half2_file": image, "mask_file": image, "trust_file": page}
    run = add_run(project, [Volume(**{**OTHERS[Volume], **names})])
    add_run(project, [LocalResolution(**EVEN, file=image, evaluated=1.0)], volumes=run)
    answer = browser.get(f"{address_of(project, run)}{_VOLUME}")
    assert answer.status_code == 200, answer.text
    assert [one["which"] for one in answer.json()["files"]] == ["map"]
    assert not answer.json()["trusted"]
    assert MARK not in answer.text
    local = browser.get(f"{address_of(project, run)}{_VOLUME}/file?which=local_resolution")
    assert (400 <= local.status_code < 500, MARK in local.text) == (True, False)


def test_a_chart_is_not_drawn_of_what_is_no_map(
    browser: TestClient, project: Project, foreign: Callable[[str], Path]
) -> None:
    record = RunRecord(protocol="made", protocol_version=1, output_kinds={"made": Volume.kind, "fscs": FSC.kind})
    run = Run(project, project.folder.add_run(record))
    shells = tuple(number / BOX for number in range(BOX // 2))
    curve = FSC(id=2, volume_id=1, curve="corrected", frequency=shells, correlation=(1.0,) * len(shells))
    SetWriter.open(run.folder.outputs / "fscs", FSC.kind).commit([curve])
    volume = Volume(**OTHERS[Volume], half1_file=str(foreign(".mrc")), half2_file="map.mrc")
    SetWriter.open(run.folder.outputs / "made", Volume.kind).commit([volume])
    answer = browser.get(f"{address_of(project, run)}/curves/guinier")
    assert (answer.status_code, MARK in answer.text) == (422, False)


def test_picks_are_not_drawn_on_what_is_foreign(
    browser: TestClient, project: Project, foreign: Callable[[str], Path]
) -> None:
    micrographs = add_run(project, [Micrograph(**OTHERS[Micrograph], thumbnail=str(foreign(".png")))])
    picks = add_run(project, [Coordinate(id=2, micrograph_id=1, x=1.0, y=1.0)], micrographs=micrographs)
    answer = browser.get(f"{address_of(project, picks)}/picture")
    assert (answer.status_code, "only what lies in the project" in answer.json()["message"]) == (422, True)


UNFIT = {
    "large": json.dumps({"version": 1, "headline": {"sentence": MARK}}) + " " * 9 * 2**20,
    "deep": "[" * 200_000,
    "shape": '{"version": 1, "headline": 7, "particle_scaling": []}',
    "lengths": '{"version": 1, "headline": null, "particle_scaling": {"counts": [1, 2], "resolutions": [4.0]}}',
    "values": '{"version": 1, "particle_scaling": {"counts": [-1, 0, 3], "resolutions": [4.0, NaN, 0]}}',
    "number": '{"version": 1, "particle_scaling": {"counts": [1' + "0" * 400 + '], "resolutions": [4.0]}}',
}


@pytest.mark.parametrize("unfit", [_link, _loop, _pipe, _folder, *UNFIT], ids=_name)
def test_figures_beside_a_trust_page_are_left_out_unless_they_are_understood(
    browser: TestClient,
    project: Project,
    foreign: Callable[[str], Path],
    unfit: str | Callable[[Path, Path], str],
) -> None:
    (project.path / "page.html").write_text("<p>mine", encoding="utf-8")
    if isinstance(unfit, str):
        (project.path / "page.json").write_text(UNFIT[unfit], encoding="utf-8")
    else:
        (project.path / unfit(project.path, foreign(".json"))).rename(project.path / "page.json")
    run = add_run(project, [Volume(**OTHERS[Volume], trust_file="page.html")])
    told = browser.get(f"{address_of(project, run)}{_VOLUME}")
    assert (told.status_code, told.json()["trusted"]) == (200, True), told.text
    assert told.json()["headline"] == "Its resolution has not been measured."
    assert browser.get(f"{address_of(project, run)}/curves/scaling").status_code == 404
    assert browser.get(f"{address_of(project, run)}{_VOLUME}/trust").text == "<p>mine"


@pytest.mark.parametrize("hostile", [_link, _loop, _pipe, _folder], ids=_name)
def test_a_log_that_is_none_is_not_shown(
    browser: TestClient, project: Project, foreign: Callable[[str], Path], hostile: Callable[[Path, Path], str]
) -> None:
    run = add_run(project, [Volume(**OTHERS[Volume])])
    attempt = run.folder.attempt(1)
    attempt.path.mkdir(parents=True)
    (project.path / hostile(project.path, foreign(".txt"))).rename(attempt.log_file)
    answer = browser.get(f"{address_of(project, run)}/log")
    assert answer.status_code < 500
    assert MARK not in answer.text


def test_an_output_cannot_be_named_after_another_folder(project: Project) -> None:
    run = add_run(project, [Volume(**OTHERS[Volume])])
    told = json.loads(run.folder.run_file.read_text(encoding="utf-8"))
    run.folder.run_file.write_text(
        json.dumps({**told, "output_kinds": {"../../../other": "volumes"}}), encoding="utf-8"
    )
    with pytest.raises(FormatError):
        read_record(run.folder.run_file, RunRecord)


def _png(width: int, height: int, content: bytes = b"") -> bytes:
    """The beginning of a PNG that says to be so large."""

    def part(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + part(b"IDAT", content) + part(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_png(40_000, 40_000, zlib.compress(b"\0" * 1000)), "more than are shown"),  # which readers take for an attack
        (_png(10_000, 10_000, zlib.compress(b"\0" * 1000)), "more than are shown"),  # of which readers warn
        (_png(64, 64, zlib.compress(b"\0" * 10)), "bad.png"),
        (_png(64, 64, b"no stream of zlib"), "bad.png"),
        (_png(64, 64)[:40], "bad.png"),
        (_png(0, 64), "bad.png"),
        (b"\x89PNG\r\n\x1a\n", "no PNG"),
        (MARK.encode(), "no PNG"),
    ],
)
def test_a_picture_that_is_too_large_or_damaged_gives_one_sentence(
    browser: TestClient, project: Project, content: bytes, said: str
) -> None:
    (project.path / "bad.png").write_bytes(content)
    run = add_run(project, [CTF(**OTHERS[CTF], spectrum_picture="bad.png")])
    answer = browser.get(f"{address_of(project, run)}/picture")
    assert (answer.status_code, said in answer.json()["message"]) == (422, True), answer.text


@pytest.mark.parametrize("shape", [(BOX, BOX, 2 * BOX), (2 * BOX,) * 3, (1, BOX, BOX)])
def test_a_map_of_another_size_than_its_set_tells_is_neither_drawn_nor_given(
    browser: TestClient, project: Project, shape: tuple[int, int, int]
) -> None:
    write_volume(project.path / "other.mrc", np.zeros(shape, np.float32), pixel_size=1.0)
    run = add_run(project, [Volume(**EVEN, file="other.mrc")])
    for asked in (*_PICTURES, _VOLUME, f"{_VOLUME}/file"):
        answer = browser.get(f"{address_of(project, run)}{asked}")
        assert (answer.status_code, "where its set tells 8 × 8 × 8" in answer.json()["message"]) == (422, True), asked


def test_a_stack_of_another_size_than_its_set_tells_is_not_drawn(browser: TestClient, project: Project) -> None:
    run = add_run(project, [Particle(**{**EVEN, "box_size": 16}, file="map.mrc", index=0)])
    for asked in (*_PICTURES, "/outputs/made/images"):
        answer = browser.get(f"{address_of(project, run)}{asked}")
        assert (answer.status_code, "where its set tells 16 × 16" in answer.json()["message"]) == (422, True), asked


def test_a_table_is_kept_under_a_name_of_any_letters(browser: TestClient, project: Project) -> None:
    run = add_run(project, [Particle(**OTHERS[Particle], file="map.mrc")])
    told = json.loads(run.folder.run_file.read_text(encoding="utf-8"))
    run.folder.run_file.write_text(json.dumps({**told, "output_kinds": {"粒子": Particle.kind}}), encoding="utf-8")
    (run.folder.outputs / "made").rename(run.folder.outputs / "粒子")
    answer = browser.get(f"{address_of(project, run)}/outputs/粒子/table")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith("-%E7%B2%92%E5%AD%90.csv")
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
