"""A refinement started at once with what it reads says what it takes, the crop that fits, and who is quicker."""

from __future__ import annotations

from phantom_particles import BOX, DIAMETER, PIXEL, write_particles

from cryoloom.protocols.refine._cost import refinement_memory
from cryoloom.protocols.refine._given import settings_of
from cryoloom.workflow.lane import Capacity
from cryoloom.workflow.predicting import predicted
from cryoloom.workflow.run import RunState

COUNT, FITS = 40, 24  # pixels


def test_its_driver_says_it_once_the_inputs_are_there(make_project, tmp_path, monkeypatch):
    star = write_particles(tmp_path, count=COUNT, noise=0.5)
    project = make_project()
    sources = project.add("import-particles", file=star), project.add("import-volume", file=tmp_path / "truth.mrc")
    shared = {"diameter": DIAMETER, "symmetry": "D7", "accept_symmetry": True, "iterations": 2, "trust": "quick"}
    run = project.add("refine", particles="1.particles", reference="2.volumes", **shared)
    assert predicted(run) is None
    small = Capacity(
        1, refinement_memory(COUNT, settings_of(run.parameters), FITS, extent=BOX * PIXEL, diameter=DIAMETER)
    )
    monkeypatch.setattr(project.environment.inline, "capacity", lambda: small)
    monkeypatch.setattr("cryoloom.protocols.refine._cost.refinement_seconds", lambda *_, **__: 50 * 3600.0)
    monkeypatch.setenv("PATH", str(tmp_path))
    (*_, end) = project.drive(*sources, run)
    assert end.state is RunState.FINISHED, end.reason
    log = run.folder.newest_attempt().log_file.read_text(encoding="utf-8")
    assert "Round 1: It will take about 50 h 00 min" in log
    warned = [one.sentence for one in run.warnings()]
    for says in ("GB of memory, and there are", f"With box_size={FITS} (finest detail 16.0 Å) it fits.", "on a GPU"):
        assert any(says in sentence for sentence in warned), says
