"""Micrographs come in from a folder that may still be filling, each when it is complete."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import tifffile

from cryoloom.data import Micrograph
from cryoloom.errors import ParameterError
from cryoloom.formats import write_image, write_stack
from cryoloom.protocols.imports import ImportMicrographs
from cryoloom.protocols.imports._exposures import stated_optics
from cryoloom.workflow.protocol import Found
from cryoloom.workflow.workspace import SourceContext

IMAGE = np.random.default_rng(4).normal(100.0, 10.0, (96, 128)).astype(np.float32)


class Watcher:
    """Looks as a driver does, and remembers what it was told."""

    def __init__(self, place: Path, /, **settings: Any) -> None:
        values = {"folder": place, "voltage": 300, "settle": 0.1, "expect_more": True} | settings
        self.parameters = ImportMicrographs.Parameters(**values)
        self.protocol = ImportMicrographs()
        self.protocol.check(self.parameters)
        self.found: dict[str, Micrograph] = {}
        self.failed: dict[str, str] = {}
        self.context = SourceContext(place, "000001-import", {"micrographs": set()}, self.rows)

    def rows(self, _name: str) -> pl.DataFrame:
        return pl.DataFrame([micrograph.to_row() for micrograph in self.found.values()])

    def look(self) -> Found:
        found = self.protocol.look(self.parameters, self.context)
        for item in found.items.get("micrographs", ()):
            assert isinstance(item, Micrograph)
            self.found[Path(item.file).name] = item
        self.context.known["micrographs"] = {item.id for item in self.found.values()}
        self.failed |= {failure.label: failure.reason for failure in found.failures}
        return found

    def look_until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (self.found, self.failed)
            self.look()
            time.sleep(0.02)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images" / "deeper").mkdir(parents=True)
    return tmp_path / "images"


def test_images_of_every_format_are_taken_with_what_is_known_of_them(folder: Path) -> None:
    write_image(folder / "one.mrc", IMAGE, pixel_size=0.85)
    tifffile.imwrite(folder / "deeper" / "two.tif", IMAGE)
    watcher = Watcher(folder, total_dose=47.6, protein="white", pixel_size=0.9)
    watcher.look_until(lambda: len(watcher.found) == 2)
    for micrograph in watcher.found.values():
        assert (micrograph.width, micrograph.height) == (128, 96)
        assert (micrograph.pixel_size, micrograph.total_dose, micrograph.contrast_sign) == (0.9, 47.6, 1)
    assert watcher.found["one.mrc"].id != watcher.found["two.tif"].id
    optics = stated_optics(watcher.parameters)
    assert (optics.voltage, optics.spherical_aberration, optics.amplitude_contrast) == (300.0, 2.7, 0.1)


def test_the_pixel_size_of_the_file_is_believed_where_none_is_given(folder: Path) -> None:
    write_image(folder / "one.mrc", IMAGE, pixel_size=0.85)
    tifffile.imwrite(folder / "two.tif", IMAGE)
    watcher = Watcher(folder)
    watcher.look_until(lambda: bool(watcher.found) and bool(watcher.failed))
    assert watcher.found["one.mrc"].pixel_size == pytest.approx(0.85)
    assert watcher.failed == {"two.tif": "It states no pixel size; set pixel_size."}


def test_a_pixel_size_against_the_files_own_is_said_once(folder: Path) -> None:
    for name in ("one.mrc", "two.mrc"):
        write_image(folder / name, IMAGE + len(name) + ord(name[0]), pixel_size=2.0)
    tifffile.imwrite(folder / "three.tif", IMAGE, resolution=(72, 72), resolutionunit="inch")
    watcher = Watcher(folder, pixel_size=1.0)
    watcher.look_until(lambda: len(watcher.found) == 3)
    (remark,) = watcher.context.remarks
    assert "one.mrc: The file says that its pixel size is 2 Å, but 1 Å was stated and is used" in remark
    assert {micrograph.pixel_size for micrograph in watcher.found.values()} == {1.0}


def test_a_movie_is_refused(folder: Path) -> None:
    write_stack(folder / "movie.mrc", np.stack([IMAGE] * 3), pixel_size=0.85)
    watcher = Watcher(folder)
    watcher.look_until(lambda: bool(watcher.failed))
    assert watcher.failed["movie.mrc"].startswith("It holds 3 images; a micrograph is one.")


def test_an_image_that_is_being_written_is_waited_for(folder: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "whole.mrc", IMAGE, pixel_size=0.85)
    content = (tmp_path / "whole.mrc").read_bytes()
    growing = folder / "image.mrc"
    growing.write_bytes(content[:-1])
    watcher = Watcher(folder)
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        assert watcher.look().waiting == 1
    growing.write_bytes(content)
    watcher.look_until(lambda: len(watcher.found) == 1)
    assert watcher.found["image.mrc"].size_bytes == len(content)


def test_a_restarted_source_knows_its_images(folder: Path) -> None:
    write_image(folder / "one.mrc", IMAGE, pixel_size=0.85)
    watcher = Watcher(folder)
    watcher.look_until(lambda: len(watcher.found) == 1)
    watcher.protocol = ImportMicrographs()
    time.sleep(0.15)
    assert watcher.look().items == {"micrographs": []}
    assert watcher.look().items == {"micrographs": []}
    write_image(folder / "one.mrc", IMAGE[:64], pixel_size=0.85)
    watcher.look_until(lambda: watcher.found["one.mrc"].height == 64)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"folder": None}, "either a folder of images, or a STAR"),
        ({"file": Path("a.star")}, "either a folder of images, or a STAR"),
        ({"voltage": None}, "voltage; give it"),
        ({"folder": Path("/nowhere/at/all")}, "There is no folder /nowhere/at/all"),
        ({"folder": None, "file": Path("/nowhere.star")}, "There is no file /nowhere.star"),
    ],
)
def test_what_cannot_be_imported_is_refused_at_once(folder: Path, settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        Watcher(folder, **settings)


def test_a_folder_is_meant_as_it_is_seen_from_where_it_was_named(
    make_project: Callable[[], Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_image(folder / "one.mrc", IMAGE, pixel_size=0.85)
    project = make_project()
    monkeypatch.chdir(folder.parent)
    run = project.add("import-micrographs", folder="images", voltage=300, settle=0.0)
    monkeypatch.chdir(project.path)  # where drivers work
    (end,) = project.drive(run)
    assert end.state.value == "finished"
    assert run.record.parameters["folder"] == str(folder)
