"""Measurements of benchmarks that are kept, and peers' runs that were cut off."""

from __future__ import annotations

import json
import os

import kept
from kept import Kept
from peers import relion


def test_a_case_is_measured_once_until_the_code_changes(tmp_path, monkeypatch):
    asked = []

    def measure() -> dict:
        asked.append(True)
        return {"seconds": float(len(asked))}

    first = Kept("some", [json.dumps], tmp_path).record({"seed": 1}, measure)
    assert (first["seed"], first["seconds"]) == (1, 1.0)
    assert Kept("some", [json.dumps], tmp_path).record({"seed": 1}, measure) == first
    assert Kept("some", [json.dumps], tmp_path).record({"seed": 2}, measure)["seconds"] == 2.0
    monkeypatch.setattr(kept, "source_hash", lambda *_: "changed")
    assert Kept("some", [json.dumps], tmp_path).record({"seed": 1}, measure)["seconds"] == 3.0
    assert Kept("some", [json.dumps], tmp_path).record({"seed": 1}, measure)["seconds"] == 3.0


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
