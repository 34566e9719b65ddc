"""A simulated session says how a project imports it."""

from __future__ import annotations

import shlex
from functools import partial

import pytest

from cryoloom.cli.main import main
from cryoloom.runtime import Project
from cryoloom.testing import microscope

SMALL = microscope.MicroscopeParameters.of_tier(microscope.Tier.EASY).resized(
    width=384, height=320, frame_count=6, particle_count=4
)


def test_the_line_that_it_ends_with_imports_it(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(microscope, "write_session", partial(microscope.write_session, parameters=SMALL))
    with pytest.raises(SystemExit) as left:
        main(["tool", "simulate", str(tmp_path / "session"), "--movies", "1"])
    assert not left.value.code
    out, err = capsys.readouterr()
    assert "movie_0001.tif (1 of 1): defocus" in err
    words = shlex.split(out.splitlines()[-1])
    assert words[:3] == ["cryoloom", "add", "PROJECT"]
    Project.create(tmp_path / "project")
    with pytest.raises(SystemExit) as left:
        main(["add", str(tmp_path / "project"), *words[3:]])
    assert not left.value.code
    (run,) = Project.open(tmp_path / "project").runs()
    stated = run.record.parameters
    # the optics of the easy tier, as tiers.toml has them
    assert (stated["voltage"], stated["pixel_size"], stated["dose_per_frame"]) == (300.0, 2.0, 1.5)
    assert stated["gain"] == str(tmp_path / "session" / "gain.mrc")
