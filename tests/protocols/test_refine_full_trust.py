"""A refinement in a mask, with the cross-checks of its trust page, from files and in a project, cut off in each."""

from __future__ import annotations

import json

import mrcfile
import numpy as np
import pytest
from phantom_particles import DIAMETER, write_particles

from cryoloom.cli.main import main
from cryoloom.engine.refinement import refine
from cryoloom.engine.trust import noise_control
from cryoloom.workflow.predicting import predicted
from cryoloom.workflow.run import RunState

ITERATIONS = 3


@pytest.fixture
def star(tmp_path):
    return write_particles(tmp_path, count=40, noise=0.3)


def figures_of(project, run) -> dict:
    (volume,) = run.outputs["volumes"].to_polars().iter_rows(named=True)
    page = project.path / volume["trust_file"]
    assert "Not run:" not in page.read_text(encoding="utf-8")
    return json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))


def test_tool_and_run_make_the_same_cross_checks_and_an_interrupted_one_makes_none_twice(
    make_project, star, monkeypatch, capsys
):
    """The symmetry, which the particles do not have, makes for few orientations: it takes seconds."""
    shared = {"diameter": DIAMETER, "symmetry": "D7", "iterations": ITERATIONS}
    options = [f"--{name}={value}" for name, value in shared.items()]
    reference = star.with_name("truth.mrc")
    project = make_project()
    sources = project.add("import-particles", file=star), project.add("import-volume", file=reference)
    project.drive(*sources, project.add("create-mask", volumes="2.volumes", shape="threshold", threshold=0.3))
    (drawn,) = project.run(3).outputs["masks"].to_polars()["file"]
    words = ["--reference", reference, "--mask", project.path / drawn, "--accept-symmetry"]
    words += ["--output", star.with_name("made")]
    with pytest.raises(SystemExit) as left:
        main(["tool", "refine", str(star), *options, *map(str, words), "--threads=1", "--json"])
    assert not left.value.code
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert "--trust quick leaves them out." in err
    by_tool = json.loads(star.with_name("made_trust.json").read_text(encoding="utf-8"))
    assert by_tool["headline"]["resolution"] == told["resolution"]
    assert by_tool["mask"]["given"]
    checks = by_tool["cross_checks"]
    assert 0.0 <= checks["same_poses"] <= 1.0
    assert checks["noise_images"] == sum(max(10, round(0.2 * half)) for half in by_tool["particles"])

    assert np.array_equal(mrcfile.read(told["mask"]), mrcfile.read(project.path / drawn))

    inputs = {"particles": "1.particles", "reference": "2.volumes", "masks": "3.masks"}
    run = project.add("refine", **inputs, **shared, accept_symmetry=True, threads=1)
    quick = project.add("refine", **inputs, **shared, accept_symmetry=True, threads=1, trust="quick")
    expected, less = predicted(run), predicted(quick)
    share = f"take {1 - less.seconds / expected.seconds:.0%} of this time; trust=quick leaves them out."
    assert any(share in sentence for sentence in expected.advice)
    assert not any("trust=quick" in sentence for sentence in less.advice)
    iterated = []

    def first(*arguments, state=None, **more):
        for each in refine(*arguments, state=state, **more):
            iterated.append(("first", each.iteration))
            yield each

    def torn(*arguments, state=None, **more):
        for each in refine(*arguments, state=state, **more):
            iterated.append(("second", each.iteration))
            yield each
            if state is None:
                raise MemoryError("as a kill would end it")

    def torn_once(*arguments, **more):
        iterated.append(("noise", 0))
        if iterated.count(("noise", 0)) == 1:
            raise MemoryError("as a kill would end it")
        return noise_control(*arguments, **more)

    monkeypatch.setattr("cryoloom.engine.refinement.refine", first)
    monkeypatch.setattr("cryoloom.protocols.trust._assess.refine", torn)
    monkeypatch.setattr("cryoloom.protocols.trust._assess.noise_control", torn_once)
    ends = [project.drive(run)[0] for _ in range(3)]
    assert [end.state for end in ends] == [RunState.FAILED, RunState.FAILED, RunState.FINISHED]
    done = [(which, number + 1) for which in ("first", "second") for number in range(ITERATIONS)]
    assert iterated == [*done, ("noise", 0), ("noise", 0)]
    assert figures_of(project, run) == by_tool
    (mask,) = run.outputs["masks"].to_polars()["file"]
    assert np.array_equal(mrcfile.read(project.path / mask), mrcfile.read(project.path / drawn))
