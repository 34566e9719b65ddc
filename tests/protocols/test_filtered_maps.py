"""Maps are filtered and combined as runs, as the tools do it; what a filter does is known of a wave."""

from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np
import pytest

from cryoloom.errors import ParameterError
from cryoloom.workflow.run import RunState

BOX, PIXEL = 32, 3.0
ORIGIN = (5.0, 6.0, 7.0)


def wave(repeats: int) -> np.ndarray:
    """A wave along x with so many repeats in the box; in y and z it is even."""
    x = np.arange(BOX)
    return np.broadcast_to(np.cos(2 * np.pi * repeats * x / BOX), (BOX,) * 3).astype(np.float32)


@pytest.fixture
def project(make_project, tmp_path: Path):
    project = make_project()
    for name, volume in (("waves", wave(2) + wave(8)), ("coarse", wave(2)), ("mask", 0.5 * np.ones((BOX,) * 3))):
        with mrcfile.new(tmp_path / f"{name}.mrc", volume.astype(np.float32)) as file:
            file.voxel_size = PIXEL
            file.header.origin = ORIGIN
    runs = [project.add("import-volume", file=tmp_path / f"{name}.mrc") for name in ("waves", "coarse", "mask")]
    assert {end.state for end in project.drive(*runs)} == {RunState.FINISHED}
    return project


def made(project, protocol: str, **values):
    run = project.add(protocol, **values)
    (end,) = project.drive(run)
    assert end.state is RunState.FINISHED, end.reason
    (volume,) = run.outputs["volumes"].latest().items()
    with mrcfile.open(project.path / volume.file) as file:
        assert file.header.origin.item() == ORIGIN
        return volume, np.array(file.data), run.methods().text


def test_a_filter_takes_what_it_is_told_to(project):
    """Of waves of 48 and 12 Å."""
    _, low, said = made(project, "filter-map", volumes="1.volumes", low_pass=24.0)
    assert low == pytest.approx(wave(2), abs=0.02)
    assert "low-pass filtered at 24 Å" in said
    _, high, _ = made(project, "filter-map", volumes="1.volumes", high_pass=24.0)
    assert high == pytest.approx(wave(8), abs=0.02)
    volume, damped, _ = made(project, "filter-map", volumes="1.volumes", b_factor=200.0)
    kept = [np.exp(-200.0 / 4 / length**2) for length in (48.0, 12.0)]
    assert damped == pytest.approx(kept[0] * wave(2) + kept[1] * wave(8), abs=1e-4)
    assert volume.b_factor == 200.0
    with pytest.raises(ParameterError, match="No filter"):
        project.add("filter-map", volumes="1.volumes")
    with pytest.raises(ParameterError, match="Nothing is left"):
        project.add("filter-map", volumes="1.volumes", low_pass=30.0, high_pass=20.0)


def test_maps_are_combined_from_the_first_to_the_last(project):
    _, difference, said = made(project, "combine-maps", volumes="1.volumes", others="2.volumes", operation="subtract")
    assert difference == pytest.approx(wave(8), abs=1e-5)
    assert "subtracted from the first" in said
    _, product, _ = made(project, "combine-maps", volumes="2.volumes", others="3.volumes", operation="multiply")
    assert product == pytest.approx(0.5 * wave(2), abs=1e-6)
    alone = project.add("combine-maps", volumes="1.volumes", operation="mean")
    (end,) = project.drive(alone)
    assert end.state is RunState.FAILED
    assert "one map only" in end.reason
