"""What a refinement does not believe of its map is not believed again by what is done with the map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cryoloom.data import Volume
from cryoloom.formats import write_volume
from cryoloom.protocols.maps import (
    CompareHalves,
    EstimateDirectionalResolution,
    EstimateLocalResolution,
    Postprocess,
    ResampleMap,
)
from cryoloom.protocols.report._map_section import map_section
from cryoloom.protocols.report._reconstruction import Reconstruction

BOX, PIXEL = 40, 3.0


class Workspace:
    """The place of a run, without a project."""

    threads = 1

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.warn = self.said.append

    def resolve(self, name: str) -> Path:
        return self.folder / name

    def file(self, category: str, end: str) -> SimpleNamespace:
        name = f"{category}{len(list(self.folder.iterdir()))}{end}"
        return SimpleNamespace(path=self.folder / name, name=name)


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


@pytest.fixture
def volume(tmp_path):
    """Of halves that agree about a ball, from a refinement whose trust page believes nothing."""
    random = np.random.default_rng(7)
    z, y, x = np.mgrid[-20:20, -20:20, -20:20]
    ball = 4.0 * (np.sqrt(z**2 + y**2 + x**2) < 6)
    for name in ("map", "half1", "half2"):
        data = ball + random.normal(size=ball.shape)
        write_volume(tmp_path / f"{name}.mrc", data.astype(np.float32), pixel_size=PIXEL)
    files = {"file": "map.mrc", "half1_file": "half1.mrc", "half2_file": "half2.mrc", "trust_file": "trust.html"}
    return Volume(id=5, pixel_size=PIXEL, box_size=BOX, **files)


def sharpened(volume, workspace):
    protocol = Postprocess()
    made = protocol.process(volume, protocol.Parameters(), workspace)["volumes"]
    told = protocol.summary({"volumes": SimpleNamespace(items=lambda: [made])}, protocol.Parameters())
    return made.resolution, told


def test_the_worse_of_trust_page_and_half_maps_is_the_resolution(volume, workspace):
    found, _ = sharpened(replace(volume, trust_file=None), workspace)
    assert found is not None
    assert workspace.said == []
    assert sharpened(volume, workspace) == (None, "no resolution that can be believed; see its trust page")
    assert f"though the halves agree to {found:.2f} Å" in workspace.said.pop()
    assert sharpened(replace(volume, resolution=2 * found), workspace)[0] == 2 * found
    assert f"believes {2 * found:.2f} Å" in workspace.said.pop()
    assert sharpened(replace(volume, resolution=0.5 * found), workspace)[0] == found
    assert "worse than" in workspace.said.pop()
    assert sharpened(replace(volume, resolution=found), workspace)[0] == found
    assert workspace.said == []


def test_a_map_in_larger_pixels_has_the_resolution_that_they_hold(workspace, tmp_path):
    """Halves with signal far beyond the new pixels agree to these, and are not said to be worse than the refinement."""
    random = np.random.default_rng(9)
    shared = random.normal(size=(BOX,) * 3)
    z, y, x = np.mgrid[-20:20, -20:20, -20:20]
    shared *= np.sqrt(z**2 + y**2 + x**2) < 12
    for name in ("map", "half1", "half2"):
        data = shared + 0.05 * random.normal(size=shared.shape)
        write_volume(tmp_path / f"{name}.mrc", data.astype(np.float32), pixel_size=PIXEL)
    files = {"file": "map.mrc", "half1_file": "half1.mrc", "half2_file": "half2.mrc", "trust_file": "trust.html"}
    volume = Volume(id=5, pixel_size=PIXEL, box_size=BOX, resolution=6.5, **files)
    protocol = ResampleMap()
    made = protocol.process(volume, protocol.Parameters(pixel_size=4.0), workspace)
    assert (made.box_size, made.pixel_size, made.resolution) == (30, 4.0, 8.0)
    resolution, told = sharpened(made, workspace)
    assert not [said for said in workspace.said if "halves agree" in said]
    assert resolution == pytest.approx(8.0, rel=0.01)
    assert "the finest that its pixels hold" in told
    finer = protocol.process(volume, protocol.Parameters(pixel_size=2.0), workspace)
    assert finer.resolution == 6.5
    assert (
        protocol.process(replace(volume, resolution=None), protocol.Parameters(pixel_size=4.0), workspace).resolution
        is None
    )


def test_halves_without_signal_have_no_resolution_whatever_was_believed(volume, workspace, tmp_path):
    random = np.random.default_rng(8)
    for name in ("half1", "half2"):
        noise = random.normal(size=(BOX,) * 3).astype(np.float32)
        write_volume(tmp_path / f"{name}.mrc", noise, pixel_size=PIXEL)
    assert sharpened(replace(volume, resolution=9.0), workspace)[0] is None
    assert any("though the map's refinement told 9.00 Å" in one for one in workspace.said)


@pytest.mark.parametrize("protocol", [CompareHalves(), EstimateLocalResolution(), EstimateDirectionalResolution()])
def test_what_is_told_of_places_and_directions_is_doubted_with_the_map(protocol, volume, workspace):
    for given, doubted in ((volume, True), (replace(volume, resolution=8.0), False)):
        protocol.process(given, protocol.Parameters(), workspace)
        assert any("can be believed" in one for one in workspace.said) == doubted
        workspace.said.clear()


def test_the_report_lists_a_map_that_is_not_believed_last(volume, tmp_path):
    other = replace(volume, id=6, file="other.mrc", resolution=12.0)
    page = map_section(Reconstruction.of(volumes=[replace(volume, file="gone.mrc"), other]), tmp_path)
    assert page.index("other.mrc") < page.index("gone.mrc")
    assert "none: no resolution that can be believed" in page
