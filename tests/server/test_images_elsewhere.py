"""Images that sets name are read where the operator has opened folders, and from no project of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.testclient import TestClient
from tests.server.asking import ADDRESS
from tests.server.made_sets import BOX, EVEN, ITEM, OTHERS, add_run, address_of

from cryoloom.auth import LOCAL, Role, identity_of
from cryoloom.data import (
    FSC,
    Class2D,
    Class3D,
    Coordinate,
    HalfMapDifference,
    Item,
    ItemWithOptics,
    LocalResolution,
    Mask,
    Micrograph,
    Movie,
    OpticsGroup,
    Particle,
    SetWriter,
    Volume,
)
from cryoloom.formats import write_image, write_stack, write_tiff_movie, write_volume
from cryoloom.runtime import Project
from cryoloom.server import ServerSettings, _context, create_application
from cryoloom.workflow.project import Run
from cryoloom.workflow.run import RunRecord
from cryoloom.workflow.sharing import Known, Sharing, write_sharing

OPTICS = OpticsGroup.describe(name="g", voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1)
VOLUME = "/outputs/{output}/volumes/{item}"
EXPOSURE = "/outputs/{output}/exposures/{item}"


@dataclass(frozen=True)
class Named:
    """A column that names an image, and the routes that read what it names."""

    kind: type[Item]
    column: str
    file: str
    asked: tuple[str, ...]


PICTURES = ("/picture", "/picture?size=panel")
NAMED = (
    Named(Volume, "file", "map.mrc", (f"{VOLUME}/file", VOLUME, *PICTURES)),
    Named(Volume, "half1_file", "map.mrc", (f"{VOLUME}/file?which=half1",)),
    Named(Volume, "half2_file", "map.mrc", (f"{VOLUME}/file?which=half2",)),
    Named(Volume, "mask_file", "map.mrc", (f"{VOLUME}/file?which=mask",)),
    Named(Class3D, "file", "map.mrc", (f"{VOLUME}/file", *PICTURES)),
    Named(LocalResolution, "file", "map.mrc", PICTURES),
    Named(Mask, "file", "map.mrc", PICTURES),
    Named(HalfMapDifference, "file", "map.mrc", PICTURES),
    Named(Class2D, "file", "stack.mrcs", (*PICTURES, "/outputs/{output}/images")),
    Named(Particle, "file", "stack.mrcs", (*PICTURES, "/outputs/{output}/images", "/outputs/{output}/star")),
    Named(Particle, "micrograph_file", "image.mrc", ("/outputs/{output}/star",)),
    Named(Coordinate, "micrograph_file", "image.mrc", ("/outputs/{output}/star",)),
    Named(Movie, "file", "movie.tif", (*PICTURES, "/outputs/{output}/star")),
    Named(Micrograph, "file", "image.mrc", (*PICTURES, "/outputs/{output}/star")),
    Named(Micrograph, "dose_weighted_file", "image.mrc", (*PICTURES, "/outputs/{output}/star")),
)
OF_EXPOSURES = (
    f"{EXPOSURE}/image",
    f"{EXPOSURE}/thumbnail",
    f"{EXPOSURE}/rings",
    f"{EXPOSURE}/rings/picture",
)
COMPARISON = "/api/projects/{project}/comparison"
COMPARED = {COMPARISON, f"{COMPARISON}/correlation", f"{COMPARISON}/correlation/table"}
WITHIN = {"/log", EXPOSURE, f"{VOLUME}/trust", "/maps", "/views", "/views/table", *COMPARED}
"""What reads no images that sets name, or files of the project alone; see `test_hostile_names`."""


def images_in(folder: Path) -> Path:
    """The folder, with an image of every kind in it."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(1)
    volume = random.normal(size=(BOX, BOX, BOX)).astype(np.float32)
    write_volume(folder / "map.mrc", volume, pixel_size=1.0)
    write_stack(folder / "stack.mrcs", volume, pixel_size=1.0)
    write_image(folder / "image.mrc", volume[0], pixel_size=1.0)
    write_tiff_movie(folder / "movie.tif", random.poisson(3.0, (2, BOX, BOX)).astype(np.uint8), pixel_size=1.0)
    return folder


@pytest.fixture
def project(shelf: Path) -> Project:
    """A project of Ana's."""
    return project_of(shelf, "ana")


def project_of(shelf: Path, owner: str) -> Project:
    made = Project.create(shelf / owner, owner)
    write_sharing(made.folder, Sharing(owner=Known(person=identity_of(LOCAL, owner), name=owner)))
    images_in(made.path / "images")
    return made


