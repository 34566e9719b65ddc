"""A refinement is kept although its trust page cannot be made, by whatever figure nobody has foreseen."""

from __future__ import annotations

import json

import mrcfile
import pytest
from phantom_particles import BOX, DIAMETER, write_particles

from cryoloom.cli.main import main
from cryoloom.workflow.run import RunState

ASKED = {"diameter": DIAMETER, "symmetry": "D7", "iterations": 2, "trust": "quick", "threads": 1}


@pytest.fixture
def star(tmp_path, monkeypatch):
    """Particles, whose trust page fails as that of a weak mask once did."""

    def failing(*_, **__):
        raise ValueError("zero-size array to reduction operation maximum which has no identity")

    monkeypatch.setattr("cryoloom.protocols.trust._assess.local_resolution", failing)
    return write_particles(tmp_path, count=40, noise=0.5)


def test_the_tool_has_written_its_maps_and_tells_what_is_missing(star, capsys):
    output = star.with_name("made")
    for kind in ("html", "json"):  # of an earlier refinement, which they would belie
        output.with_name(f"made_trust.{kind}").touch()
    options = [f"--{name}={value}" for name, value in ASKED.items()]
    words = [star, "--reference", star.with_name("truth.mrc"), "--accept-symmetry", "--output", output]
    with pytest.raises(SystemExit) as left:
        main(["tool", "refine", *map(str, words), *options, "--json"])
    out, err = capsys.readouterr()
    assert not left.value.code, err
    told = json.loads(out)
    assert told["trust"] is told["trust_figures"] is None
    assert told["resolution"] == told["half_map_resolution"]
    assert "the trust page could not be made. The maps are kept. ValueError: zero-size array" in told["headline"]
    assert told["headline"] in err
    assert "Traceback" in err
    for path in (told["map"], *told["half_maps"], told["mask"]):
        assert mrcfile.read(path).shape == (BOX,) * 3
    assert sorted(path.name for path in star.parent.glob("made_*")) == sorted(
        [*(f"made_{what}.mrc" for what in ("half1", "half2", "map", "mask")), "made_particles.star"]
    )


def test_the_run_finishes_with_a_warning(make_project, star):
    project = make_project()
    project.drive(
        project.add("import-particles", file=star), project.add("import-volume", file=star.with_name("truth.mrc"))
    )
    run = project.add("refine", particles="1.particles", reference="2.volumes", **ASKED, accept_symmetry=True)
    (end,) = project.drive(run)
    assert end.state is RunState.FINISHED, end.reason
    (volume,) = run.outputs["volumes"].latest().items()
    assert volume.trust_file is None
    for name in (volume.file, volume.half1_file, volume.half2_file, volume.mask_file):
        assert mrcfile.read(project.path / name).shape == (BOX,) * 3
    assert any("the trust page could not be made" in one.sentence for one in run.warnings())
    assert "Traceback" in run.folder.newest_attempt().log_file.read_text(encoding="utf-8")
