"""Measurements of benchmarks that are kept, and peers' runs that were cut off."""

from __future__ import annotations

import json
import os

import kept
import pytest
from kept import Kept
from peers import relion


def test_a_case_is_measured_once_until_the_code_changes(tmp_path, monkeypatch):
    asked = []

    def measure(seed: int) -> dict:
        asked.append(seed)
        return {"seconds": float(len(asked))}

    def record(seed: int) -> dict:
        (one,) = Kept("some", [json.dumps], tmp_path).records([{"seed": seed}], measure)
        return one

    first = record(1)
    assert (first["seed"], first["seconds"]) == (1, 1.0)
    assert record(1) == first
    assert record(2)["seconds"] == 2.0
    monkeypatch.setattr(kept, "source_hash", lambda *_: "changed")
    assert record(1)["seconds"] == 3.0
    assert record(1)["seconds"] == 3.0


@pytest.mark.parametrize("changed", [False, True])
def test_many_cases_stand_after_a_change_of_the_code_if_those_drawn_are_as_they_were(tmp_path, monkeypatch, changed):
    asked = []
    factor = 1.0 / 3.0

    def measure(seed: int) -> dict:
        asked.append(seed)
        return {"seconds": float(len(asked)), "figures": (factor * seed, float("inf"))}

    keys = [{"seed": seed} for seed in range(40)]
    Kept("some", [json.dumps], tmp_path).records(keys, measure)
    assert sorted(asked) == list(range(40))
    asked.clear()
    factor = 0.3 if changed else 0.334
    monkeypatch.setattr(kept, "source_hash", lambda *_: "changed")
    told = Kept("some", [json.dumps], tmp_path).records(keys, measure)
    assert [one["seed"] for one in told] == list(range(40))
    if changed:
        assert sorted(asked) == list(range(40))
        assert all(one["figures"][0] == 0.3 * one["seed"] for one in told)
        assert "changed" not in kept.days(told)
        return
    assert len(set(asked)) == len(asked) == 4
    assert sum(bool(one["confirmed"]) for one in told) == 36
    assert "since 36 of 40 were measured; of those, 4 that were drawn" in kept.days(told)
    assert sum(one["figures"][0] != 0.334 * one["seed"] for one in told) in {35, 36}  # of 0 they are equal
    assert Kept("some", [json.dumps], tmp_path).records(keys, measure) == json.loads(json.dumps(told))
    assert len(asked) == 4


def test_cases_lapse_for_good_once_a_drawn_one_has_changed(tmp_path, monkeypatch):
    code, stop, asked = "first", 40, []

    def measure(seed: int) -> dict:
        if len(asked) == stop:
            raise KeyboardInterrupt
        asked.append(seed)
        return {"figure": float(seed), "changed": code == "changed" and len(asked) == 1}

    keys = [{"seed": seed} for seed in range(40)]
    monkeypatch.setattr(kept, "source_hash", lambda *_: code)
    Kept("some", [json.dumps], tmp_path).records(keys, measure)
    code, stop, asked = "changed", 1, []
    with pytest.raises(KeyboardInterrupt):
        Kept("some", [json.dumps], tmp_path).records(keys, measure)
    stop = 40
    told = Kept("some", [json.dumps], tmp_path).records(keys, measure)
    assert sorted(asked) == list(range(40))
    assert [one["seed"] for one in told if one["changed"]] == asked[:1]
    assert not any(one["confirmed"] for one in told)


def test_a_few_cases_are_all_measured_again(tmp_path, monkeypatch):
    asked = []
    keys = [{"seed": seed} for seed in range(kept.MANY - 1)]

    def measure(seed: int) -> dict:
        asked.append(seed)
        return {}

    Kept("some", [json.dumps], tmp_path).records(keys, measure)
    monkeypatch.setattr(kept, "source_hash", lambda *_: "changed")
    Kept("some", [json.dumps], tmp_path).records(keys, measure)
    assert len(asked) == 2 * len(keys)


def test_a_peer_that_was_cut_off_goes_on_after_its_last_iteration(tmp_path):
    wanted = {"command": ["relion_refine"], "version": "1", "data": "2"}
    assert relion.cut_off(tmp_path, wanted) == (0.0, None)
    (tmp_path / relion.STARTED).write_text(json.dumps({**wanted, "spent": 10.0, "began": 1000.0}), encoding="utf-8")
    assert relion.cut_off(tmp_path, wanted) == (0.0, None)
    for number in (0, 1, 2):
        file = tmp_path / f"run_it{number:03d}_optimiser.star"
        file.touch()
        os.utime(file, (1100.0 + number, 1100.0 + number))
    assert relion.cut_off(tmp_path, wanted) == (112.0, tmp_path / "run_it002_optimiser.star")
    assert relion.cut_off(tmp_path, {**wanted, "data": "3"}) == (0.0, None)