@contextmanager
def asked_by(
    settings: ServerSettings, signed_in: Callable[..., dict[str, str]], role: Role = Role.USER
) -> Iterator[TestClient]:
    with TestClient(create_application(settings), base_url=ADDRESS) as client:
        client.headers.update(signed_in("root" if role is Role.ADMIN else "ana", role))
        yield client


def run_with(project: Project, named: Named, file: str) -> Run:
    row = {"file": f"images/{named.file}"} if "file" in named.kind.schema() else {}
    row |= {"attached_optics": OPTICS, "optics_group": OPTICS.id} if issubclass(named.kind, ItemWithOptics) else {}
    return add_run(project, [named.kind(**{**OTHERS[named.kind], **row, named.column: file})])


def told(path: str) -> str:
    return path.replace("{output}", "made").replace("{item}", ITEM)


def test_each_route_that_opens_files_is_asked_here(settings: ServerSettings) -> None:
    def opens(dependant: Dependant) -> bool:
        return dependant.call is _context._places or any(map(opens, dependant.dependencies))

    def found(routes) -> Iterator[str]:
        for route in routes:
            if isinstance(route, APIRoute) and opens(route.dependant):
                yield route.path.removeprefix("/api/projects/{project}/runs/{run}")
            elif hasattr(route, "original_router"):
                yield from found(route.original_router.routes)

    asked = {path.partition("?")[0] for named in NAMED for path in named.asked}
    curves = {"/curves/{curve}", "/curves/{curve}/table"}
    assert set(found(create_application(settings).routes)) == asked | {*OF_EXPOSURES} | WITHIN | curves


def _absolute(_project: Path, folder: Path, file: str) -> str:
    return str(folder / file)


def _upwards(_project: Path, folder: Path, file: str) -> str:
    return f"{folder.parent}/opened/../{folder.name}/{file}"


def _link(project: Path, folder: Path, file: str) -> str:
    (project / f"link-{file}").unlink(missing_ok=True)
    (project / f"link-{file}").symlink_to(folder / file)
    return f"link-{file}"


def _linked_folder(_project: Path, folder: Path, file: str) -> str:
    if not (folder.parent / "opened" / "out").exists():
        (folder.parent / "opened" / "out").symlink_to(folder)
    return f"{folder.parent}/opened/out/{file}"


@pytest.mark.parametrize(
    ("way", "role"),
    [(_absolute, Role.ADMIN), *((way, Role.USER) for way in (_absolute, _upwards, _link, _linked_folder))],
)
def test_images_are_read_below_the_folders_of_the_operator_alone(
    settings: ServerSettings, signed_in, project: Project, tmp_path: Path, way, role
) -> None:
    images_in(tmp_path / "opened")
    closed = images_in(tmp_path / "closed")
    with asked_by(replace(settings, data_folders=(tmp_path / "opened",)), signed_in, role) as browser:
        for named in NAMED:
            outside = run_with(project, named, way(project.path, closed, named.file))
            inside = run_with(project, named, str(tmp_path / "opened" / named.file))
            for path in named.asked:
                where = (named, path)
                assert browser.get(address_of(project, inside) + told(path)).status_code == 200, where
                if way is _link and path.endswith("/star"):
                    continue  # a name of another program, which is written as it was read
                refused = browser.get(address_of(project, outside) + told(path))
                assert refused.status_code == 403, (where, refused.text[:300])
                assert "is not below a folder that this server reads from" in refused.json()["message"], where


def test_whether_a_file_elsewhere_is_there_is_not_told(
    settings: ServerSettings, signed_in, project: Project, tmp_path: Path
) -> None:
    closed = images_in(tmp_path / "closed")
    (tmp_path / "opened").mkdir()
    with asked_by(replace(settings, data_folders=(tmp_path / "opened",)), signed_in) as browser:
        for named in NAMED:
            there = run_with(project, named, str(closed / named.file))
            gone = run_with(project, named, str(closed / f"gone-{named.file}"))
            for path in named.asked:
                one, other = (browser.get(address_of(project, run) + told(path)) for run in (there, gone))
                assert one.status_code == other.status_code == 403, (named, path)
                assert one.json()["message"] == other.json()["message"].replace("gone-", ""), (named, path)


