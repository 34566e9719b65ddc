"""How a refinement says that it has ended: by itself, without signal, or because no more iterations were allowed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import mrcfile
import numpy as np
import pytest
from phantom_particles import BOX, DIAMETER, PIXEL, phantom, true_state, write_particles

from cryoloom.cli.main import main
from cryoloom.engine.refinement import RefinementSettings, RefinementState, refine
from cryoloom.formats import write_stack
from cryoloom.protocols.particle_images import load_particles, read_particle_file
from cryoloom.protocols.refined import refined

ENGINE = "cryoloom.engine.refinement._refine"
COUNT = 40


@pytest.fixture
def star(tmp_path):
    return write_particles(tmp_path, count=COUNT, noise=0.5)


def last_of(star, shells: Sequence[int], monkeypatch: pytest.MonkeyPatch, iterations: int = 20) -> RefinementState:
    """The last state, if the halves agree to these shells, iteration by iteration."""
    given = read_particle_file(star)
    loaded = load_particles(given.table, given.resolve, diameter=DIAMETER)
    told = iter(shells)
    monkeypatch.setattr(f"{ENGINE}.FEW_JUMP", 1.0)  # nothing keeps it looking everywhere after two iterations
    monkeypatch.setattr(f"{ENGINE}.resolved_shell", lambda _curve: next(told))
    settings = RefinementSettings(iterations=iterations)
    *_, state = refine(loaded.images, loaded.half_sets, phantom(), settings)
    assert next(told, None) is None
    return state


def test_what_the_last_pass_gains_does_not_make_a_refinement_unfinished(star, monkeypatch):
    state = last_of(star, [6, 6, 6, 9], monkeypatch)
    assert state.finished
    assert state.has_signal
    assert state.converged


def test_what_has_stood_still_only_at_the_limit_has_not_ended_by_itself(star, monkeypatch):
    state = last_of(star, [6, 6, 6], monkeypatch, iterations=3)
    assert state.finished
    assert not state.converged
    assert not state.ending


def test_of_noise_it_is_not_said_that_it_has_converged(star, tmp_path, capsys):
    noise = np.random.default_rng(3).normal(size=(COUNT, BOX, BOX)).astype(np.float32)
    write_stack(tmp_path / "particles.mrcs", noise, pixel_size=PIXEL)
    told, said = tool(star, capsys)
    assert told["half_map_resolution"] is None
    assert told["iterations"] < 20
    assert told["converged"] is False
    assert "iterations were allowed" not in said


def test_a_limit_that_ended_it_is_warned_of(star, capsys):
    told, said = tool(star, capsys, "--iterations", "2")
    assert told["converged"] is False
    assert "no more than 2 iterations were allowed" in said
    assert any("iterations were allowed" in remark for remark in told["remarks"])


def test_what_ended_by_itself_is_not_warned_of(star, tmp_path):
    given = read_particle_file(star)
    loaded = load_particles(given.table, given.resolve, diameter=DIAMETER)
    truth = mrcfile.read(tmp_path / "truth.mrc")
    noise = np.random.default_rng(4).normal(0, 0.1, (2, BOX, BOX, BOX))
    state = true_state(loaded, (truth + noise).astype(np.float32))
    assert refined(loaded, state, symmetry="C1").remarks == ()
    short = refined(loaded, replace(state, ending=False), symmetry="C1")
    assert short.remarks == (short.cut_short,)
    assert "no more than 5 iterations" in short.cut_short


def tool(star, capsys, *more: str) -> tuple[dict, str]:
    """What the tool answers and says."""
    arguments = ["--reference", star.with_name("truth.mrc"), "--diameter", DIAMETER, "--output", star.with_name("fine")]
    with pytest.raises(SystemExit) as ended:
        main(["tool", "refine", str(star), *map(str, arguments), "--json", "--trust", "quick", *more])
    told = capsys.readouterr()
    assert not ended.value.code, told.err
    return json.loads(told.out), told.err
