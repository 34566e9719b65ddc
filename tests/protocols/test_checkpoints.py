"""A state comes back from its bytes as it was, and nothing but a state does."""

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from cryoloom.engine.abinitio import AbInitioState, Confidence, FinishedRun, RunsState
from cryoloom.engine.likelihood import NoiseSpectrum
from cryoloom.engine.reconstruction import FourierSums
from cryoloom.engine.symmetry import point_group
from cryoloom.errors import FormatError
from cryoloom.protocols.checkpoints import kept_states, packed, unpacked
from cryoloom.workflow.workspace import RoundWorkspace


def state(iteration: int) -> AbInitioState:
    random = np.random.default_rng(iteration)
    sums = FourierSums(4)
    sums.total += random.normal(size=sums.total.shape)
    return AbInitioState(
        iteration=iteration,
        maps=random.normal(size=(1, 8, 8, 8)).astype(np.float32),
        sums=(sums.symmetrised(point_group("C3").operators), FourierSums(3)),
        noise=NoiseSpectrum(random.uniform(size=5)),
        occupancy=np.array([1.0]),
        log_likelihood=np.float64(-1.0 / 3.0),
        resolution=40.0,
    )


def test_a_state_comes_back_to_the_bit():
    given = state(3)
    back = unpacked(packed(given))
    assert isinstance(back, AbInitioState)
    assert (back.iteration, back.resolution, back.log_likelihood) == (3, 40.0, -1.0 / 3.0)
    assert back.maps.dtype == np.float32
    assert np.array_equal(back.maps, given.maps)
    assert np.array_equal(back.noise.power, given.noise.power)
    for one, other in zip(back.sums, given.sums, strict=True):
        assert np.array_equal(one.total, other.total)
        assert np.array_equal(one.map(8), other.map(8))  # the symmetry that was imposed is known as well


def test_a_state_of_several_runs_comes_back():
    confidence = Confidence(1, np.array([0.8]), 20.0)
    finished = FinishedRun(state(1).maps, np.array([1.0]), -2.0)
    back = unpacked(packed(RunsState(7, (finished,), state(2), 12.5, confidence)))
    assert (back.iteration, len(back.finished), back.current.iteration) == (7, 1, 2)
    assert np.array_equal(back.finished[0].maps, finished.maps)
    assert back.confidence.is_reliable
    assert unpacked(packed(RunsState(7, (), None, 12.5, None))).confidence is None


def test_only_states_of_the_engine_are_made():
    @dataclass(frozen=True)
    class Foreign:
        iteration: int

    with pytest.raises(TypeError, match="Foreign"):
        packed(Foreign(1))
    for tree in ({"object": "os:system", "holds": {}}, {"object": "cryoloom.engine.abinitio:Nothing", "holds": {}}):
        with pytest.raises(FormatError):
            unpacked(tampered(tree))
    with pytest.raises(FormatError):
        unpacked(packed(state(1))[:-200])
    with pytest.raises(FormatError, match="other things today"):
        unpacked(tampered({"object": "cryoloom.engine.likelihood:NoiseSpectrum", "holds": {"colour": 1}}))


def tampered(tree: object) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, tree=np.array(json.dumps(tree)))
    return stream.getvalue()


def test_an_algorithm_goes_on_from_the_last_state_that_was_kept(tmp_path: Path):
    workspace = RoundWorkspace(tmp_path, "000001-run", "round 1", 1, frozenset())
    workspace.folder.mkdir(parents=True)
    began_from = []

    def algorithm(given):
        began_from.append(None if given is None else given.iteration)
        for iteration in range(0 if given is None else given.iteration, 5):
            yield state(iteration + 1)

    for seen in kept_states(workspace, algorithm):
        if seen.iteration == 3:
            break
    assert [each.iteration for each in kept_states(workspace, algorithm)] == [3, 4, 5]
    assert [path.name for path in workspace.checkpoints()] == ["checkpoint-000004", "checkpoint-000005"]
    workspace.checkpoints()[-1].write_bytes(b"torn")
    assert [each.iteration for each in kept_states(workspace, algorithm)] == [4, 5]
    assert "checkpoint was left unused" in workspace.warnings[0]
    assert [each.iteration for each in kept_states(workspace, algorithm)] == [5]
    assert began_from == [None, 3, 4, 5]
