"""A gain reference that lies otherwise than the movies is turned by what the movies tell, in drivers of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from tiny_session import TinySession

from cryoloom.engine.gain import GainOrientation, orient_gain
from cryoloom.formats import read_image, write_image
from cryoloom.runtime import Project


def test_the_orientation_is_found_and_applied(
    tiny: TinySession, tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    """Sums with the turned reference are those with the reference as the simulated detector has it, bit by bit."""
    turned = tmp_path / "turned.mrc"
    write_image(turned, orient_gain(read_image(tiny.gain), GainOrientation.QUARTER_TURN), pixel_size=4.0)
    project = Project.create(tmp_path / "project")
    found, stated = (
        project.add("motion", movies=project.add("import-movies", **tiny.acquisition | gain).outputs["movies"])
        for gain in ({"gain": turned, "gain_orientation": "auto"}, {"gain": tiny.gain, "gain_orientation": "as-is"})
    )
    begun = [run.launch() for run in project.runs()]
    for has_begun in begun:
        has_begun()
    wait_until(lambda: not any(run.state.active for run in project.runs()), *project.runs())
    tables = [run.outputs["micrographs"].to_polars().sort("movie_file") for run in (found, stated)]
    assert [table["gain_orientation"].unique().to_list() for table in tables] == [["three-quarter-turn"], ["as-is"]]
    assert len(tables[0]) == len(tables[1]) == 4
    for one, other in zip(*(table["file"] for table in tables), strict=True):
        assert np.array_equal(read_image(project.path / one), read_image(project.path / other))
    log = found.folder.newest_attempt().log_file.read_text(encoding="utf-8")
    assert "turned.mrc lies three-quarter-turn on the movies" in log