def test_images_of_projects_of_others_are_not_read(
    settings: ServerSettings, signed_in, project: Project, shelf: Path
) -> None:
    theirs = project_of(shelf, "bea")
    for role, status in ((Role.USER, 403), (Role.ADMIN, 200)):
        with asked_by(settings, signed_in, role) as browser:
            for named in NAMED:
                run = run_with(project, named, str(theirs.path / "images" / named.file))
                for path in named.asked:
                    answer = browser.get(address_of(project, run) + told(path))
                    assert answer.status_code == status, (named, path, answer.text[:300])


def test_what_belongs_to_a_map_and_lies_elsewhere_is_left_out(
    settings: ServerSettings, signed_in, project: Project, tmp_path: Path
) -> None:
    closed = str(images_in(tmp_path / "closed") / "map.mrc")
    (tmp_path / "opened").mkdir()
    names = {"half1_file": closed, "half2_file": closed, "mask_file": closed}
    run = add_run(project, [Volume(**{**OTHERS[Volume], **names, "file": "images/map.mrc"})])
    add_run(project, [LocalResolution(**EVEN, file=closed, evaluated=1.0)], volumes=run)
    with asked_by(replace(settings, data_folders=(tmp_path / "opened",)), signed_in) as browser:
        answer = browser.get(address_of(project, run) + told(VOLUME))
        assert [one["which"] for one in answer.json()["files"]] == ["map"]
        assert len(answer.json()["missing"]) == 4
        local = browser.get(f"{address_of(project, run)}{told(VOLUME)}/file?which=local_resolution")
        assert local.status_code == 403


def test_amplitudes_are_not_told_of_half_maps_elsewhere(
    settings: ServerSettings, signed_in, project: Project, tmp_path: Path
) -> None:
    closed = images_in(tmp_path / "closed")
    record = RunRecord(protocol="made", protocol_version=1, output_kinds={"made": Volume.kind, "fscs": FSC.kind})
    run = Run(project, project.folder.add_run(record))
    shells = tuple(number / BOX for number in range(BOX // 2))
    curve = FSC(id=2, volume_id=1, curve="corrected", frequency=shells, correlation=(1.0,) * len(shells))
    SetWriter.open(run.folder.outputs / "fscs", FSC.kind).commit([curve])
    half = str(closed / "map.mrc")
    volume = Volume(**{**OTHERS[Volume], "file": "images/map.mrc"}, half1_file=half, half2_file=half)
    SetWriter.open(run.folder.outputs / "made", Volume.kind).commit([volume])
    (tmp_path / "opened").mkdir()
    for folder, status in ((tmp_path / "opened", 403), (closed, 200)):
        with asked_by(replace(settings, data_folders=(folder,)), signed_in) as browser:
            for table in ("", "/table"):
                assert browser.get(f"{address_of(project, run)}/curves/guinier{table}").status_code == status


def test_picks_are_not_drawn_on_a_micrograph_elsewhere(
    settings: ServerSettings, signed_in, project: Project, tmp_path: Path
) -> None:
    image = images_in(tmp_path / "closed") / "image.mrc"
    micrographs = add_run(project, [Micrograph(**{**OTHERS[Micrograph], "file": str(image)})])
    picks = add_run(project, [Coordinate(id=2, micrograph_id=1, x=1.0, y=1.0)], micrographs=micrographs)
    (tmp_path / "opened").mkdir()
    for folder, status in ((tmp_path / "opened", 403), (image.parent, 200)):
        with asked_by(replace(settings, data_folders=(folder,)), signed_in) as browser:
            assert browser.get(f"{address_of(project, picks)}/picture").status_code == status


def test_exposures_are_shown_of_folders_of_the_operator_alone(
    session_shelf: Path, settings: ServerSettings, signed_in, tmp_path: Path
) -> None:
    project = Project.open(session_shelf / "session")
    run = f"/api/projects/{project.record.ulid}/runs/{project.run(1).ulid}"
    item = f"{project.run(1).outputs['micrographs'].to_polars()['id'][0]:016x}"
    raw = session_shelf.parent / "raw"
    tag = ""
    for folder, status in ((raw, 200), (tmp_path, 403)):
        confined = replace(settings, projects_folder=session_shelf, data_folders=(folder,))
        with asked_by(confined, signed_in, Role.ADMIN) as browser:
            for path in OF_EXPOSURES:
                place = run + path.replace("{output}", "micrographs").replace("{item}", item)
                answer = browser.get(place)
                assert answer.status_code == status, (path, answer.text[:300])
                if path.endswith("image"):
                    tag = answer.headers.get("etag", tag)
                    known = browser.get(place, headers={"If-None-Match": tag}).status_code
                    assert known == (304 if status == 200 else 403)
